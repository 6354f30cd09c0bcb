import type { Finding, Row } from './result.ts';

/** Lines of a table: numbers to the right, the first column to the left, no wider than its content. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isText = head.map((_, column) => rows.some((row) => !/^[\d.,%×–-]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return isText[column] ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)];
}

/** The rows of a bench, for people. */
export function formatRows(rows: readonly Row[]): string[] {
  const hasProcessors = rows.some(({ processors }) => processors !== undefined);
  const head = ['operation', 'clients', 'rate/s', 'of', 'floor', 'p50 ms', 'p99 ms', 'errors'];
  return formatTable(
    hasProcessors ? [...head, 'processors busy'] : head,
    rows.map((row) => [
      row.operation,
      String(row.clients),
      formatRate(row.ratePerSecond),
      row.unit === 'requests' ? 'requests' : `${row.unit} (${formatRate(row.requestsPerSecond)} requests)`,
      row.floorRatio === null ? '–' : `${(row.floorRatio * 100).toFixed(0)}%`,
      formatMs(row.p50Ms),
      formatMs(row.p99Ms),
      formatErrors(row),
      ...(hasProcessors ? [formatProcessors(row)] : []),
    ]),
  );
}

/** What was claimed, what was seen, what was wanted, and whether it held: two lines each, as none of it is short. */
export function formatFindings(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ claim, seen, target, isHeld }) => [
    `${(isHeld === undefined ? '' : isHeld ? 'held' : 'missed').padEnd(6)}  ${claim}`,
    `        ${seen}${target === undefined ? '' : `  [target: ${target}]`}`,
  ]);
}

/** A rate with as many digits as mean something. */
export function formatRate(rate: number): string {
  return rate < 100 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en');
}

/** Milliseconds with as many digits as mean something. */
export function formatMs(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(1);
}

function formatErrors({ errors, failures }: Row): string {
  if (errors === 0) return '0';
  const kinds = [...failures].map(([what, count]) => `${count} × ${what}`);
  return `${errors} (${kinds.join(', ')})`;
}

function formatProcessors({ processors = {} }: Row): string {
  return Object.entries(processors)
    .map(([who, busy]) => `${who} ${busy.toFixed(2)}`)
    .join(', ');
}
