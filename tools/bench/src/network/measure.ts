import { runLoop, type LoopResult, type Workload } from '../load/closed-loop.ts';
import { processorSeconds } from '../machine/cpu.ts';
import type { Program } from '../machine/program.ts';
import type { Row } from '../report/result.ts';
import type { Operation } from './operations.ts';
import type { Stage } from './stage.ts';

/** What a row is measured with. */
export interface Measuring {
  readonly operation: Pick<Operation, 'name' | 'unit' | 'unitsPerStep' | 'requestsPerStep'>;
  readonly servers: readonly Program[];
  readonly clients: number;
  readonly seconds: number;
  /** Requests per second of the floor; `itself` when this is the floor. */
  readonly floorRate: number | 'itself' | undefined;
}

/** Seconds before counting begins: caches, plans and connections are then as they stay. */
export function warmUpSeconds(seconds: number): number {
  return Math.min(1, seconds / 3);
}

/** How many steps a row can take at most, for those that use something up: more than anything here can do. */
export function mostSteps(clients: number, seconds: number): number {
  const perSecond = clients === 1 ? 3_000 : 12_000;
  return Math.ceil(perSecond * (seconds + warmUpSeconds(seconds)));
}

/** Measures one row and adds it to the table. */
export async function measureRow(stage: Stage, workload: Workload, measuring: Measuring): Promise<Row> {
  const { operation, servers, clients, seconds, floorRate } = measuring;
  const { bench, postgres } = stage;
  bench.progress(`${operation.name}, ${clients} ${clients === 1 ? 'client' : 'clients'}`);
  const clock = () => ({
    at: performance.now() / 1000,
    api: servers.reduce((sum, { pid }) => sum + processorSeconds(pid), 0),
    database: processorSeconds(postgres.pid, { withChildren: true }),
    bench: processorSeconds(process.pid),
  });
  let before = clock();
  let after = before;
  const result = await runLoop(workload, {
    urls: servers.map(({ url }) => url),
    clients,
    seconds,
    warmUpSeconds: warmUpSeconds(seconds),
    signal: bench.signal,
    onWindow: (phase) => {
      if (phase === 'begin') before = clock();
      else after = clock();
    },
  });
  const elapsed = after.at - before.at;
  const row: Row = {
    ...toRow(result, measuring.operation, clients, floorRate),
    ...(bench.options.cpu && elapsed > 0
      ? {
          processors: {
            api: (after.api - before.api) / elapsed,
            db: (after.database - before.database) / elapsed,
            bench: (after.bench - before.bench) / elapsed,
          },
        }
      : {}),
  };
  bench.addRow(row);
  return row;
}

function toRow(
  { stepsPerSecond, latencies, errors }: LoopResult,
  { name, unit, unitsPerStep, requestsPerStep }: Measuring['operation'],
  clients: number,
  floorRate: Measuring['floorRate'],
): Row {
  const requestsPerSecond = stepsPerSecond * requestsPerStep;
  return {
    operation: name,
    clients,
    ratePerSecond: stepsPerSecond * unitsPerStep,
    unit,
    requestsPerSecond,
    p50Ms: latencies.percentile(0.5) ?? 0,
    p99Ms: latencies.percentile(0.99) ?? 0,
    floorRatio: ratioTo(floorRate, requestsPerSecond),
    errors: [...errors.values()].reduce((sum, count) => sum + count, 0),
    failures: errors,
  };
}

function ratioTo(floorRate: Measuring['floorRate'], requestsPerSecond: number): number | null {
  if (floorRate === undefined || floorRate === 0) return null;
  return floorRate === 'itself' ? 1 : requestsPerSecond / floorRate;
}
