import type { Response } from 'express';

/** A reader that takes nothing for so long has gone without saying so, or might as well have. */
const patienceMs = 30_000;

/**
 * Sends text as it comes and ends the answer when it ends. The next piece is asked for only when the reader has room: what a
 * slow reader has not taken waits where it comes from, not in memory. One that takes nothing for half a minute is cut off.
 */
export async function sendStream(
  response: Response,
  text: AsyncIterable<string>,
  options: { readonly patienceMs?: number } = {},
): Promise<void> {
  response.flushHeaders();
  for await (const piece of text) {
    if (response.destroyed) return;
    if (!response.write(piece) && !(await hasDrained(response, options.patienceMs ?? patienceMs))) {
      response.destroy();
      return;
    }
  }
  response.end();
}

/** Whether the reader took what was written, in time. */
async function hasDrained(response: Response, withinMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const drained = () => resolve(true);
  const gone = () => resolve(false);
  const timer = setTimeout(gone, withinMs);
  response.once('drain', drained).once('close', gone);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    response.off('drain', drained).off('close', gone);
  }
}
