import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks every few milliseconds until there is something to see, and gives it back.
 * Throws, with what `what` names, when that takes longer than allowed.
 */
export async function until<Value>(
  what: string,
  look: () => Value | undefined | Promise<Value | undefined>,
  { timeoutMs, everyMs = 25 }: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<Value> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > endsAt) {
      throw new Error(`${what}: did not happen within ${timeoutMs / 1000} s`);
    }
    await pause(everyMs);
  }
}
