import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Machine, MachineDriver, MachineStatus, VnicDevice } from '../driver.ts';
import { DriverError } from '../driver-error.ts';
import { InstanceRecords } from '../instance-records.ts';
import { assertNotStale, assertUsableInstanceId, machineSchema } from '../machine-schema.ts';
import { isAlive, processIdentitySchema, signalProcess } from '../process-identity.ts';
import { hostNameFor } from './host-name.ts';
import { nameInterfaces } from './interface-names.ts';
import {
  askMachineToEnd,
  endMachine,
  findMachineHolders,
  launchMachine,
  type MachineProcesses,
} from './machine-process.ts';
import { machineScript } from './machine-script.ts';
import { probeNetns } from './probe.ts';

const recordSchema = z.object({
  driver: z.literal('netns'),
  instanceId: z.string(),
  machine: machineSchema,
  /** `launching` is written before the process exists, so that a crash in between leaves no machine without a record. */
  phase: z.enum(['launching', 'prepared', 'running', 'stopped']),
  processes: z.object({ holder: processIdentitySchema, init: processIdentitySchema }).optional(),
  /** vNIC id → name inside the machine. */
  interfaceNames: z.record(z.string(), z.string()),
  reason: z.string().optional(),
});
type NetnsRecord = z.infer<typeof recordSchema>;

export interface NetnsDriverOptions {
  /** Where records, logs and the machines' script live; private to this process's user. */
  readonly stateDir: string;
  /** Told what a person should know of, for example a record that was set aside. */
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/**
 * Opens the driver whose machines are network namespaces with a process of their own: real packets within milliseconds, no
 * privileges.
 *
 * Machines of an earlier process in the same folder are adopted. Those whose launch it did not finish, and those of which the
 * record is lost, are ended; processes that merely have a recorded pid are let be. One folder serves one process: whoever
 * opens the driver holds the folder's lock.
 */
export async function openNetnsDriver(options: NetnsDriverOptions): Promise<MachineDriver> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  const scriptPath = join(options.stateDir, 'machine.sh');
  await writeFile(`${scriptPath}.tmp`, machineScript, { mode: 0o600 });
  await rename(`${scriptPath}.tmp`, scriptPath);
  const records = await InstanceRecords.open(
    join(options.stateDir, 'instances'),
    recordSchema,
    (file, cause) => options.warn('set aside a record that can not be read', { file, err: cause }),
  );
  await endUnknownMachines(records, scriptPath, options.warn);
  return new NetnsDriver(records, scriptPath);
}

class NetnsDriver implements MachineDriver {
  readonly name = 'netns';
  readonly #records: InstanceRecords<NetnsRecord>;
  readonly #scriptPath: string;
  readonly #closing = new AbortController();

  constructor(records: InstanceRecords<NetnsRecord>, scriptPath: string) {
    this.#records = records;
    this.#scriptPath = scriptPath;
  }

  probe() {
    return probeNetns();
  }

