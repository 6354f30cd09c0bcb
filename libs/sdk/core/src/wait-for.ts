import { sleep, startDeadline } from './deadline.ts';
import { AbortedError, PatchpanelError } from './errors.ts';

/** What to wait for. */
export interface Wait<Value> {
  /** What is waited for, to complete "waiting for …": `instance web-1 to run`. */
  readonly what: string;
  /** Looks once. It should stop when the signal aborts. */
  readonly read: (signal: AbortSignal) => Promise<Value>;
  /** Whether that is what is waited for. */
  readonly until: (value: Value) => boolean;
  /** Says in a few words how things stand, for the error: `status is error: no host has room`. */
  readonly describe: (value: Value) => string;
  /** Says why it can't happen any more, if so: then there is no use in waiting on. */
  readonly hopeless?: (value: Value) => string | undefined;
}

/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds after which the wait fails; 60,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
}

/** What was waited for did not happen. `stuckAt` says how things stood when they were last looked at. */
export class WaitError extends PatchpanelError {
  override readonly name = 'WaitError';
  readonly code: 'wait-timed-out' | 'wait-hopeless';
  readonly stuckAt: string;

  constructor(code: WaitError['code'], message: string, stuckAt: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.stuckAt = stuckAt;
  }
}

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/**
 * Looks again and again, with growing pauses, until what is waited for is there, and gives it back.
 *
 * @throws {WaitError} when it did not happen in time or can't happen any more.
 *
 * ```ts
 * const port = await waitFor({
 *   what: 'the port to be active',
 *   read: (signal) => network.ports.get(portId, { signal }),
 *   until: (port) => port.status === 'active',
 *   describe: (port) => `its status is ${port.status}`,
 * }, { timeoutMs: 10_000 });
 * ```
 */
export async function waitFor<Value>(wait: Wait<Value>, options: WaitOptions = {}): Promise<Value> {
  const { timeoutMs = 60_000, signal } = options;
  const deadline = startDeadline(timeoutMs, signal);
  let stuckAt = 'nothing was seen yet';
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      const value = await wait.read(deadline.signal);
      if (wait.until(value)) return value;
      stuckAt = wait.describe(value);
      const reason = wait.hopeless?.(value);
      if (reason !== undefined) {
        throw new WaitError('wait-hopeless', `Waiting for ${wait.what} is of no use: ${reason}.`, stuckAt);
      }
      await sleep(pauseMs, deadline.signal);
    }
  } catch (error) {
    if (error instanceof WaitError) throw error;
    if (!deadline.isExpired()) throw signal?.aborted === true ? AbortedError.by(signal, error) : error;
    const seconds = (timeoutMs / 1_000).toFixed(timeoutMs < 10_000 ? 1 : 0);
    const message = `Waited ${seconds} s for ${wait.what}; when last looked at, ${stuckAt}.`;
    throw new WaitError('wait-timed-out', message, stuckAt, { cause: error });
  } finally {
    deadline.release();
  }
}
