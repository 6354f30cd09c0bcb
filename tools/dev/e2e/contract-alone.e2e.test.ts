import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Hundreds of tests, each file with a database of its own: minutes where there are few processors. */
const wholeSuiteMs = 20 * 60_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-alone-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** In a network namespace of its own, which has a loopback and on it no listener: no other service can be reached. */
const alone = 'ip link set lo up && test -z "$(ss -Htln)" && exec "$@"';

/** The environment without what the test runner around this one has set. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|PATCHPANEL_COVERAGE)/.test(name)),
  );

test.each(['compute-api', 'network-api'])(
  '%s passes its contract tests where the other service is not',
  async (app) => {
    const report = join(folder, 'report.json');
    const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'contract-pglite'];
    const words = [...vitest, `apps/${app}/`, '--reporter=json', `--outputFile=${report}`];
    await run('unshare', ['--net', 'sh', '-c', alone, 'sh', process.execPath, ...words], {
      cwd: root,
      env: environment(),
      maxBuffer: 64 * 1024 * 1024,
    });
    const { success, numPassedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
      success: boolean;
      numPassedTests: number;
    };
    expect(success).toBe(true);
    expect(numPassedTests).toBeGreaterThan(50);
  },
  wholeSuiteMs,
);
