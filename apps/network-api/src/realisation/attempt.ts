import { isProviderError } from '@patchpanel/provider';
import type { Logger } from '@patchpanel/service-kit';
import type { Claim } from './claims.ts';
import { noteOutcome, type OutcomeParts } from './outcomes.ts';
import type { Outcome } from './store.ts';

/** How long an attempt may take, and how long to wait after one that failed. */
export interface AttemptLimits {
  /** After so long the provider is told to stop. */
  readonly deadlineSeconds: number;
  /** And so long it is given to do so, before the attempt ends without it. */
  readonly graceSeconds: number;
  /** How long to wait after so many failures in a row. */
  readonly retrySeconds: (attempts: number) => number;
}

/** Longest reason that a network can have, and longest detail that is kept for operators, in characters. */
const longestReason = 1000;
const longestDetail = 4000;

/**
 * Has the provider do what a claim asks, outside of any transaction, and notes what became of it. The provider is told to stop
 * at the deadline, or when this process stops; a provider that does not even then is left behind, and its failure noted.
 */
export async function attempt(
  parts: OutcomeParts,
  claim: Claim,
  limits: AttemptLimits,
  logger: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const { networkId, provider, generation, attempts } = claim;
  const facts = { networkId, provider, generation, attempts, verb: claim.order.verb };
  const failure = await call(claim, limits, stopping);
  if (failure !== undefined && stopping.aborted) {
    logger.info(facts, 'left a network to another replica');
    await noteOutcome(parts, claim, { kind: 'interrupted' });
    return;
  }
  if (failure === undefined) {
    const isNoted = await noteOutcome(parts, claim, { kind: 'realised', generation });
    logger[isNoted ? 'info' : 'warn'](facts, isNoted ? 'realised a network' : overtaken);
    return;
  }
  const outcome: Outcome = {
    kind: 'failed',
    generation,
    error: failure.detail,
    retrySeconds: limits.retrySeconds(Math.max(attempts, 1)),
  };
  const isNoted = await noteOutcome(parts, claim, outcome, failure.publicReason);
  const level = failure.isExpected ? 'warn' : 'error';
  logger[level](
    { ...facts, err: failure.cause, retrySeconds: outcome.retrySeconds },
    isNoted ? 'a network could not be realised' : overtaken,
  );
}

const overtaken = 'an attempt took longer than its claim: the next one counts';

interface Failure {
  /** For the network's owner. */
  readonly publicReason: string;
  /** For operators. */
  readonly detail: string;
  readonly isExpected: boolean;
  readonly cause: unknown;
}

async function call(
  claim: Claim,
  { deadlineSeconds, graceSeconds }: AttemptLimits,
  stopping: AbortSignal,
): Promise<Failure | undefined> {
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  const signal = AbortSignal.any([deadline, stopping]);
  const { promise: abandoned, reject: abandon } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const giveGrace = () => {
    const unheard = new Error('the provider does not stop when it is told to', { cause: signal.reason });
    timer = setTimeout(() => abandon(unheard), graceSeconds * 1000);
  };
  signal.addEventListener('abort', giveGrace, { once: true });
  try {
    await Promise.race([carryOut(claim, signal), abandoned]);
    return undefined;
  } catch (error) {
    return explain(claim, error, deadline.aborted ? deadlineSeconds : undefined);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveGrace);
  }
}

/** Async, so that a provider that throws at once is a failure like any other. */
async function carryOut({ lifecycle, order }: Claim, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (order.verb === 'ensure') await lifecycle.ensure(order.state, signal);
  else await lifecycle.remove(order.network, signal);
}

function explain({ provider }: Claim, cause: unknown, lateSeconds: number | undefined): Failure {
  const detail = storable(
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
    longestDetail,
  );
  if (isProviderError(cause)) {
    return { publicReason: storable(cause.message, longestReason), detail, isExpected: true, cause };
  }
  const publicReason =
    lateSeconds === undefined
      ? `The provider ${provider} failed unexpectedly. It is tried again; the operator's log has the reason.`
      : `The provider ${provider} did not finish within ${lateSeconds} seconds. It is tried again.`;
  return { publicReason, detail, isExpected: lateSeconds !== undefined, cause };
}

/** A text of a provider's as the database and JSON take it: no NUL, no half characters, not too long. */
function storable(text: string, length: number): string {
  return text.replaceAll('\0', '').slice(0, length).toWellFormed();
}
