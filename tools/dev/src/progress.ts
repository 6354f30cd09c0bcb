/** Runs work under a title that people see. */
export type Progress = <Result>(
  title: string,
  work: (say: (detail: string) => void) => Promise<Result>,
) => Promise<Result>;

/** For tests: silence. */
export const silently: Progress = (_, work) => work(() => undefined);

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const clearLine = '\r\u001b[K';

/**
 * One line per piece of work when it is done. Until then all that is under way shares one turning line on a terminal;
 * elsewhere a line is printed once something takes over a second, and every ten seconds after that.
 *
 * @param quick whether work that takes less than a second is worth a line.
 */
export function progressOn(out: NodeJS.WriteStream, { quick = true } = {}): Progress {
  const underWay = new Map<string, number>();
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    ticks += 1;
    const parts = [...underWay].map(([title, startedAt]) => `${title} ${secondsSince(startedAt)}`);
    if (out.isTTY) out.write(`${clearLine}  ${frames[ticks % frames.length] ?? ''} ${parts.join(' · ')}`);
    else if (ticks % 10 === 1) out.write(`  … ${parts.join(' · ')}\n`);
  };
  return async (title, work) => {
    const startedAt = performance.now();
    let detail = '';
    let mark = '✗';
    underWay.set(title, startedAt);
    timer ??= setInterval(tick, out.isTTY ? 100 : 1000);
    try {
      const result = await work((text) => (detail = text));
      mark = '✓';
      return result;
    } finally {
      underWay.delete(title);
      if (underWay.size === 0) {
        clearInterval(timer);
        timer = undefined;
        ticks = 0;
      }
      if (out.isTTY) out.write(clearLine);
      if (quick || mark === '✗' || performance.now() - startedAt > 1000) {
        const line = `  ${mark} ${title.padEnd(28)} ${secondsSince(startedAt).padStart(6)}  ${detail}`;
        out.write(`${line.trimEnd()}\n`);
      }
    }
  };
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
