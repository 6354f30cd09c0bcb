import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './root.ts';
import type { Outcome } from './tally.ts';

/** The parts that we read of vitest's JSON report. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** What a vitest run found, from its JSON report and exit code: a run that breaks off counts as a failure too. */
export function readReport(phase: string, file: string, exitCode: number): Outcome {
  if (!existsSync(file))
    return { passed: 0, failed: [`${phase}: vitest ended with ${exitCode} and no report`], skipped: [] };
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName }) => ({
      status,
      title: `${phase}: ${relative(root, name)} › ${fullName}`,
    })),
  );
  const titled = (wanted: (status: string) => boolean) =>
    tests.filter(({ status }) => wanted(status)).map(({ title }) => title);
  const failed = titled((status) => status === 'failed');
  // A file that can't be loaded, or whose hooks fail, fails without any single test of its own failing.
  const failedFiles = report.testResults
    .filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((it) => it.status !== 'failed'),
    )
    .map(({ name, message }) => `${phase}: ${relative(root, name)}: ${message?.split('\n')[0] ?? 'failed'}`);
  const everything = [...failed, ...failedFiles];
  if (everything.length === 0 && (exitCode !== 0 || !report.success))
    everything.push(`${phase}: vitest ended with ${exitCode}`);
  return {
    passed: titled((status) => status === 'passed').length,
    failed: everything,
    skipped: titled((status) => status !== 'passed' && status !== 'failed'),
  };
}
