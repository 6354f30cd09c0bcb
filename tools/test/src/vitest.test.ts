import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './root.ts';
import { readReport } from './vitest.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pp-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function report(
  success: boolean,
  ...files: { status: string; message?: string; tests: [string, string][] }[]
): string {
  const path = join(folder, 'report.json');
  const testResults = files.map(({ status, message, tests }, index) => ({
    name: join(root, `libs/x/${index}.test.ts`),
    status,
    message,
    assertionResults: tests.map(([fullName, outcome]) => ({ fullName, status: outcome })),
  }));
  writeFileSync(path, JSON.stringify({ success, testResults }));
  return path;
}

test('each test is counted, and those that failed or were skipped are named with their file', () => {
  const path = report(false, {
    status: 'failed',
    tests: [
      ['it works', 'passed'],
      ['it breaks', 'failed'],
      ['it waits', 'pending'],
      ['it comes', 'todo'],
    ],
  });
  expect(readReport('unit', path, 1)).toEqual({
    passed: 1,
    failed: ['unit: libs/x/0.test.ts › it breaks'],
    skipped: ['unit: libs/x/0.test.ts › it waits', 'unit: libs/x/0.test.ts › it comes'],
  });
});

test('a file that could not be loaded is one failure', () => {
  const path = report(false, { status: 'failed', message: 'no such module\nat …', tests: [] });
  expect(readReport('unit', path, 1).failed).toEqual(['unit: libs/x/0.test.ts: no such module']);
});

test('a run that ends badly although every test passed is one failure', () => {
  const path = report(true, { status: 'passed', tests: [['it works', 'passed']] });
  expect(readReport('unit', path, 1)).toMatchObject({ passed: 1, failed: ['unit: vitest ended with 1'] });
});

test('a run without a report is one failure', () => {
  expect(readReport('unit', join(folder, 'none.json'), 137).failed).toHaveLength(1);
});
