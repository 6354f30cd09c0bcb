/** Runs work under a title that people see. */
export type Progress = <Result>(
  title: string,
  work: (say: (detail: string) => void) => Promise<Result>,
) => Promise<Result>;

/** For tests: silence. */
export const silently: Progress = (_, work) => work(() => undefined);

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * One line per piece of work: on a terminal it turns while the work lasts, elsewhere it is printed at the end, and
 * before that once the work takes over a second.
 */
export function progressOn(out: NodeJS.WriteStream): Progress {
  return async (title, work) => {
    const startedAt = performance.now();
    const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    let detail = '';
    let ticks = 0;
    const timer = setInterval(
      () => {
        ticks += 1;
        if (out.isTTY) out.write(`\r\u001b[K  ${frames[ticks % frames.length] ?? ''} ${title}  ${seconds()}`);
        else if (ticks === 1 || ticks % 10 === 0) out.write(`  … ${title} (${seconds()})\n`);
      },
      out.isTTY ? 100 : 1000,
    );
    let mark = '✗';
    try {
      const result = await work((text) => (detail = text));
      mark = '✓';
      return result;
    } finally {
      clearInterval(timer);
      out.write(
        `${out.isTTY ? '\r\u001b[K' : ''}  ${mark} ${title.padEnd(28)} ${seconds().padStart(6)}  ${detail}\n`,
      );
    }
  };
}
