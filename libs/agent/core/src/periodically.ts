import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does something again and again until the signal is aborted, with waits of the interval ± 20 %, so that the agents of many
 * hosts do not do it at the same moment. Never rejects; `work` handles its own failures.
 */
export async function everySoOften(
  intervalSeconds: number,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const wait = intervalSeconds * 1000 * (0.8 + 0.4 * Math.random());
    await delay(wait, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}
