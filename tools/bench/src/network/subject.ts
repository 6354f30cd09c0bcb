import type { Subject } from '../subject.ts';
import { operations } from './operations.ts';
import { measureRates, replicasPart } from './rates.ts';
import { openStage } from './stage.ts';

/** The network service on PostgreSQL. */
export const network: Subject = {
  name: 'network',
  summary: 'network-api on a PostgreSQL with fsync, closed loop',
  parts: [...operations.map(({ name }) => name), replicasPart],
  async run(bench) {
    const stage = await openStage(bench);
    bench.atEnd(() => stage.api.close());
    await measureRates(stage);
  },
};
