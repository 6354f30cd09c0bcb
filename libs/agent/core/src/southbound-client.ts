import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Problem, ProblemCode } from '@patchpanel/contract-network-southbound';
import { AgentApi } from './generated/apis/AgentApi.ts';
import { AttachmentsApi } from './generated/apis/AttachmentsApi.ts';
import { BindingsApi } from './generated/apis/BindingsApi.ts';
import { ChangesApi } from './generated/apis/ChangesApi.ts';
import { problemCodes } from './generated/problem-codes.ts';
import { Configuration, FetchError, ResponseError } from './generated/runtime.ts';
import {
  NetworkServiceError,
  type NetworkService,
  type NetworkServiceErrorCode,
  type Reachability,
} from './network-service.ts';
import { TokenFileError, type TokenFile } from './token-file.ts';

export interface SouthboundClientOptions {
  /** URL of the network service's southbound listener, without a path. */
  readonly url: string;
  readonly tokenFile: TokenFile;
  /** Longest wait for one answer. Default 5,000; a long poll may take its `waitSeconds` more. */
  readonly deadlineMilliseconds?: number;
}

const pageSize = 200;

/** Failures that mean that contact was lost: nobody answers. The next answer is hope for all that waits. */
const lost: ReadonlySet<NetworkServiceErrorCode> = new Set<NetworkServiceErrorCode>([
  'unreachable',
  'service-unavailable',
]);

/** Failures after which the service does not count as reachable: it can't, or won't, do anything for this agent. */
const fruitless: ReadonlySet<NetworkServiceErrorCode> = new Set<NetworkServiceErrorCode>([
  'unreachable',
  'service-unavailable',
  'internal-error',
  'unauthenticated',
  'forbidden',
]);

/**
 * The credentialed client of the network service, around the generated one: deadlines, a second try after a broken connection,
 * problems as errors with codes.
 */
export function createSouthboundClient(options: SouthboundClientOptions): NetworkService {
  const deadlineMilliseconds = options.deadlineMilliseconds ?? 5_000;
  const configuration = new Configuration({
    basePath: options.url.replace(/\/+$/, ''),
    accessToken: () => options.tokenFile.token(),
  });
  const agent = new AgentApi(configuration);
  const attachments = new AttachmentsApi(configuration);
  const bindings = new BindingsApi(configuration);
  const feed = new ChangesApi(configuration);
  const contact = new Contact();

  /** Only a connection that could not be made or broke is tried again here: the callers decide on all else. */
  const brokenConnection = retry(
    handleWhen((error) => error instanceof FetchError && !isAbort(error.cause)),
    { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 400 }) },
  );

  async function call<Answer>(
    signal: AbortSignal,
    send: (init: RequestInit) => Promise<Answer>,
    extraMilliseconds = 0,
  ): Promise<Answer> {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(deadlineMilliseconds + extraMilliseconds);
    const either = AbortSignal.any([signal, deadline]);
    try {
      // Redirects are errors: the token goes to the configured address and nowhere else.
      const answer = await brokenConnection.execute(
        () => send({ signal: either, redirect: 'error' }),
        either,
      );
      contact.made();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const failure = deadline.aborted
        ? new NetworkServiceError('unreachable', 'The network service did not answer in time.', {
            cause: error,
          })
        : await explain(error);
      if (fruitless.has(failure.code)) contact.failed({ isLost: lost.has(failure.code) });
      else contact.made();
      throw failure;
    }
  }

  return {
    reportAgent: (agentReport, signal) => call(signal, (init) => agent.reportAgent({ agentReport }, init)),
    reportHoldings: (holdingsReport, signal) =>
      call(signal, (init) => agent.reportHoldings({ holdingsReport }, init)),
    claim: (bindingClaim, signal) => call(signal, (init) => bindings.claimBinding({ bindingClaim }, init)),
    resolve: (key, signal) => call(signal, (init) => attachments.resolveAttachment({ ...key }, init)),
    getBinding: (bindingId, signal) => call(signal, (init) => bindings.getBinding({ bindingId }, init)),
    listBindings: (pageToken, signal) =>
      call(signal, (init) =>
        bindings.listBindings({ limit: pageSize, ...(pageToken === undefined ? {} : { pageToken }) }, init),
      ),
    report: (bindingId, bindingReport, signal) =>
      call(signal, (init) => bindings.reportBindingStatus({ bindingId, bindingReport }, init)),
    release: (bindingId, placement, signal) =>
      call(signal, (init) => bindings.releaseBinding({ bindingId, placement }, init)),
    changes: (cursor, waitSeconds, signal) =>
      call(
        signal,
        (init) => feed.followChanges({ cursor, waitSeconds, limit: pageSize }, init),
        waitSeconds * 1000,
      ),
    reachability: () => contact.reachability(),
    onReachable: (listener) => contact.onReachable(listener),
  };
}

/** Remembers whether calls go through. */
class Contact {
  readonly #listeners: (() => void)[] = [];
  #state: Reachability['state'] = 'unknown';
  #lastAt: Date | undefined;
  #isLost = true;

  made(): void {
    const wasLost = this.#isLost;
    this.#isLost = false;
    this.#state = 'reachable';
    this.#lastAt = new Date();
    if (wasLost) for (const listener of this.#listeners) listener();
  }

  /** A service that answers, but refuses, was not lost: what it takes again is no sign that it takes all else. */
  failed({ isLost }: { readonly isLost: boolean }): void {
    this.#state = 'unreachable';
    this.#isLost ||= isLost;
  }

  reachability(): Reachability {
    return { state: this.#state, ...(this.#lastAt === undefined ? {} : { lastContactAt: this.#lastAt }) };
  }

  onReachable(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

async function explain(error: unknown): Promise<NetworkServiceError> {
  if (error instanceof NetworkServiceError) return error;
  if (error instanceof ResponseError) return explainResponse(error);
  if (error instanceof TokenFileError) {
    return new NetworkServiceError('unauthenticated', error.message, { cause: error });
  }
  const cause = error instanceof FetchError ? error.cause : error;
  return new NetworkServiceError('unreachable', `The network service can't be reached: ${reasonOf(cause)}.`, {
    cause: error,
  });
}

async function explainResponse(error: ResponseError): Promise<NetworkServiceError> {
  const { response } = error;
  const problem = await readProblem(response);
  if (problem !== undefined && isKnownCode(problem.code)) {
    return new NetworkServiceError(problem.code, problem.detail, { cause: error });
  }
  // A gateway in between, a newer service, or no network service at all.
  return new NetworkServiceError(
    response.status >= 500 ? 'service-unavailable' : 'unreachable',
    `The network service answered with status ${response.status} and no problem that is known here.`,
    { cause: error },
  );
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  try {
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null) return undefined;
    if (!('code' in body) || !('detail' in body)) return undefined;
    return typeof body.code === 'string' && typeof body.detail === 'string' ? (body as Problem) : undefined;
  } catch {
    return undefined; // no JSON, or cut short: the status has to do
  }
}

function isKnownCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

/** The innermost reason: fetch says only "fetch failed", and the socket's error is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error && error.message === '' ? String(error.code) : error.message;
}
