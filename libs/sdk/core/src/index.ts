export {
  AbortedError,
  ConnectionError,
  isProblem,
  PatchpanelError,
  ProblemError,
  RequestError,
  RequestTimeoutError,
  UnexpectedResponseError,
  type RequestSummary,
  type TransportError,
  type UnrecognisedProblem,
} from './errors.ts';
export type { RequestEvent, RequestHooks, ResponseEvent } from './hooks.ts';
export type { Operation, OperationTable } from './operations.ts';
export { paginate, type ItemList, type Page } from './paginate.ts';
export type { Problem, ProblemLocation, ProblemTable } from './problem.ts';
export { defaultRetryPolicy, type RetryPolicy } from './retry.ts';
export {
  callInit,
  deleteOnce,
  keyOf,
  matchOf,
  passErrorsOn,
  type CallOptions,
  type ChangeOptions,
  type CreateOptions,
  type ServiceOptions,
} from './service.ts';
export type { TokenProvider } from './token.ts';
export {
  createTransport,
  type ApiFacts,
  type CallInit,
  type Transport,
  type TransportOptions,
} from './transport.ts';
export { waitFor, WaitError, type Wait, type WaitOptions } from './wait-for.ts';
