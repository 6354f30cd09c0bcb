import type { Problem, ProblemLocation } from './problem.ts';

/** Which request an error belongs to. */
export interface RequestSummary {
  readonly method: string;
  readonly url: string;
  /** The operation's name in the specification, such as `createPort`, where known. */
  readonly operationId?: string;
  /** How often the request was sent; 0 when it never was. */
  readonly attempts: number;
  /** How many of the attempts ended without the service's answer: what they did is not known. */
  readonly unanswered: number;
}

/**
 * What every error of this SDK is. `code` tells the kinds apart, so that a `switch` can be checked for completeness:
 * either a problem code of the API's specification or one of the codes of {@link TransportError}.
 */
export abstract class PatchpanelError extends Error {
  abstract readonly code: string;
}

/** The code of a problem that is newer than this SDK: `error.problem.code` has the name that the service gave it. */
export type UnrecognisedProblem = 'unrecognised-problem';

/**
 * The service refused, and said why.
 *
 * ```ts
 * try {
 *   await network.ports.create(networkId);
 * } catch (error) {
 *   if (isNetworkProblem(error, 'subnet-exhausted')) await network.subnets.create(networkId, { cidr: '10.1.0.0/24' });
 *   else throw error;
 * }
 * ```
 */
export class ProblemError<Code extends string = string> extends PatchpanelError {
  override readonly name = 'ProblemError';
  readonly code: Code | UnrecognisedProblem;
  readonly problem: Problem;
  readonly request: RequestSummary;

  constructor(code: Code | UnrecognisedProblem, problem: Problem, request: RequestSummary) {
    const places = (problem.errors ?? []).map(({ pointer, detail }) => `; ${pointer} ${detail}`).join('');
    super(
      `${problem.detail || problem.title}${places} (${problem.code}, ${request.method} ${pathOf(request.url)})`,
    );
    this.code = code;
    this.problem = problem;
    this.request = request;
  }

  /** The HTTP status of the answer. */
  get status(): number {
    return this.problem.status;
  }

  /** The wrong places in the request; empty for problems that are not about its form. */
  get errors(): readonly ProblemLocation[] {
    return this.problem.errors ?? [];
  }
}

/** Tells whether an error is one of the given problems, and narrows its `code` to them; without codes: any problem. */
export function isProblem(error: unknown): error is ProblemError;
export function isProblem<Code extends string>(
  error: unknown,
  ...codes: readonly Code[]
): error is ProblemError & { readonly code: Code };
export function isProblem(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof ProblemError && (codes.length === 0 || codes.some((code) => code === error.code));
}

/** No answer of the service's was had: what may have happened there is not known. */
export abstract class RequestError extends PatchpanelError {
  readonly request: RequestSummary;

  constructor(message: string, request: RequestSummary, options?: ErrorOptions) {
    super(`${message} (${request.method} ${pathOf(request.url)}, attempts: ${request.attempts})`, options);
    this.request = request;
  }
}

/** The service could not be reached, or the connection broke. */
export class ConnectionError extends RequestError {
  override readonly name = 'ConnectionError';
  readonly code = 'connection-failed';
}

/** No answer came in time. */
export class RequestTimeoutError extends RequestError {
  override readonly name = 'TimeoutError';
  readonly code = 'request-timed-out';
}

/** The caller's AbortSignal fired; `cause` is the signal's reason. */
export class AbortedError extends PatchpanelError {
  override readonly name = 'AbortError';
  readonly code = 'aborted';
  /** The request that was under way; absent when it was a pause between two. */
  readonly request?: RequestSummary;

  constructor(message: string, options: ErrorOptions & { readonly request?: RequestSummary }) {
    super(message, { cause: options.cause });
    if (options.request !== undefined) this.request = options.request;
  }

  /** The error for a signal that has fired; an AbortedError that is there already stays as it is. */
  static by(signal: AbortSignal, error?: unknown, request?: RequestSummary): AbortedError {
    if (error instanceof AbortedError) return error;
    const what = request === undefined ? 'The wait' : `${request.method} ${pathOf(request.url)}`;
    return new AbortedError(`${what} was aborted`, {
      cause: signal.reason,
      ...(request === undefined ? {} : { request }),
    });
  }
}

/** Something answered that does not speak this API: a proxy, another program on that port. */
export class UnexpectedResponseError extends RequestError {
  override readonly name = 'UnexpectedResponseError';
  readonly code = 'unexpected-response';
  readonly status: number;

  constructor(status: number, request: RequestSummary, options?: ErrorOptions) {
    super(`Something answered with HTTP status ${status} that is not the Patchpanel API`, request, options);
    this.status = status;
  }
}

/** What can go wrong between us and the service. */
export type TransportError = ConnectionError | RequestTimeoutError | AbortedError | UnexpectedResponseError;

function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '');
}
