import { attemptOnce, type Outcome } from './attempt.ts';
import { type Deadline, sleep, startDeadline } from './deadline.ts';
import { AbortedError, ConnectionError, type RequestSummary, RequestTimeoutError } from './errors.ts';
import type { RequestEvent, RequestHooks } from './hooks.ts';
import { type KnownOperation, operationFinder, type OperationTable } from './operations.ts';
import type { ProblemTable } from './problem.ts';
import { defaultRetryPolicy, isPassing, isRepeatable, retryDelayMs, type RetryPolicy } from './retry.ts';
import { readToken, type TokenProvider } from './token.ts';

/** How to talk to one API. */
export interface TransportOptions {
  /** Where the API is: `https://network.example.org`. */
  readonly url: string;
  readonly token: TokenProvider;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Milliseconds that one attempt may take; 15,000 unless given. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Milliseconds that a call may take with all its attempts and pauses; 60,000 unless given. */
  readonly timeoutMs?: number | undefined;
  readonly hooks?: RequestHooks | undefined;
  /** Another `fetch` than the global one. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** What the transport knows of an API from its specification. */
export interface ApiFacts {
  readonly operations: OperationTable;
  readonly problemCodes: ProblemTable;
}

/** `fetch`'s own options of a call, and the time that this call may take in all. */
export interface CallInit extends RequestInit {
  readonly timeoutMs?: number;
}

/** A `fetch` that authenticates, retries where that is safe, and rejects with typed errors. */
export type Transport = (url: string, init?: CallInit) => Promise<Response>;

/**
 * Makes the transport of one API, to be used as the generated client's `fetchApi`. It resolves with successful answers
 * alone, their bodies already received, and rejects with a `PatchpanelError` otherwise.
 *
 * ```ts
 * const transport = createTransport({ url, token }, { operations: networkOperations, problemCodes });
 * const api = new PortsApi(new Configuration({ basePath: url, fetchApi: transport }));
 * ```
 */
export function createTransport(options: TransportOptions, facts: ApiFacts): Transport {
  const findOperation = operationFinder(facts.operations);
  const base = options.url.replace(/\/+$/, '');

  return async (url, init = {}) => {
    const { timeoutMs = options.timeoutMs ?? 60_000, signal, ...rest } = init;
    const method = (init.method ?? 'GET').toUpperCase();
    const operation = findOperation(method, url.slice(base.length).split('?')[0] ?? '');
    const headers = new Headers(init.headers);
    if (operation?.takesIdempotencyKey === true && !headers.has('Idempotency-Key')) {
      headers.set('Idempotency-Key', newIdempotencyKey());
    }
    const deadline = startDeadline(timeoutMs, signal);
    try {
      const call = { url, method, headers, operation, init: rest, signal: signal ?? undefined, deadline };
      return await sendUntilAnswered(call, options, facts.problemCodes);
    } finally {
      deadline.release();
    }
  };
}

/** A call, whatever the number of its attempts. */
interface Call {
  readonly url: string;
  readonly method: string;
  /** Without the access token. */
  readonly headers: Headers;
  readonly operation: KnownOperation | undefined;
  readonly init: RequestInit;
  readonly signal: AbortSignal | undefined;
  readonly deadline: Deadline;
}

async function sendUntilAnswered(
  call: Call,
  options: TransportOptions,
  problemCodes: ProblemTable,
): Promise<Response> {
  const { signal, deadline } = call;
  const policy = { ...defaultRetryPolicy, ...options.retry };
  let refreshedToken: string | undefined;
  let unanswered = 0;
  for (let attempt = 1; ; attempt += 1) {
    const sofar = summarise(call, attempt - 1, unanswered);
    if (signal?.aborted === true) throw AbortedError.by(signal, undefined, sofar);
    const token = refreshedToken ?? (await askForToken(call, options.token, false, sofar)) ?? '';
    const event = describe(call, attempt);
    options.hooks?.onRequest?.(event);
    const headers = new Headers(event.headers);
    headers.set('Authorization', `Bearer ${token}`);
    const startedAt = performance.now();
    const { response, ...outcome } = await attemptOnce({
      send: options.fetch ?? fetch,
      init: { ...call.init, headers },
      timeoutMs: Math.min(options.attemptTimeoutMs ?? 15_000, deadline.remainingMs()),
      signal,
      request: summarise(call, attempt, unanswered),
      problemCodes,
    });
    if (isLost(outcome)) unanswered += 1;
    const durationMs = performance.now() - startedAt;

    let retryAfterMs = pauseBeforeRetry(call, outcome, attempt, policy);
    if (outcome.status === 401 && refreshedToken === undefined) {
      refreshedToken = await askForToken(call, options.token, true, sofar);
      if (refreshedToken !== undefined) retryAfterMs = 0;
    }
    const retrying = retryAfterMs === undefined ? {} : { retryAfterMs };
    options.hooks?.onResponse?.({ request: event, durationMs, ...outcome, ...retrying });
    if (response !== undefined) return response;
    if (retryAfterMs === undefined) throw outcome.error ?? new Error('an attempt ended with nothing');
    await sleep(retryAfterMs, signal).catch((error: unknown) => {
      throw signal === undefined
        ? error
        : AbortedError.by(signal, error, summarise(call, attempt, unanswered));
    });
  }
}

/** Whether the service may have acted although we have no answer of its: nothing came, or a gateway gave up on it. */
const isLost = ({ status }: Outcome): boolean => status === undefined || status === 502 || status === 504;

/** Asks for a token; a provider that hangs is not waited for beyond the call's deadline or its signal. */
async function askForToken(
  { signal, deadline }: Call,
  provider: TokenProvider,
  refresh: boolean,
  request: RequestSummary,
): Promise<string | undefined> {
  let end = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    end = () => {
      reject(
        signal?.aborted === true
          ? AbortedError.by(signal, undefined, request)
          : new RequestTimeoutError('No access token came in time', request),
      );
    };
  });
  deadline.signal.addEventListener('abort', end, { once: true });
  if (deadline.signal.aborted) end();
  try {
    return await Promise.race([readToken(provider, refresh), ended]);
  } finally {
    deadline.signal.removeEventListener('abort', end);
  }
}

