import { afterEach, describe, expect, test } from 'vitest';
import type { Machine, MachineDriver } from './driver.ts';

/** One driver over one state folder, for a test. */
export interface DriverBench {
  /** Opens the driver over the bench's folder, after `kill` again. */
  open(): Promise<MachineDriver>;
  /** Ends the driver's process as `kill -9` would; machines stay. */
  kill(driver: MachineDriver): Promise<void>;
  /** Makes a running machine end by itself. */
  crashMachine(driver: MachineDriver, instanceId: string): Promise<void>;
  /** Destroys every machine and removes the folder. */
  clear(): Promise<void>;
}

export function machineOf(instanceId: string, changes: Partial<Machine> = {}): Machine {
  return {
    instanceId,
    projectId: 'project-1',
    name: `machine ${instanceId}`,
    placement: 1,
    vnics: [
      { vnicId: 'vnic-a', macAddress: '02:00:00:00:00:0a' },
      { vnicId: 'vnic-b', macAddress: '02:00:00:00:00:0b' },
    ],
    ...changes,
  };
}

/** What {@link MachineDriver} promises, asked of a real driver. */
export function describeDriver(name: string, makeBench: () => Promise<DriverBench>): void {
  describe(`the ${name} driver as a machine driver`, () => {
    const benches: DriverBench[] = [];
    afterEach(async () => {
      for (const bench of benches.splice(0)) await bench.clear();
    });
    async function openBench() {
      const bench = await makeBench();
      benches.push(bench);
      return { bench, driver: await bench.open() };
    }

    test('can run machines here', async () => {
      const { driver } = await openBench();
      expect(await driver.probe()).toEqual({ ok: true, problems: [] });
    });

    test('takes a machine through its life', async () => {
      const { driver } = await openBench();
      const machine = machineOf('life');
      expect(await driver.inspect('life')).toEqual({ instanceId: 'life', phase: 'absent' });
      const devices = await driver.prepare(machine);
      expect(devices.map(({ vnicId }) => vnicId)).toEqual(['vnic-a', 'vnic-b']);
      expect(await driver.inspect('life')).toEqual({ instanceId: 'life', phase: 'prepared', machine });
      await driver.start(machine, [{ vnicId: 'vnic-a' }, { vnicId: 'vnic-b' }]);
      expect(await driver.inspect('life')).toEqual({ instanceId: 'life', phase: 'running', machine });
      await driver.stop('life', { graceSeconds: 5 });
      expect(await driver.inspect('life')).toEqual({ instanceId: 'life', phase: 'stopped', machine });
      await driver.prepare(machine);
      await driver.start(machine, []);
      expect(await driver.inspect('life')).toMatchObject({ phase: 'running' });
      await driver.destroy('life');
      expect(await driver.inspect('life')).toEqual({ instanceId: 'life', phase: 'absent' });
      expect(await driver.list()).toEqual([]);
    });

    test('does nothing twice', async () => {
      const { driver } = await openBench();
      const machine = machineOf('twice');
      const devices = await driver.prepare(machine);
      expect(await driver.prepare(machine)).toEqual(devices);
      await driver.start(machine, []);
      await driver.start(machine, []);
      expect(await driver.prepare(machine)).toEqual(devices);
      expect(await driver.inspect('twice')).toMatchObject({ phase: 'running' });
      await driver.stop('twice', { graceSeconds: 5 });
      await driver.stop('twice', { graceSeconds: 5 });
      await driver.destroy('twice');
      await driver.destroy('twice');
      await driver.stop('twice', { graceSeconds: 5 });
    });

    test('starts nothing that is not prepared', async () => {
      const { driver } = await openBench();
      const machine = machineOf('bare');
      await expect(driver.start(machine, [])).rejects.toMatchObject({ code: 'not-prepared' });
      await driver.prepare(machine);
      await driver.stop('bare', { graceSeconds: 5 });
      await expect(driver.start(machine, [])).rejects.toMatchObject({ code: 'not-prepared' });
      await driver.prepare(machine);
      await expect(driver.start({ ...machine, placement: 2 }, [])).rejects.toMatchObject({
        code: 'not-prepared',
      });
    });

    test('refuses an id that would leave its folder', async () => {
      const { driver } = await openBench();
      for (const id of ['../escape', '', 'a/b', '.hidden']) {
        await expect(driver.prepare(machineOf(id))).rejects.toMatchObject({ code: 'invalid-machine' });
      }
    });

    test('lets a newer placement replace the machine, and refuses an older one', async () => {
      const { driver } = await openBench();
      const first = machineOf('moved', { placement: 3 });
      await driver.prepare(first);
      await driver.start(first, []);
      const second = { ...first, placement: 4 };
      await driver.prepare(second);
      expect(await driver.inspect('moved')).toEqual({
        instanceId: 'moved',
        phase: 'prepared',
        machine: second,
      });
      await expect(driver.prepare(first)).rejects.toMatchObject({ code: 'stale-placement' });
      await expect(driver.start(first, [])).rejects.toMatchObject({ code: 'stale-placement' });
      expect(await driver.inspect('moved')).toMatchObject({ phase: 'prepared', machine: { placement: 4 } });
    });

    test('takes another set of cards while the machine runs', async () => {
      const { driver } = await openBench();
      const machine = machineOf('cards');
      const before = await driver.prepare(machine);
      await driver.start(machine, []);
      const swapped = {
        ...machine,
        vnics: [...machine.vnics.slice(1), { vnicId: 'vnic-c', macAddress: '02:00:00:00:00:0c' }],
      };
      const after = await driver.prepare(swapped);
      expect(after.map(({ vnicId }) => vnicId)).toEqual(['vnic-b', 'vnic-c']);
      expect(after[0]).toEqual(before[1]);
      expect(await driver.inspect('cards')).toEqual({
        instanceId: 'cards',
        phase: 'running',
        machine: swapped,
      });
    });

    test('says that a machine ended by itself, and can bring it back', async () => {
      const { bench, driver } = await openBench();
      const machine = machineOf('dies');
      await driver.prepare(machine);
      await driver.start(machine, []);
      await bench.crashMachine(driver, 'dies');
      expect(await driver.inspect('dies')).toMatchObject({
        phase: 'stopped',
        reason: 'the machine ended by itself',
      });
      await driver.prepare(machine);
      await driver.start(machine, []);
      expect(await driver.inspect('dies')).toEqual({ instanceId: 'dies', phase: 'running', machine });
    });

    test('adopts after a crash what the process before it made', async () => {
      const { bench, driver } = await openBench();
      const [running, prepared, stopped] = [
        machineOf('running'),
        machineOf('prepared'),
        machineOf('stopped'),
      ];
      const devices = await driver.prepare(running);
      await driver.start(running, []);
      await driver.prepare(prepared);
      await driver.prepare(stopped);
      await driver.stop('stopped', { graceSeconds: 5 });
      await bench.kill(driver);

      const heir = await bench.open();
      const found = await heir.list();
      expect(found.toSorted((a, b) => a.instanceId.localeCompare(b.instanceId))).toEqual([
        { instanceId: 'prepared', phase: 'prepared', machine: prepared },
        { instanceId: 'running', phase: 'running', machine: running },
        { instanceId: 'stopped', phase: 'stopped', machine: stopped },
      ]);
      expect(await heir.prepare(running)).toEqual(devices);
      await heir.destroy('running');
      expect(await heir.inspect('running')).toMatchObject({ phase: 'absent' });
    });

    test('works on many machines at once', async () => {
      const { driver } = await openBench();
      const machines = Array.from({ length: 8 }, (_, index) => machineOf(`many-${index}`));
      await Promise.all(
        machines.map(async (machine) => {
          await driver.prepare(machine);
          await driver.start(machine, []);
        }),
      );
      expect((await driver.list()).map(({ phase }) => phase)).toEqual(machines.map(() => 'running'));
      await Promise.all(machines.map(({ instanceId }) => driver.destroy(instanceId)));
      expect(await driver.list()).toEqual([]);
    });
  });
}
