import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { checkHistory } from './history/checker.ts';
import { tellStory } from './history/story.ts';
import { correctService, operations } from './operations/index.ts';
import type { Role } from './operations/operation.ts';
import { plans, type Plan } from './run/plan.ts';
import { carryOut } from './run/run.ts';
import { readSettings } from './run/settings.ts';
import { openEmbeddedStage, openPostgresStage, type Stage } from './run/stage.ts';

const settings = readSettings(process.env);

// Far more than it takes: a run that hangs must end, one on a busy machine need not.
vi.setConfig({ testTimeout: 300_000 + 100 * settings.operations });

const roles: readonly Role[] = [
  ...Array.from({ length: 8 }, () => 'user' as const),
  ...Array.from({ length: 3 }, () => 'agent' as const),
  'operator',
];

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

it.skipIf(settings.postgresUrl === undefined)(
  'two replicas on PostgreSQL that are killed at random do what one correct service would have done',
  async () => {
    stage = await openPostgresStage();
    await expectConsistency(stage, {
      operations: settings.operations,
      operationsPerRun: 1_000,
      killsPerRun: 5,
    });
  },
);

it('one replica on its embedded database that is killed at random does what a correct service would have done', async () => {
  stage = await openEmbeddedStage();
  const operationsInAll = Math.ceil(settings.operations / 10);
  await expectConsistency(stage, { operations: operationsInAll, operationsPerRun: 500, killsPerRun: 3 });
});

async function expectConsistency(
  on: Stage,
  size: { readonly operations: number; readonly operationsPerRun: number; readonly killsPerRun: number },
): Promise<void> {
  const { seed, path } = settings;
  console.log(`PATCHPANEL_SEED=${seed}${path === undefined ? '' : `:${path}`}`);
  const totals = {
    milliseconds: 0,
    slowest: 0,
    calls: 0,
    writes: 0,
    events: 0,
    unknownDone: 0,
    unknownUndone: 0,
  };
  let failure = '';
  const plan = plans(operations, {
    roles,
    operations: Math.min(size.operations, size.operationsPerRun),
    kills: size.killsPerRun,
  });
  const property = fc.asyncProperty(plan, async (drawn: Plan) => {
    const startedAt = performance.now();
    const { history, slowest } = await carryOut(drawn, roles, on);
    totals.milliseconds += performance.now() - startedAt;
    totals.slowest = Math.max(totals.slowest, slowest);
    const { violation, writes, unknownDone, unknownUndone } = checkHistory(history, correctService);
    totals.calls += history.calls.length;
    totals.events += history.events.length;
    totals.writes += writes;
    totals.unknownDone += unknownDone;
    totals.unknownUndone += unknownUndone;
    if (violation) failure = tellStory(history, violation);
    if (violation && settings.historyFile !== undefined)
      writeFileSync(settings.historyFile, JSON.stringify(history, undefined, 1));
    return violation === undefined;
  });
  const result = await fc.check(property, {
    seed,
    ...(path === undefined ? {} : { path }),
    numRuns: path === undefined ? Math.ceil(size.operations / size.operationsPerRun) : 1,
    endOnFailure: true,
  });
  console.log(
    `${totals.calls} calls, ${totals.writes} of them changed something, ${totals.events} events; ` +
      `${totals.unknownDone + totals.unknownUndone} calls had no answer, of which ${totals.unknownDone} were done all the same; ` +
      `${Math.round(totals.milliseconds / 1000)} s, the slowest answer took ${totals.slowest} ms`,
  );
  if (result.failed) {
    const where = `run it again with PATCHPANEL_SEED=${seed}:${result.counterexamplePath?.split(':')[0] ?? '0'}`;
    const complaints = on.replicas.complaints.map((line) => `\n  ${line}`).join('');
    throw new Error(
      `${failure || String(result.errorInstance)}\n\nWhat the replicas complained of:${complaints || ' nothing'}\n\n${where}`,
      { cause: result.errorInstance },
    );
  }
  expect(totals.writes).toBeGreaterThan(0);
}
