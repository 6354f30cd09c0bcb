import { silentLogger } from '@patchpanel/service-kit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ComputeCallError } from './compute-service.ts';
import {
  openSimulatedDriver,
  type SimulatedDriver,
  type SimulatedDriverOptions,
} from './drivers/simulated/simulated-driver.ts';
import type { InstanceReport } from './generated/index.ts';
import { Reconciler, type ReconcilerOptions } from './reconciler.ts';
import { assignmentOf } from './testing/assignments.ts';
import { eventually } from './testing/eventually.ts';
import { FakeAgent } from './testing/fake-agent.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Host {
  readonly driver: SimulatedDriver;
  readonly reconciler: Reconciler;
  /** Ends the process that the host is, leaving its machines. */
  readonly end: () => Promise<void>;
}

/** A host with a real (simulated) driver, between an agent and a compute-api that the test plays. */
class Bench {
  readonly agent = new FakeAgent();
  readonly reports: (InstanceReport & { readonly instanceId: string })[] = [];
  /** How compute-api refuses reports for now. */
  refusal: ComputeCallError | undefined;
  readonly stateDir: string;

  constructor(stateDir: string) {
    this.stateDir = stateDir;
  }

  async startHost(
    driverOptions: Partial<SimulatedDriverOptions> = {},
    options: Partial<ReconcilerOptions> = {},
  ): Promise<Host> {
    const driver = await openSimulatedDriver({ stateDir: this.stateDir, warn: () => {}, ...driverOptions });
    const ending = new AbortController();
    const reconciler = new Reconciler({
      driver,
      agent: this.agent,
      compute: {
        reportStatus: async (instanceId, report) => {
          if (this.refusal !== undefined) throw this.refusal;
          this.reports.push({ instanceId, ...report });
        },
      },
      log: silentLogger(),
      stopGraceSeconds: 1,
      parallel: 4,
      retry: { initialMs: 5, mostMs: 20 },
      signal: ending.signal,
      ...options,
    });
    const end = async () => {
      ending.abort();
      await driver.close();
      await reconciler.settled();
    };
    cleanups.push(end);
    return { driver, reconciler, end };
  }

  statusesOf(instanceId: string): string[] {
    return this.reports.filter((report) => report.instanceId === instanceId).map(({ status }) => status);
  }

  latest(instanceId: string): InstanceReport | undefined {
    return this.reports.findLast((report) => report.instanceId === instanceId);
  }
}

async function makeBench(): Promise<Bench> {
  const stateDir = await mkdtemp(join(tmpdir(), 'patchpanel-reconciler-'));
  cleanups.push(() => rm(stateDir, { recursive: true, force: true }));
  return new Bench(stateDir);
}

test('an instance that is to run is prepared, wired with what it carries untouched, started and reported', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  const order: string[] = [];
  bench.agent.onCall = async () => {
    order.push(`wired while ${(await driver.inspect('a')).phase}`);
  };
  const networkData = ' {"opaque":  true}\n';
  reconciler.assign(
    assignmentOf('a', {
      placement: 7,
      revision: 3,
      vnics: [
        { vnicId: 'v1', macAddress: '02:00:00:00:00:01', networkData },
        { vnicId: 'v2', macAddress: '02:00:00:00:00:02' },
      ],
    }),
  );
  await reconciler.settled();
  expect(order).toEqual(['wired while prepared']);
  const common = { projectId: 'project-1', placement: 7, device: { kind: 'none' } };
  expect(bench.agent.calls).toEqual([
    {
      ensure: [
        { ...common, vnicId: 'v1', macAddress: '02:00:00:00:00:01', networkData },
        { ...common, vnicId: 'v2', macAddress: '02:00:00:00:00:02' },
      ],
    },
  ]);
  expect(await driver.inspect('a')).toMatchObject({ phase: 'running', machine: { placement: 7 } });
  expect(bench.reports).toEqual([
    { instanceId: 'a', status: 'starting', placement: 7, observedRevision: 3 },
    { instanceId: 'a', status: 'running', placement: 7, observedRevision: 3 },
  ]);
});

