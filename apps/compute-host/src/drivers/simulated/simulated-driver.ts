import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DriverProbe, Machine, MachineDriver, MachineStatus, VnicDevice } from '../driver.ts';
import { pause } from '../../pause.ts';
import { DriverError } from '../driver-error.ts';
import { InstanceRecords } from '../instance-records.ts';
import { assertNotStale, assertUsableInstanceId, machineSchema } from '../machine-schema.ts';
import { chance } from './chance.ts';

const recordSchema = z.object({
  driver: z.literal('simulated'),
  instanceId: z.string(),
  machine: machineSchema,
  phase: z.enum(['prepared', 'running', 'stopped']),
  reason: z.string().optional(),
});
type SimulatedRecord = z.infer<typeof recordSchema>;

/** What can be slow or fail. */
export type SimulatedVerb = 'prepare' | 'start' | 'stop' | 'destroy';

export interface SimulatedDriverOptions {
  /** Where records live, so that simulated machines outlive the process as real ones do. */
  readonly stateDir: string;
  /** How long each verb takes, in milliseconds; a pair is a range. None by default. */
  readonly latencyMs?:
    Partial<Record<SimulatedVerb, readonly [least: number, most: number] | undefined>> | undefined;
  /** How often each verb fails, 0 to 1. Never by default. */
  readonly failureRate?: Partial<Record<SimulatedVerb, number | undefined>> | undefined;
  /** The same seed gives each machine the same fate. */
  readonly seed?: number | undefined;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** The simulated driver, and what only a pretended machine can be made to do. */
export interface SimulatedDriver extends MachineDriver {
  /** Ends a running machine as if it had crashed. */
  crash(instanceId: string): Promise<void>;
}

/**
 * Opens the driver whose machines are only pretended: no privileges, any operating system, thousands of them; slow and
 * failing on demand. They are held in memory, and in a folder for the next process, of
 * which one at a time may hold it.
 */
export async function openSimulatedDriver(options: SimulatedDriverOptions): Promise<SimulatedDriver> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  const records = await InstanceRecords.open(
    join(options.stateDir, 'instances'),
    recordSchema,
    (file, cause) => options.warn('set aside a record that can not be read', { file, err: cause }),
  );
  return new InMemoryMachines(records, await records.readAll(), options);
}

class InMemoryMachines implements SimulatedDriver {
  readonly name = 'simulated';
  readonly #records: InstanceRecords<SimulatedRecord>;
  readonly #machines: Map<string, SimulatedRecord>;
  readonly #options: SimulatedDriverOptions;
  readonly #closing = new AbortController();
  readonly #attempts = new Map<string, number>();

  constructor(
    records: InstanceRecords<SimulatedRecord>,
    survivors: readonly SimulatedRecord[],
    options: SimulatedDriverOptions,
  ) {
    this.#records = records;
    this.#machines = new Map(survivors.map((record) => [record.instanceId, record]));
    this.#options = options;
  }

  async probe(): Promise<DriverProbe> {
    return { ok: true, problems: [] };
  }

  async list(): Promise<MachineStatus[]> {
    return [...this.#machines.values()].map(statusOf);
  }

  async inspect(instanceId: string): Promise<MachineStatus> {
    const record = this.#machines.get(instanceId);
    return record === undefined ? { instanceId, phase: 'absent' } : statusOf(record);
  }

  async prepare(machine: Machine): Promise<VnicDevice[]> {
    assertUsableInstanceId(machine.instanceId);
    const before = this.#machines.get(machine.instanceId);
    assertNotStale(machine, before?.machine);
    const lives = before?.machine.placement === machine.placement && before.phase !== 'stopped';
    if (!lives) await this.#livePretence('prepare', machine.instanceId);
    await this.#put({
      driver: 'simulated',
      instanceId: machine.instanceId,
      machine: { ...machine, vnics: machine.vnics.map((vnic) => ({ ...vnic })) },
      phase: lives ? before.phase : 'prepared',
    });
    return machine.vnics.map(({ vnicId }) => ({ vnicId, device: { kind: 'none' } }));
  }

  async start(machine: Machine): Promise<void> {
    const record = this.#machines.get(machine.instanceId);
    assertNotStale(machine, record?.machine);
    if (
      record === undefined ||
      record.machine.placement !== machine.placement ||
      record.phase === 'stopped'
    ) {
      throw new DriverError('not-prepared', `machine ${machine.instanceId} is not prepared`);
    }
    if (record.phase === 'running') return;
    await this.#livePretence('start', machine.instanceId);
    await this.#put({ ...record, phase: 'running' });
  }

  async stop(instanceId: string): Promise<void> {
    const record = this.#machines.get(instanceId);
    if (record === undefined || record.phase === 'stopped') return;
    await this.#livePretence('stop', instanceId);
    const { reason: _reason, ...rest } = record;
    await this.#put({ ...rest, phase: 'stopped' });
  }

  async destroy(instanceId: string): Promise<void> {
    if (!this.#machines.has(instanceId)) return;
    await this.#livePretence('destroy', instanceId);
    await this.#records.remove(instanceId);
    this.#machines.delete(instanceId);
  }

  async crash(instanceId: string): Promise<void> {
    const record = this.#machines.get(instanceId);
    if (record?.phase !== 'running') return;
    await this.#put({ ...record, phase: 'stopped', reason: 'the machine ended by itself' });
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #put(record: SimulatedRecord): Promise<void> {
    await this.#records.write(record);
    this.#machines.set(record.instanceId, record);
  }

  /** Takes its time, and fails as often as asked for. */
  async #livePretence(verb: SimulatedVerb, instanceId: string): Promise<void> {
    const counter = `${verb} ${instanceId}`;
    const attempt = (this.#attempts.get(counter) ?? 0) + 1;
    this.#attempts.set(counter, attempt);
    const { seed = 0, latencyMs = {}, failureRate = {} } = this.#options;
    const [least, most] = latencyMs[verb] ?? [0, 0];
    const wait = least + (most - least) * chance(seed, 'latency', verb, instanceId, attempt);
    if (wait > 0) await pause(wait, this.#closing.signal);
    if (this.#closing.signal.aborted)
      throw new DriverError('closed', `closed during ${verb} of ${instanceId}`);
    if (chance(seed, 'failure', verb, instanceId, attempt) < (failureRate[verb] ?? 0)) {
      throw new DriverError(
        verb === 'prepare' || verb === 'start' ? 'launch-failed' : 'timed-out',
        `simulated failure: ${verb}, attempt ${attempt}`,
      );
    }
  }
}

function statusOf({ instanceId, phase, machine, reason }: SimulatedRecord): MachineStatus {
  return reason === undefined ? { instanceId, phase, machine } : { instanceId, phase, machine, reason };
}
