import { randomUUID } from 'node:crypto';
import type { Workload } from '../load/closed-loop.ts';
import { runLoop } from '../load/closed-loop.ts';
import type { Row } from '../report/result.ts';
import { measureRow, mostSteps } from './measure.ts';
import { operations, type Operation } from './operations.ts';
import type { Stage } from './stage.ts';
import { judgeRates } from './targets.ts';

/** The name of the part with two replicas. */
export const replicasPart = 'createPort x2 replicas';

/** The table: every operation that is wanted, at each number of clients, beside the floor. */
export async function measureRates(stage: Stage): Promise<void> {
  const { bench, service } = stage;
  const { clients: counts, seconds } = bench.options;
  const wanted = operations.filter(({ name }) => bench.isWanted(name));
  const withReplicas = bench.isWanted(replicasPart);
  if (wanted.length === 0 && !withReplicas) return;
  await warmUp(stage);
  const floors = new Map<string, number>();
  for (const name of ['floor POST', 'floor GET'] as const) {
    if (!wanted.some(({ floor }) => floor === name) && !(withReplicas && name === 'floor POST')) continue;
    for (const clients of counts) {
      const row = await measureRow(stage, floorWorkload(stage, name), {
        operation: { name, unit: 'requests', unitsPerStep: 1, requestsPerStep: 1 },
        servers: [stage.floor],
        clients,
        seconds,
        floorRate: 'itself',
      });
      floors.set(`${name} ${clients}`, row.requestsPerSecond);
    }
  }
  const rows: Row[] = [];
  for (const operation of wanted) {
    for (const clients of counts) {
      const workload = await operation.prepare(stage, { clients, steps: mostSteps(clients, seconds) });
      rows.push(
        await measureRow(stage, workload, {
          operation,
          servers: [service],
          clients,
          seconds,
          floorRate: floors.get(`${operation.floor} ${clients}`),
        }),
      );
    }
  }
  if (withReplicas) rows.push(...(await measureReplicas(stage, floors)));
  if (rows.some(({ failures }) => [...failures.keys()].some((what) => !what.startsWith('4')))) {
    bench.addReport('What network-api said of the errors', await service.complaints());
  }
  for (const finding of judgeRates(rows)) bench.addFinding(finding);
}

/** Two replicas on one database and the same processors; clients are shared out evenly. */
async function measureReplicas(stage: Stage, floors: ReadonlyMap<string, number>): Promise<Row[]> {
  const { bench, service } = stage;
  const { seconds } = bench.options;
  const createPort = operations.find(({ name }) => name === 'createPort');
  if (!createPort) throw new Error('createPort is not measured any more');
  const second = await stage.startReplica('network-api-2');
  try {
    await warmUpWith(stage, second.url);
    const rows: Row[] = [];
    for (const clients of bench.options.clients.filter((count) => count > 1)) {
      const workload = await createPort.prepare(stage, { clients, steps: mostSteps(clients, seconds) });
      rows.push(
        await measureRow(stage, workload, {
          operation: { ...createPort, name: replicasPart },
          servers: [service, second],
          clients,
          seconds,
          floorRate: floors.get(`floor POST ${clients}`),
        }),
      );
    }
    return rows;
  } finally {
    await second.stop();
  }
}

function floorWorkload({ request }: Stage, name: Operation['floor']): Workload {
  const text =
    name === 'floor POST'
      ? request('POST', `/v1/networks/${randomUUID()}/ports`, { name: 'web-1' })
      : request('GET', `/v1/ports/${randomUUID()}`);
  return { step: (_, send) => send(text) };
}

/** A service that has just started runs unoptimised code: give service and floor a while first. */
async function warmUp(stage: Stage): Promise<void> {
  stage.bench.progress('warming up');
  await warmUpWith(stage, stage.service.url);
  const { bench, floor } = stage;
  for (const name of ['floor POST', 'floor GET'] as const) {
    await runLoop(floorWorkload(stage, name), {
      urls: [floor.url],
      clients: 8,
      seconds: bench.options.quick ? 0.5 : 1,
      warmUpSeconds: 0,
      signal: bench.signal,
    });
  }
}

async function warmUpWith(stage: Stage, url: string): Promise<void> {
  const { bench } = stage;
  for (const name of ['createPort', 'getPort']) {
    const operation = operations.find((candidate) => candidate.name === name);
    if (!operation) continue;
    await runLoop(await operation.prepare(stage, { clients: 8, steps: 0 }), {
      urls: [url],
      clients: 8,
      seconds: bench.options.quick ? 0.5 : 1,
      warmUpSeconds: 0,
      signal: bench.signal,
    });
  }
}
