import type { PatchpanelError } from './errors.ts';

/** A request that is about to be sent; one event per attempt. */
export interface RequestEvent {
  /** The operation's name in the specification: `createPort`. */
  readonly operationId?: string;
  readonly method: string;
  /** The path with its parameters by name, for labels of metrics and spans: `/v1/networks/{networkId}/ports`. */
  readonly urlTemplate?: string;
  readonly url: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** May be added to, for `traceparent` and the like. The access token is not among them. */
  readonly headers: Headers;
  /** The body before it became JSON. */
  readonly body?: unknown;
}

/** How an attempt ended: with an answer, which has a `status`, or with an `error`; a refusal has both. */
export interface ResponseEvent {
  readonly request: RequestEvent;
  readonly durationMs: number;
  readonly status?: number;
  readonly headers?: Headers;
  /** The parsed body of the answer, if it has one. */
  readonly body?: unknown;
  readonly error?: PatchpanelError;
  /** Set when the request is sent again after so many milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * Sees every attempt of every request, for logs, metrics and traces. What a hook throws ends the call.
 *
 * ```ts
 * const hooks: RequestHooks = {
 *   onResponse: ({ request, status, durationMs }) =>
 *     console.log(`${request.method} ${request.urlTemplate} → ${status} in ${durationMs.toFixed(0)} ms`),
 * };
 * ```
 */
export interface RequestHooks {
  onRequest?(event: RequestEvent): void;
  onResponse?(event: ResponseEvent): void;
}