test('an instance without cards needs no agent', async () => {
  const bench = await makeBench();
  bench.agent.isAway = true;
  const { reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a', { vnics: [] }));
  await reconciler.settled();
  expect(bench.latest('a')).toMatchObject({ status: 'running' });
});

test('an instance is stopped, started again and removed', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  reconciler.assign(assignmentOf('a', { desired: 'stopped', revision: 2 }));
  await reconciler.settled();
  expect(await driver.inspect('a')).toMatchObject({ phase: 'stopped' });
  expect(bench.agent.wired.size).toBe(0);
  reconciler.assign(assignmentOf('a', { revision: 3 }));
  await reconciler.settled();
  expect(bench.agent.wired.size).toBe(1);
  reconciler.assign(assignmentOf('a', { desired: 'absent', revision: 4 }));
  await reconciler.settled();
  expect(await driver.list()).toEqual([]);
  expect(bench.agent.wired.size).toBe(0);
  expect(bench.agent.calls.at(-1)).toEqual({
    remove: [{ projectId: 'project-1', vnicId: 'vnic-a', placement: 1 }],
  });
  expect(bench.statusesOf('a')).toEqual([
    ...['starting', 'running', 'stopping', 'stopped', 'starting', 'running', 'deleting', 'absent'],
  ]);
  expect(bench.latest('a')).toEqual({ instanceId: 'a', status: 'absent', placement: 1, observedRevision: 4 });
});

test('an instance that never was here is reported absent or stopped all the same', async () => {
  const bench = await makeBench();
  const { reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a', { desired: 'absent' }));
  reconciler.assign(assignmentOf('b', { desired: 'stopped' }));
  await reconciler.settled();
  expect(bench.statusesOf('a')).toEqual(['absent']);
  expect(bench.statusesOf('b')).toEqual(['stopped']);
});

test("the agent's refusal becomes an error in its words, said once, and is tried again until it is wired", async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  bench.agent.refusals.set('vnic-a', { code: 'mac-mismatch', detail: 'Unplug it and plug it in again.' });
  reconciler.assign(assignmentOf('a'));
  await eventually(() => expect(bench.agent.calls.length).toBeGreaterThan(4));
  expect(bench.statusesOf('a')).toEqual(['starting', 'error']);
  expect(bench.latest('a')?.statusReason).toBe('vNIC vnic-a: Unplug it and plug it in again. (mac-mismatch)');
  expect(await driver.inspect('a')).toMatchObject({ phase: 'prepared' });
  bench.agent.refusals.clear();
  await reconciler.settled();
  expect(bench.statusesOf('a')).toEqual(['starting', 'error', 'running']);
  expect(bench.latest('a')?.statusReason).toBeUndefined();
});

test('while the agent is away or can not ask, an instance is starting, not in error', async () => {
  const bench = await makeBench();
  const { reconciler } = await bench.startHost();
  bench.agent.isAway = true;
  reconciler.assign(assignmentOf('a'));
  await eventually(() => expect(bench.latest('a')?.statusReason).toMatch(/agent gave no answer/));
  bench.agent.refusals.set('vnic-a', { code: 'network-service-unavailable', detail: 'It is away.' });
  bench.agent.isAway = false;
  await eventually(() => expect(bench.latest('a')?.statusReason).toMatch(/It is away/));
  bench.agent.refusals.clear();
  await reconciler.settled();
  expect(new Set(bench.statusesOf('a'))).toEqual(new Set(['starting', 'running']));
});

test('a machine that runs goes on running when its wiring is lost, and says so', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  bench.agent.refusals.set('vnic-a', { code: 'attachment-not-found', detail: 'It is plugged into nothing.' });
  await reconciler.lookAround();
  await eventually(() =>
    expect(bench.latest('a')).toMatchObject({
      status: 'running',
      statusReason: 'vNIC vnic-a: It is plugged into nothing. (attachment-not-found)',
    }),
  );
  expect(await driver.inspect('a')).toMatchObject({ phase: 'running' });
  bench.agent.refusals.clear();
  await reconciler.settled();
  expect(bench.latest('a')).toEqual({
    instanceId: 'a',
    status: 'running',
    placement: 1,
    observedRevision: 1,
  });
});

test('a machine that ended by itself is started again', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  await driver.crash('a');
  await reconciler.lookAround();
  await reconciler.settled();
  expect(await driver.inspect('a')).toMatchObject({ phase: 'running' });
  expect(bench.reports.slice(2)).toMatchObject([
    { status: 'starting', statusReason: 'the machine ended by itself' },
    { status: 'running' },
  ]);
});

test('looking around while the agent is away touches nothing', async () => {
  const bench = await makeBench();
  const { reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  const { length } = bench.reports;
  bench.agent.isAway = true;
  await reconciler.lookAround();
  await reconciler.settled();
  expect(bench.reports).toHaveLength(length);
});

test('a card that is taken out of the assignment is unplugged', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  const [one, two] = ['v1', 'v2'].map((vnicId) => ({ vnicId, macAddress: '02:00:00:00:00:01' }));
  if (one === undefined || two === undefined) throw new Error('two cards are needed');
  reconciler.assign(assignmentOf('a', { vnics: [one, two] }));
  await reconciler.settled();
  reconciler.assign(assignmentOf('a', { vnics: [two], revision: 2 }));
  await reconciler.settled();
  expect([...bench.agent.wired.keys()]).toEqual(['v2']);
  expect(await driver.inspect('a')).toMatchObject({ phase: 'running', machine: { vnics: [two] } });
  expect(bench.latest('a')).toMatchObject({ status: 'running', observedRevision: 2 });
});

