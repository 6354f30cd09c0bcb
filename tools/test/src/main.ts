/**
 * `npm test`: every phase, each announced with its time, on a PostgreSQL of its own, with a look at what was left behind
 * at the end. The last line of output is exactly `N passed, N failed` (`, N skipped` if any).
 *
 *     node tools/test/src/main.ts [--only phase,…] [path…]
 */
import { findTraces, type Traces } from './leaks.ts';
import { readOptions } from './options.ts';
import type { Phase } from './phases.ts';
import { openRun, type Run } from './run.ts';
import { isGood, lastLine, oneFailed, onePassed, oneSkipped, sum, type Outcome } from './tally.ts';

const isCi = (process.env['CI'] ?? '') !== '';
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

const startedAt = performance.now();
const outcome = await runTests();
console.log(`\nall in ${seconds(startedAt)}`);
for (const name of outcome.skipped) console.log(`skipped: ${name}`);
for (const name of outcome.failed) console.log(`failed: ${name}`);
process.exitCode = isGood(outcome) ? 0 : 1;
console.log(lastLine(outcome));

async function runTests(): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  let run: Run | undefined;
  try {
    const { chosen, paths } = readOptions(process.argv.slice(2));
    const withTests = chosen.some(({ takesPaths }) => takesPaths);
    run = await timed('prepare', () => openRun(paths, interruption.signal, { withPostgres: withTests }));
    const before = findTraces(run);
    for (const phase of chosen) outcomes.push(await runPhase(phase, run));
    if (withTests && sum(outcomes).passed + sum(outcomes).failed.length === 0) {
      outcomes.push(oneFailed('no test ran'));
    }
    if (withTests) outcomes.push(checkLeaks(run, before));
  } catch (error) {
    // An interrupted or broken run is a failed one, and still ends tidily.
    outcomes.push(oneFailed(error instanceof Error ? error.message : String(error)));
  }
  try {
    await run?.close();
  } catch (error) {
    outcomes.push(oneFailed(`tidying up: ${error instanceof Error ? error.message : String(error)}`));
  }
  return sum(outcomes);
}

async function runPhase(phase: Phase, run: Run): Promise<Outcome> {
  const obstacle = phase.obstacle?.();
  if (obstacle !== undefined) {
    const name = `${phase.title} (${obstacle})`;
    console.log(`\n── ${name}: ${isCi ? 'must run in CI' : 'skipped'}`);
    return isCi ? oneFailed(name) : oneSkipped(name);
  }
  return await timed(phase.title, () => phase.run(run), lastLine);
}

async function timed<T>(title: string, work: () => Promise<T>, describe?: (result: T) => string): Promise<T> {
  const phaseStartedAt = performance.now();
  console.log(`\n── ${title}`);
  const result = await work();
  console.log(`── ${title}: ${[describe?.(result), seconds(phaseStartedAt)].filter(Boolean).join(' in ')}`);
  return result;
}

function checkLeaks(run: Run, before: Traces): Outcome {
  const now = findTraces(run);
  const left = [...now.own].filter((trace) => !before.own.has(trace));
  const unknown = [...now.unknown].filter((trace) => !before.unknown.has(trace));
  console.log(`\n── leaks: ${left.length === 0 ? 'nothing was left behind' : 'left behind:'}`);
  for (const trace of left) console.log(`  ${trace}`);
  if (unknown.length > 0)
    console.log(`  new here, without this run's mark, so not counted: ${unknown.join(', ')}`);
  return left.length === 0 ? onePassed : oneFailed('the tests leave nothing behind');
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
