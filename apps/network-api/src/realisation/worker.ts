import { isDatabaseUnavailable, type Logger } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { attempt, type AttemptLimits } from './attempt.ts';
import { backoffSeconds } from './backoff.ts';
import { realisationKey } from './changes.ts';
import { claimNetworks } from './claims.ts';
import { secondsUntilDue } from './store.ts';

/** What a worker needs of the service. */
export type WorkerParts = Pick<Parts, 'database' | 'providers' | 'addressRestSeconds'>;

export interface WorkerOptions extends Partial<AttemptLimits> {
  readonly logger: Logger;
  /** At most so many networks at once. */
  readonly parallel?: number;
  /** How long others keep off a claimed network; longer than an attempt can take. */
  readonly claimSeconds?: number;
  /** It looks at least this often, whatever it hears: for what other replicas queued, or left behind. */
  readonly pollSeconds?: number;
}

/** A worker at work. */
export interface RealisationWorker {
  /** Ends it: tells providers to stop, and resolves when nothing of it runs any more. */
  readonly stop: () => Promise<void>;
}

/** After the database failed. */
const pauseSeconds = 1;

/**
 * Starts this process's worker: it claims networks whose turn it is, has their providers realise or remove them, and notes what
 * became of it. Any number of processes may have one. What a crash leaves undone is done again once its claim has run out.
 */
export function startRealisation(parts: WorkerParts, options: WorkerOptions): RealisationWorker {
  const { logger, parallel = 4, pollSeconds = 5 } = options;
  const { deadlineSeconds = 30, graceSeconds = 2, retrySeconds = backoffSeconds } = options;
  const limits = { deadlineSeconds, graceSeconds, retrySeconds };
  const claimSeconds = options.claimSeconds ?? 2 * (deadlineSeconds + graceSeconds);
  const names = parts.providers.all
    .filter(({ lifecycle }) => lifecycle !== undefined)
    .map(({ name }) => name);
  const controller = new AbortController();
  const { signal } = controller;
  const running = new Set<Promise<void>>();

  const begin = (claim: Parameters<typeof attempt>[1]) => {
    const run: Promise<void> = attempt(parts, claim, limits, logger, signal)
      .catch((error: unknown) => {
        // The claim runs out by itself, and then it is tried again.
        logger[isDatabaseUnavailable(error) ? 'warn' : 'error'](
          { err: error, networkId: claim.networkId },
          'the outcome of an attempt could not be noted',
        );
      })
      .finally(() => running.delete(run));
    running.add(run);
  };

  /** Claims what there are hands for, and gives the seconds until it is worth looking again. */
  const look = async (): Promise<number> => {
    const count = parallel - running.size;
    if (count === 0) return pollSeconds;
    const claims = await claimNetworks(parts.database, parts.providers, { count, seconds: claimSeconds });
    claims.forEach(begin);
    if (claims.length > 0) return 0;
    return Math.min((await secondsUntilDue(parts.database.knex, names)) ?? pollSeconds, pollSeconds);
  };

  const work = async () => {
    while (!signal.aborted) {
      // Subscribed before it looks: what is queued after the look wakes it.
      const subscription = parts.database.signals.subscribe([realisationKey]);
      try {
        const seconds = await look().catch((error: unknown) => {
          logger[isDatabaseUnavailable(error) ? 'warn' : 'error'](
            { err: error },
            'cannot look for networks to realise',
          );
          return pauseSeconds;
        });
        if (seconds > 0) await wait(seconds, signal, [subscription.woken, ...running]);
      } finally {
        subscription.cancel();
      }
    }
    await Promise.all(running);
  };

  const working = names.length > 0 ? work() : Promise.resolve();
  return {
    async stop() {
      controller.abort();
      await working;
    },
  };
}

async function wait(
  seconds: number,
  signal: AbortSignal,
  earlier: readonly Promise<unknown>[],
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, seconds * 1000);
  signal.addEventListener('abort', end, { once: true });
  try {
    if (!signal.aborted) await Promise.race([over, ...earlier]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
