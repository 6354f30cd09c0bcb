/** Ends waiting for something: by the caller's signal or because time is up, whichever comes first. */
export interface Deadline {
  /** Aborts with the caller's reason or when time is up. */
  readonly signal: AbortSignal;
  /** Whether it was the time that ended it. */
  isExpired(): boolean;
  /** Milliseconds left; 0 when time is up. */
  remainingMs(): number;
  /** Lets go of the timer and of the caller's signal. Call it in a `finally`. */
  release(): void;
}

/**
 * Starts a deadline. It holds on to the caller's signal only until disposed of, so that a signal that lives as long as
 * a program does not collect the leavings of every request (which `AbortSignal.any` with a timeout would do).
 */
export function startDeadline(timeoutMs: number, outer?: AbortSignal | null): Deadline {
  const controller = new AbortController();
  const endsAt = performance.now() + timeoutMs;
  let expired = false;
  const expire = (): void => {
    expired = true;
    controller.abort(new DOMException('Time is up', 'TimeoutError'));
  };
  const abort = (): void => controller.abort(outer?.reason);
  const timer = Number.isFinite(timeoutMs) ? setTimeout(expire, Math.min(timeoutMs, 2 ** 31 - 1)) : undefined;
  if (outer?.aborted === true) abort();
  else outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    isExpired: () => expired,
    remainingMs: () => Math.max(0, endsAt - performance.now()),
    release() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

/** Waits so many milliseconds. Rejects with the signal's reason as soon as the signal aborts. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return;
    }
    const abort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException(String(reason), 'AbortError');
}