test('a newer placement replaces the machine, and an older one never does', async () => {
  const bench = await makeBench();
  const host = await bench.startHost();
  host.reconciler.assign(assignmentOf('a', { placement: 5 }));
  await host.reconciler.settled();
  host.reconciler.assign(assignmentOf('a', { placement: 6 }));
  await host.reconciler.settled();
  expect(await host.driver.inspect('a')).toMatchObject({ phase: 'running', machine: { placement: 6 } });
  const { length } = bench.reports;
  host.reconciler.assign(assignmentOf('a', { placement: 5, desired: 'absent' }));
  await host.reconciler.settled();
  await host.end();
  // One that remembers nothing finds the newer placement in the driver's record.
  const heir = await bench.startHost();
  heir.reconciler.assign(assignmentOf('a', { placement: 5, desired: 'absent' }));
  await heir.reconciler.settled();
  expect(await heir.driver.inspect('a')).toMatchObject({ phase: 'running', machine: { placement: 6 } });
  expect(bench.agent.wired.get('vnic-a')?.placement).toBe(6);
  expect(bench.reports).toHaveLength(length);
});

test('an older placement that is told after a newer one is not even tried', async () => {
  const bench = await makeBench();
  const { reconciler } = await bench.startHost({ failureRate: { prepare: 1 } });
  reconciler.assign(assignmentOf('a', { placement: 6 }));
  await eventually(() => expect(bench.latest('a')).toMatchObject({ status: 'error' }));
  reconciler.assign(assignmentOf('a', { placement: 5, desired: 'absent' }));
  const { length } = bench.reports;
  await eventually(() => expect(bench.reports.length).toBeGreaterThan(length + 2));
  expect(new Set(bench.reports.map(({ placement }) => placement))).toEqual(new Set([6]));
});

