import { setTimeout as delay } from 'node:timers/promises';

/** Repeats an assertion until it holds, or fails with its last complaint after the deadline. */
export async function eventually(assert: () => unknown, deadlineMs = 10_000): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    try {
      await assert();
      return;
    } catch (cause) {
      if (performance.now() >= giveUpAt) throw cause;
      await delay(5);
    }
  }
}
