import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { MachineDriver } from '../driver.ts';
import { describeDriver, machineOf } from '../driver-conformance.ts';
import {
  openSimulatedDriver,
  type SimulatedDriver,
  type SimulatedDriverOptions,
} from './simulated-driver.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'patchpanel-simulated-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(options: Omit<SimulatedDriverOptions, 'warn'>): Promise<SimulatedDriver> {
  const driver = await openSimulatedDriver({ warn: () => {}, ...options });
  cleanups.push(() => driver.close());
  return driver;
}

describeDriver('simulated', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'patchpanel-simulated-'));
  const drivers = new Map<MachineDriver, SimulatedDriver>();
  return {
    async open() {
      const driver = await openSimulatedDriver({ stateDir, warn: () => {} });
      drivers.set(driver, driver);
      return driver;
    },
    kill: (driver) => driver.close(),
    crashMachine: async (driver, instanceId) => drivers.get(driver)?.crash(instanceId),
    async clear() {
      for (const driver of drivers.values()) await driver.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
});

test('a thousand simulated machines start, and another process finds them all', async () => {
  const stateDir = await temporaryFolder();
  const driver = await open({ stateDir });
  const machines = Array.from({ length: 1000 }, (_, index) => machineOf(`m-${index}`));
  await Promise.all(machines.map((machine) => driver.prepare(machine)));
  await Promise.all(machines.map((machine) => driver.start(machine, [])));
  await driver.close();
  const heir = await open({ stateDir });
  const found = await heir.list();
  expect(found).toHaveLength(1000);
  expect(new Set(found.map(({ phase }) => phase))).toEqual(new Set(['running']));
});

test('failures come as often as asked for, and the same seed brings the same ones', async () => {
  async function failuresOf(seed: number): Promise<string[]> {
    const driver = await open({ stateDir: await temporaryFolder(), seed, failureRate: { prepare: 0.3 } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 400 }, (_, index) => driver.prepare(machineOf(`m-${index}`))),
    );
    return outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [`m-${index}`] : []));
  }
  const failures = await failuresOf(7);
  expect(failures.length).toBeGreaterThan(80);
  expect(failures.length).toBeLessThan(160);
  expect(await failuresOf(7)).toEqual(failures);
  expect(await failuresOf(8)).not.toEqual(failures);
});

test('a failed verb changes nothing and succeeds when repeated', async () => {
  const driver = await open({
    stateDir: await temporaryFolder(),
    failureRate: { start: 0.5, destroy: 0.5 },
    seed: 3,
  });
  const machine = machineOf('stubborn');
  await driver.prepare(machine);
  async function insist(act: () => Promise<void>, code: string, phase: string): Promise<void> {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      try {
        await act();
        return;
      } catch (cause) {
        expect(cause).toMatchObject({ code });
        expect(await driver.inspect('stubborn')).toMatchObject({ phase });
      }
    }
    throw new Error('it never succeeded');
  }
  await insist(() => driver.start(machine, []), 'launch-failed', 'prepared');
  await insist(() => driver.destroy('stubborn'), 'timed-out', 'running');
  expect(await driver.inspect('stubborn')).toMatchObject({ phase: 'absent' });
});

test('latency is kept, and closing cuts it short', async () => {
  const driver = await open({
    stateDir: await temporaryFolder(),
    latencyMs: { prepare: [30, 40], start: [60_000, 60_000] },
  });
  const machine = machineOf('slow');
  const before = performance.now();
  await driver.prepare(machine);
  expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  const refusal = expect(driver.start(machine, [])).rejects.toMatchObject({ code: 'closed' });
  await driver.close();
  await refusal;
});

test('a record that is torn or of another driver is set aside and reported', async () => {
  const stateDir = await temporaryFolder();
  await (await open({ stateDir })).close();
  await writeFile(join(stateDir, 'instances', 'torn.json'), '{"driver":"simu');
  await writeFile(join(stateDir, 'instances', 'other.json'), '{"driver":"netns","instanceId":"other"}');
  const warnings: string[] = [];
  const driver = await openSimulatedDriver({ stateDir, warn: (message) => warnings.push(message) });
  cleanups.push(() => driver.close());
  expect(await driver.list()).toEqual([]);
  expect(warnings).toHaveLength(2);
});