/** How long to wait before the request is sent again; undefined when that would be unsafe, useless or too late. */
function pauseBeforeRetry(
  { method, headers, deadline }: Call,
  { status, error, headers: answered }: Outcome,
  attempt: number,
  policy: RetryPolicy,
): number | undefined {
  if (attempt >= policy.maxAttempts || !isRepeatable(method, headers)) return undefined;
  const mayPass =
    status === undefined
      ? error instanceof ConnectionError || error instanceof RequestTimeoutError
      : isPassing(status);
  if (!mayPass) return undefined;
  const pauseMs = retryDelayMs(policy, attempt, answered?.get('Retry-After') ?? null);
  return pauseMs < deadline.remainingMs() ? pauseMs : undefined;
}

function describe(call: Call, attempt: number): RequestEvent {
  const { url, method, operation, init } = call;
  const body = readBody(init.body);
  return {
    ...(operation === undefined ? {} : { operationId: operation.operationId, urlTemplate: operation.path }),
    ...(body === undefined ? {} : { body }),
    method,
    url,
    attempt,
    headers: new Headers(call.headers),
  };
}

function summarise({ url, method, operation }: Call, attempts: number, unanswered: number): RequestSummary {
  return {
    method,
    url,
    attempts,
    unanswered,
    ...(operation === undefined ? {} : { operationId: operation.operationId }),
  };
}

function readBody(body: RequestInit['body']): unknown {
  if (typeof body !== 'string') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return body; // not JSON: shown to hooks as it is
  }
}

/** 128 random bits. `crypto.randomUUID` is missing from browsers' pages without TLS. */
function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
