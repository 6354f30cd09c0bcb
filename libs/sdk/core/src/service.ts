import { ProblemError } from './errors.ts';
import type { CallInit, TransportOptions } from './transport.ts';

/** How to talk to one service. All but `url` and `token` have good defaults. */
export type ServiceOptions = TransportOptions;

/** What any single call may be given. */
export interface CallOptions {
  /** Ends the call at once: its attempts, its pauses, its pages. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the call may take in all, instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** A call that makes something. */
export interface CreateOptions extends CallOptions {
  /** A key of your own, to continue a create after your program has crashed; otherwise the SDK makes one per call. */
  readonly idempotencyKey?: string | undefined;
}

/** A call that changes or deletes something. */
export interface ChangeOptions extends CallOptions {
  /** Act only when the resource is still at this revision. */
  readonly ifRevision?: number | undefined;
}

/** The options of a call in the form that the generated client passes on to the transport. */
export function callInit({ signal, timeoutMs }: CallOptions): CallInit {
  return { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

/** The idempotency key in the form of the generated client's parameters. */
export function keyOf({ idempotencyKey }: CreateOptions): { idempotencyKey?: string } {
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}

/** The revision in the form of the generated client's parameters. */
export function matchOf({ ifRevision }: ChangeOptions): { ifMatch?: string } {
  return ifRevision === undefined ? {} : { ifMatch: `"${ifRevision}"` };
}

/**
 * What the generated client's `Configuration` takes beside `basePath` and `fetchApi`: it would wrap the transport's
 * errors in one of its own; this passes them on as they are.
 */
export const passErrorsOn = {
  onError: ({ error }: { readonly error: unknown }): Promise<void> =>
    Promise.reject(error instanceof Error ? error : new Error(String(error))),
};

/**
 * Sends a delete. When the answer to an attempt was lost and a further one says that there is nothing to delete, then the
 * lost one did its work. After attempts that were refused (an old token, no room) it is an error like any other.
 */
export async function deleteOnce(send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    const isGone = error instanceof ProblemError && error.status === 404 && error.request.unanswered > 0;
    if (!isGone) throw error;
  }
}
