import { startDeadline } from './deadline.ts';
import {
  AbortedError,
  ConnectionError,
  type PatchpanelError,
  ProblemError,
  type RequestSummary,
  RequestTimeoutError,
  UnexpectedResponseError,
} from './errors.ts';
import { type ProblemTable, readProblem } from './problem.ts';

/** How an attempt ended: with a `response`, or with an `error`; `status`, `headers` and `body` if something answered. */
export interface Outcome {
  readonly response?: Response;
  readonly error?: PatchpanelError;
  readonly status?: number;
  readonly headers?: Headers;
  readonly body?: unknown;
}

/** One attempt at a request. */
export interface Attempt {
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
  readonly init: RequestInit;
  readonly timeoutMs: number;
  /** The caller's own signal. */
  readonly signal: AbortSignal | undefined;
  readonly request: RequestSummary;
  readonly problemCodes: ProblemTable;
}

/** Sends a request once. What goes wrong is in the outcome; nothing is thrown. */
export async function attemptOnce(attempt: Attempt): Promise<Outcome> {
  const { send, init, timeoutMs, signal, request, problemCodes } = attempt;
  const deadline = startDeadline(timeoutMs, signal);
  try {
    return await receive(
      await send(request.url, { ...init, signal: deadline.signal }),
      request,
      problemCodes,
    );
  } catch (error) {
    if (signal?.aborted === true) return { error: AbortedError.by(signal, error, request) };
    if (deadline.isExpired()) {
      return { error: new RequestTimeoutError('No answer came in time', request, { cause: error }) };
    }
    return { error: new ConnectionError(describeFailure(error), request, { cause: error }) };
  } finally {
    deadline.release();
  }
}

/** Reads an answer to its end, so that a connection that breaks in the middle of a body counts as broken. */
async function receive(
  answer: Response,
  request: RequestSummary,
  problemCodes: ProblemTable,
): Promise<Outcome> {
  const { status, headers, ok } = answer;
  const text = await answer.text();
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(headers.get('Content-Type') ?? '');
  let body: unknown;
  try {
    body = text !== '' && isJson ? JSON.parse(text) : undefined;
  } catch (cause) {
    return { status, headers, error: new UnexpectedResponseError(status, request, { cause }) };
  }
  const seen = { status, headers, ...(body === undefined ? {} : { body }) };
  if (!ok) return { ...seen, error: refusal(status, body, request, problemCodes) };
  if (text !== '' && !isJson) return { ...seen, error: new UnexpectedResponseError(status, request) };
  return { ...seen, response: new Response(text === '' ? null : text, { status, headers }) };
}

function refusal(
  status: number,
  body: unknown,
  request: RequestSummary,
  problemCodes: ProblemTable,
): PatchpanelError {
  const problem = readProblem(body);
  if (problem === undefined) return new UnexpectedResponseError(status, request);
  const code = Object.hasOwn(problemCodes, problem.code) ? problem.code : 'unrecognised-problem';
  return new ProblemError(code, problem, request);
}

/** `fetch` says only "fetch failed" and hides the reason in the cause. */
function describeFailure(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return 'The service could not be reached';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return `The service could not be reached: ${cause.message || code}`;
}