test('what is wanted last wins, however fast it changes', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost({ latencyMs: { prepare: [5, 15], stop: [5, 15] } });
  for (let revision = 1; revision <= 20; revision += 1) {
    reconciler.assign(assignmentOf('a', { revision, desired: revision % 2 === 0 ? 'stopped' : 'running' }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await reconciler.settled();
  expect(await driver.inspect('a')).toMatchObject({ phase: 'stopped' });
  expect(bench.latest('a')).toMatchObject({ status: 'stopped', observedRevision: 20 });
});

test('many instances all come to run over a faulty driver, a few at a time and each by one pass at a time', async () => {
  const bench = await makeBench();
  const underWay = new Set<string>();
  let most = 0;
  const { driver, reconciler } = await bench.startHost({
    seed: 5,
    latencyMs: { prepare: [0, 3], start: [0, 3] },
    failureRate: { prepare: 0.3, start: 0.3 },
  });
  const prepare = driver.prepare.bind(driver);
  driver.prepare = async (machine) => {
    expect(underWay).not.toContain(machine.instanceId);
    underWay.add(machine.instanceId);
    most = Math.max(most, underWay.size);
    try {
      return await prepare(machine);
    } finally {
      underWay.delete(machine.instanceId);
    }
  };
  const ids = Array.from({ length: 200 }, (_, index) => `i-${index}`);
  await reconciler.assignAll(ids.map((id) => assignmentOf(id)));
  await reconciler.settled();
  expect((await driver.list()).filter(({ phase }) => phase === 'running')).toHaveLength(200);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
  expect(bench.reports.some(({ status }) => status === 'error')).toBe(true);
  for (const id of ids) expect(bench.latest(id)).toMatchObject({ status: 'running' });
});

test('after a restart living machines are left alone, and those without an assignment are removed', async () => {
  const bench = await makeBench();
  const host = await bench.startHost();
  await host.reconciler.assignAll([
    assignmentOf('kept', { placement: 2 }),
    assignmentOf('lost', { placement: 3 }),
  ]);
  await host.reconciler.settled();
  await host.end();
  bench.reports.length = 0;

  const heir = await bench.startHost({ failureRate: { prepare: 1, start: 1 } });
  await heir.reconciler.assignAll([assignmentOf('kept', { placement: 2 })]);
  await heir.reconciler.settled();
  expect((await heir.driver.list()).map(({ instanceId, phase }) => [instanceId, phase])).toEqual([
    ['kept', 'running'],
  ]);
  expect([...bench.agent.wired.keys()]).toEqual(['vnic-kept']);
  expect(bench.agent.calls).toContainEqual({
    remove: [{ projectId: 'project-1', vnicId: 'vnic-lost', placement: 3 }],
  });
  expect(bench.reports).toEqual([
    { instanceId: 'kept', status: 'running', placement: 2, observedRevision: 1 },
  ]);
});

test('wirings of no instance here are taken down at the start', async () => {
  const bench = await makeBench();
  const stray = assignmentOf('stray');
  await bench.agent.ensure([
    {
      projectId: stray.projectId,
      vnicId: 'vnic-stray',
      macAddress: '02:00:00:00:00:01',
      placement: 1,
      device: { kind: 'none' },
    },
  ]);
  const { reconciler } = await bench.startHost();
  await reconciler.assignAll([assignmentOf('a')]);
  await reconciler.settled();
  expect([...bench.agent.wired.keys()]).toEqual(['vnic-a']);
});

test('wirings of no instance here are taken down later when the agent is away at the start', async () => {
  const bench = await makeBench();
  const card = { projectId: 'project-1', macAddress: '02:00:00:00:00:01', placement: 1 };
  const wire = (vnicId: string) => bench.agent.ensure([{ ...card, vnicId, device: { kind: 'none' } }]);
  await wire('vnic-stray');
  bench.agent.isAway = true;
  const { reconciler } = await bench.startHost();
  await reconciler.assignAll([assignmentOf('a')]);
  reconciler.assign(assignmentOf('b'));
  await reconciler.lookAround();
  bench.agent.isAway = false;
  reconciler.retryNow();
  await reconciler.settled();
  expect(bench.agent.wired.has('vnic-stray')).toBe(true);
  await reconciler.lookAround();
  await reconciler.settled();
  expect([...bench.agent.wired.keys()].toSorted()).toEqual(['vnic-a', 'vnic-b']);
  // Once is enough: what others make later is theirs.
  await wire('vnic-later');
  await reconciler.lookAround();
  expect(bench.agent.wired.has('vnic-later')).toBe(true);
});

test('a removal that the agent interrupts keeps the record that it needs, across a restart', async () => {
  const bench = await makeBench();
  const host = await bench.startHost();
  host.reconciler.assign(assignmentOf('a', { placement: 4 }));
  await host.reconciler.settled();
  bench.agent.isAway = true;
  host.reconciler.unassign('a');
  await eventually(async () => expect(await host.driver.inspect('a')).toMatchObject({ phase: 'stopped' }));
  await host.end();

  const heir = await bench.startHost();
  await heir.reconciler.assignAll([]);
  bench.agent.isAway = false;
  heir.reconciler.retryNow();
  await heir.reconciler.settled();
  expect(await heir.driver.list()).toEqual([]);
  expect(bench.agent.wired.size).toBe(0);
  expect(bench.agent.calls.at(-1)).toEqual({
    remove: [{ projectId: 'project-1', vnicId: 'vnic-a', placement: 4 }],
  });
});

test('while compute-api is away machines come up all the same, and are reported when it is back', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  bench.refusal = new ComputeCallError('it is away', undefined);
  reconciler.assign(assignmentOf('a'));
  await eventually(async () => expect(await driver.inspect('a')).toMatchObject({ phase: 'running' }));
  bench.refusal = undefined;
  reconciler.retryNow();
  await reconciler.settled();
  expect(bench.latest('a')).toMatchObject({ status: 'running' });
});

test('an instance that compute-api no longer assigns here is removed', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  bench.refusal = new ComputeCallError('not yours', 'assignment-not-found');
  reconciler.assign(assignmentOf('a', { revision: 2 }));
  await reconciler.settled();
  expect(await driver.list()).toEqual([]);
  expect(bench.agent.wired.size).toBe(0);
});

test('a report that comes too late is let go', async () => {
  const bench = await makeBench();
  const { driver, reconciler } = await bench.startHost();
  bench.refusal = new ComputeCallError('newer is known', 'stale-placement');
  reconciler.assign(assignmentOf('a'));
  await reconciler.settled();
  expect(await driver.inspect('a')).toMatchObject({ phase: 'running' });
});

test('a failing driver is reported in its words', async () => {
  const bench = await makeBench();
  const { reconciler } = await bench.startHost({ failureRate: { prepare: 1 } });
  reconciler.assign(assignmentOf('a'));
  await eventually(() =>
    expect(bench.latest('a')).toMatchObject({
      status: 'error',
      statusReason: expect.stringMatching(/^simulated failure: prepare, attempt \d+ \(launch-failed\)$/),
    }),
  );
});