  async list(): Promise<MachineStatus[]> {
    return (await this.#records.readAll()).map(statusOf);
  }

  async inspect(instanceId: string): Promise<MachineStatus> {
    assertUsableInstanceId(instanceId);
    const record = await this.#records.read(instanceId);
    return record === undefined ? { instanceId, phase: 'absent' } : statusOf(record);
  }

  async prepare(machine: Machine): Promise<VnicDevice[]> {
    assertUsableInstanceId(machine.instanceId);
    let record = await this.#records.read(machine.instanceId);
    assertNotStale(machine, record?.machine);
    if (record !== undefined && record.machine.placement < machine.placement) {
      await this.destroy(machine.instanceId);
      record = undefined;
    }
    const alive = livingProcesses(record);
    const named = {
      driver: 'netns' as const,
      instanceId: machine.instanceId,
      machine: { ...machine, vnics: machine.vnics.map((vnic) => ({ ...vnic })) },
      interfaceNames: nameInterfaces(
        machine.vnics,
        alive === undefined ? {} : (record?.interfaceNames ?? {}),
      ),
    };
    if (record !== undefined && alive !== undefined) {
      await this.#records.write({ ...named, phase: record.phase, processes: alive });
      return devicesOf(named, alive);
    }
    const processes = await this.#launch(named);
    return devicesOf(named, processes);
  }

  async start(machine: Machine): Promise<void> {
    assertUsableInstanceId(machine.instanceId);
    const record = await this.#records.read(machine.instanceId);
    assertNotStale(machine, record?.machine);
    if (record?.machine.placement !== machine.placement || livingProcesses(record) === undefined) {
      throw new DriverError('not-prepared', `machine ${machine.instanceId} has no living process`);
    }
    if (record.phase === 'prepared') await this.#records.write({ ...record, phase: 'running' });
  }

  async stop(instanceId: string, { graceSeconds }: { readonly graceSeconds: number }): Promise<void> {
    assertUsableInstanceId(instanceId);
    const record = await this.#records.read(instanceId);
    if (record === undefined || record.phase === 'stopped') return;
    const alive = livingProcesses(record);
    if (alive !== undefined) {
      const signal = this.#closing.signal;
      if (!(await askMachineToEnd(alive, { graceSeconds, signal }))) await endMachine(alive, signal);
    }
    await this.#records.write({ ...withoutProcesses(record), phase: 'stopped' });
  }

  async destroy(instanceId: string): Promise<void> {
    assertUsableInstanceId(instanceId);
    const record = await this.#records.read(instanceId);
    if (record === undefined) return;
    if (record.processes !== undefined) await endMachine(record.processes, this.#closing.signal);
    await rm(this.#records.path(instanceId, '.log'), { force: true });
    await this.#records.remove(instanceId);
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #launch(named: Omit<NetnsRecord, 'phase' | 'processes' | 'reason'>): Promise<MachineProcesses> {
    await this.#records.write({ ...named, phase: 'launching' });
    try {
      const processes = await launchMachine({
        instanceId: named.instanceId,
        hostName: hostNameFor(named.machine),
        scriptPath: this.#scriptPath,
        logPath: this.#records.path(named.instanceId, '.log'),
        signal: this.#closing.signal,
      });
      await this.#records.write({ ...named, phase: 'prepared', processes });
      return processes;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      await this.#records.write({ ...named, phase: 'stopped', reason });
      throw cause;
    }
  }
}

/** Ends what runs this folder's script but is on no record as prepared or running. */
async function endUnknownMachines(
  records: InstanceRecords<NetnsRecord>,
  scriptPath: string,
  warn: NetnsDriverOptions['warn'],
): Promise<void> {
  const known = await records.readAll();
  const knownHolders = new Set(known.flatMap((record) => livingProcesses(record)?.holder.pid ?? []));
  for (const { instanceId, holder } of findMachineHolders(scriptPath)) {
    if (knownHolders.has(holder.pid)) continue;
    warn('ended a machine that is on no record', { instanceId, pid: holder.pid });
    signalProcess(holder, 'SIGKILL');
  }
  for (const record of known) {
    if (record.phase !== 'launching') continue;
    await records.write({ ...record, phase: 'stopped', reason: 'its launch was interrupted' });
  }
}

/** The machine's processes if they are the very ones on record and live. */
function livingProcesses(record: NetnsRecord | undefined): MachineProcesses | undefined {
  const processes = record?.processes;
  return processes !== undefined && isAlive(processes.holder) && isAlive(processes.init)
    ? processes
    : undefined;
}

function statusOf(record: NetnsRecord): MachineStatus {
  const status = { instanceId: record.instanceId, machine: record.machine };
  if (record.phase === 'prepared' || record.phase === 'running') {
    return livingProcesses(record) === undefined
      ? { ...status, phase: 'stopped', reason: 'the machine ended by itself' }
      : { ...status, phase: record.phase };
  }
  return record.reason === undefined
    ? { ...status, phase: 'stopped' }
    : { ...status, phase: 'stopped', reason: record.reason };
}

function devicesOf(
  record: Pick<NetnsRecord, 'machine' | 'interfaceNames'>,
  { holder }: MachineProcesses,
): VnicDevice[] {
  return record.machine.vnics.flatMap(({ vnicId }) => {
    const interfaceName = record.interfaceNames[vnicId];
    if (interfaceName === undefined) return [];
    const device = {
      kind: 'namespace',
      pid: holder.pid,
      startTime: String(holder.startTime),
      interfaceName,
    } as const;
    return [{ vnicId, device }];
  });
}

function withoutProcesses(record: NetnsRecord): NetnsRecord {
  const { processes: _processes, reason: _reason, ...rest } = record;
  return rest;
}
