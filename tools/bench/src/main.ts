/**
 * The benches: `npm run bench -- SUBJECT [options]`. Each starts what it measures by itself, prints a table and removes
 * everything again. The exit code is 0 unless something could not be run; whether a target was met is in the table.
 */
import { cpus } from 'node:os';
import { makeScratch } from './machine/scratch.ts';
import { network } from './network/subject.ts';
import { readOptions, usage, UsageError, type Options } from './options.ts';
import { writeJson, type Finding, type Row } from './report/result.ts';
import { formatFindings, formatRows } from './report/table.ts';
import type { Bench, Subject } from './subject.ts';

const subjects: readonly Subject[] = [network];
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
}

const exitCode = await main().catch((error: unknown) => {
  const isOurs = error instanceof UsageError || interrupted.signal.aborted;
  console.error(
    `✗ ${isOurs || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message)}`,
  );
  return error instanceof UsageError ? 2 : 1;
});
if (exitCode !== 0) process.exitCode = exitCode;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), subjects);
  const subject = subjects.find(({ name }) => name === options.subject);
  if (options.help || !subject) {
    process.stdout.write(usage(subjects));
    return 0;
  }
  const rows: Row[] = [];
  const findings: Finding[] = [];
  const reports: { readonly title: string; readonly lines: readonly string[] }[] = [];
  try {
    await run(subject, options, { rows, findings, reports });
  } finally {
    print(subject, rows, findings, reports);
  }
  if (options.jsonFile !== undefined) writeJson(options.jsonFile, rows);
  return 0;
}

interface Collected {
  readonly rows: Row[];
  readonly findings: Finding[];
  readonly reports: { readonly title: string; readonly lines: readonly string[] }[];
}

async function run(
  subject: Subject,
  options: Options,
  { rows, findings, reports }: Collected,
): Promise<void> {
  const scratch = makeScratch();
  const ends: (() => Promise<void> | void)[] = [() => scratch.remove()];
  const startedAt = performance.now();
  const bench: Bench = {
    options,
    folder: scratch.folder,
    signal: interrupted.signal,
    isWanted: (part) => options.parts.includes(part),
    progress: (text) => {
      interrupted.signal.throwIfAborted();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      console.error(`… ${seconds.padStart(4)} s  ${text}`);
    },
    addRow: (row) => rows.push(row),
    addFinding: (finding) => findings.push(finding),
    addReport: (title, lines) => reports.push({ title, lines }),
    atEnd: (step) => ends.push(step),
  };
  try {
    await subject.run(bench);
  } finally {
    const failures: unknown[] = [];
    for (const step of ends.toReversed()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    for (const failure of failures) console.error(`✗ at the end: ${messageOf(failure)}`);
    if (failures.length > 0) process.exitCode = 1;
  }
}

function print(
  subject: Subject,
  rows: readonly Row[],
  findings: readonly Finding[],
  reports: Collected['reports'],
): void {
  if (rows.length === 0 && findings.length === 0) return;
  const [processor] = cpus();
  const machine = `${cpus().length} × ${processor?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
  console.log(`\n${subject.name}: ${subject.summary} (${machine})`);
  if (rows.length > 0) console.log(`\n${formatRows(rows).join('\n')}`);
  if (findings.length > 0) console.log(`\n${formatFindings(findings).join('\n')}`);
  for (const { title, lines } of reports) console.log(`\n${title}\n${lines.join('\n')}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
