import { pause } from '../pause.ts';
import { DriverError } from './driver-error.ts';

/**
 * Looks until there is something to see.
 * @param look answers what was waited for, or undefined to be asked again.
 * @param options.what is waited for, for the error's sake: "timed out waiting until <what>".
 * @throws DriverError `timed-out` after the deadline, `closed` once the signal fires; and what `look` throws.
 */
export async function waitUntil<Seen>(
  look: () => Seen | undefined | Promise<Seen | undefined>,
  options: {
    readonly what: string;
    readonly deadlineMs: number;
    readonly everyMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Seen> {
  const giveUpAt = performance.now() + options.deadlineMs;
  for (;;) {
    if (options.signal.aborted) throw new DriverError('closed', `closed while waiting until ${options.what}`);
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() >= giveUpAt) {
      throw new DriverError('timed-out', `waited ${options.deadlineMs} ms until ${options.what}`);
    }
    await pause(options.everyMs, options.signal);
  }
}
