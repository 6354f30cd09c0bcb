import type { Subject } from '../subject.ts';
import { checkClient } from './client-check.ts';
import { noteMemory, watchMemory } from './memory.ts';
import { operations } from './operations.ts';
import { measureRates, replicasPart } from './rates.ts';
import { measureFill } from './scale/fill.ts';
import { measurePages } from './scale/pages.ts';
import { race } from './scale/race.ts';
import { openStage, type Stage } from './stage.ts';

/** The network service on PostgreSQL. */
export const network: Subject = {
  name: 'network',
  summary: 'network-api on a PostgreSQL with fsync, closed loop',
  parts: [...operations.map(({ name }) => name), replicasPart, 'fill', 'pages', 'race', 'memory', 'client'],
  groups: { scale: ['fill', 'pages', 'race'] },
  notQuick: ['fill', 'pages', 'client'],
  async run(bench) {
    const stage = await openStage(bench);
    bench.atEnd(() => stage.api.close());
    try {
      await runParts(stage);
    } catch (error) {
      for (const program of [stage.service, stage.floor]) {
        const complaints = bench.signal.aborted ? [] : await program.complaints();
        if (complaints.length > 0) console.error(`${program.name} said:\n${complaints.join('\n')}`);
      }
      throw error;
    }
  },
};

async function runParts(stage: Stage): Promise<void> {
  const { bench } = stage;
  if (bench.isWanted('client')) await checkClient(stage);
  await measureRates(stage);
  if (bench.isWanted('race')) await race(stage);
  if (bench.isWanted('fill')) await measureFill(stage);
  if (bench.isWanted('memory')) {
    await noteMemory(stage);
    await watchMemory(stage);
  }
  if (bench.isWanted('pages')) await measurePages(stage);
}
