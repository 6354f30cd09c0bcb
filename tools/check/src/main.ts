/**
 * `npm run check`: everything that can be said about the tree without running it, in parallel and from nx's cache
 * where nothing changed. Ends with a table; the exit code is 0 only if every step passed.
 *
 *     node tools/check/src/main.ts [step…]
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readResult, type StepResult } from './result.ts';
import { root } from './root.ts';
import { isStepName, stepNames, type StepName } from './steps.ts';

const wanted = process.argv.slice(2).filter(isStepName);
const names = wanted.length > 0 ? wanted : stepNames;
const run = randomUUID();
const startedAt = performance.now();

const nx = spawnSync(
  process.execPath,
  [
    'node_modules/nx/dist/bin/nx.js',
    'run-many',
    '--projects=patchpanel',
    `--targets=${names.join(',')}`,
    '--parallel=2',
    '--nxBail=false',
    '--outputStyle=stream',
  ],
  {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: '0' }),
      NODE_COMPILE_CACHE: join(root, '.cache', 'node'),
      NX_DAEMON: 'false',
      NX_ISOLATE_PLUGINS: 'false',
      NX_TUI: 'false',
      NX_NO_CLOUD: 'true',
      NX_INTERACTIVE: 'false',
      PATCHPANEL_CHECK_RUN: run,
    },
  },
);

const results = names.map((name) => ({ name, result: readResult(name) }));
const failed = results.filter(({ result }) => result?.isPassed !== true);
// Steps that pass are silent, so what they print is worth reading; if nx itself failed, all that it said is.
for (const { result } of results)
  if (result !== undefined && result.output !== '') console.log(result.output.trimEnd());
if (results.some(({ result }) => result === undefined)) console.log(`${nx.stdout}${nx.stderr}`.trim());

console.log();
for (const { name, result } of results) console.log(row(name, result));
console.log(
  `check: ${failed.length === 0 ? 'passed' : 'failed'} in ${seconds(performance.now() - startedAt)}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function row(name: StepName, result: StepResult | undefined): string {
  if (result === undefined) return `✗ ${name.padEnd(12)} did not run`;
  const note = result.run === run ? seconds(result.milliseconds) : 'unchanged';
  return `${result.isPassed ? '✓' : '✗'} ${name.padEnd(12)} ${note}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
