/**
 * Shows that something is under way once it takes longer than a second: one line that updates on a terminal,
 * a plain line now and then otherwise.
 */
const plainEverySeconds = 10;

/** Seconds since `startedAt` (milliseconds, from `performance.now()`), for people: `0.4 s`, `73 s`. */
export function elapsed(startedAt) {
  const seconds = (performance.now() - startedAt) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/**
 * Runs `work` and reports on it under `title`. `detail`, if given, is asked for a few words at each tick.
 * Prints nothing at all when the work is done within a second, unless `always` is set.
 */
export async function timed(title, work, { detail = () => '', always = false } = {}) {
  const out = process.stderr;
  const startedAt = performance.now();
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    const text = `… ${title} (${[elapsed(startedAt), detail()].filter(Boolean).join(', ')})`;
    if (out.isTTY) out.write(`\r\u001b[K${text}`);
    else if (ticks === 1 || ticks % plainEverySeconds === 0) out.write(`${text}\n`);
  }, 1000);
  let mark = '✗';
  try {
    const result = await work();
    mark = '✓';
    return result;
  } finally {
    clearInterval(timer);
    if (out.isTTY && ticks > 0) out.write('\r\u001b[K');
    if (ticks > 0 || always || mark === '✗') out.write(`${mark} ${title}: ${elapsed(startedAt)}\n`);
  }
}
