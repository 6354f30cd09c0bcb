import { setTimeout as delay } from 'node:timers/promises';

/** Waits so long, or until the signal fires; resolves either way. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

/** Whether the signal has fired by now. (A function, as the compiler takes an earlier answer for the answer to a later question.) */
export function hasFired(signal: AbortSignal): boolean {
  return signal.aborted;
}
