/** Runs one step of the check and leaves its result for the table: `node tools/check/src/step.ts <step>`. */
import { spawnSync } from 'node:child_process';
import { forgetResult, writeResult } from './result.ts';
import { root } from './root.ts';
import { isStepName, stepNames, steps } from './steps.ts';

const name = process.argv[2] ?? '';
if (!isStepName(name)) throw new Error(`no step ${name}: there are ${stepNames.join(', ')}`);
forgetResult(name);
const startedAt = performance.now();
const { status, stdout, stderr } = spawnSync(process.execPath, steps[name], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
writeResult(name, {
  run: process.env['PATCHPANEL_CHECK_RUN'] ?? '',
  isPassed: status === 0,
  milliseconds: performance.now() - startedAt,
  output: status === 0 ? '' : `${stdout}${stderr}`,
});
process.exitCode = status ?? 1;
