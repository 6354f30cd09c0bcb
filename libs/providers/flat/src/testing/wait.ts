import { setTimeout as delay } from 'node:timers/promises';

/** Waits until something holds; fails after the deadline, naming what was waited for. */
export async function waitFor(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMilliseconds = 5000,
): Promise<void> {
  const deadline = performance.now() + deadlineMilliseconds;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`waited ${deadlineMilliseconds} ms in vain for ${what}`);
    await delay(10);
  }
}
