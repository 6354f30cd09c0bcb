import type { NetworkAgent } from '@patchpanel/agent-api';
import type { EnsureItem, RemoveItem, WiringProblemCode, WiringResult } from '@patchpanel/contract-agent';
import type { Assignment, InstanceReport } from './generated/index.ts';
import type { Machine, MachineDriver, MachineStatus, WiredVnic } from './drivers/driver.ts';

/** An instance and what it is to be on this host; without an assignment it has no business here. */
export interface WantedInstance {
  readonly instanceId: string;
  readonly assignment?: Assignment;
}

/** How a machine stands, for compute-api; what is the same each time is added by the caller. */
export type Standing = Pick<InstanceReport, 'status' | 'statusReason'>;

/**
 * What came of one pass.
 * - `settled`: all is as wanted; the standing is to be reported.
 * - `unsettled`: it is not; the standing says why; to be tried again.
 * - `gone`: nothing is left of the instance here; to be reported if it was assigned, and forgotten.
 * - `obsolete`: a newer placement is known here; nothing was done.
 */
export type PassOutcome =
  | { readonly kind: 'settled' | 'unsettled' | 'gone'; readonly standing: Standing }
  | { readonly kind: 'obsolete' };

export interface InstanceTools {
  readonly driver: MachineDriver;
  readonly agent: NetworkAgent;
  readonly stopGraceSeconds: number;
  /** Told of each step that takes time, before it. */
  readonly onStep: (standing: Standing) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * One pass from how things are to how they are wanted: reads what is, does what is missing, in an order in which a crash after
 * any step is mended by the next pass.
 * @throws DriverError, AgentCallError
 */
export async function reconcileInstance(wanted: WantedInstance, tools: InstanceTools): Promise<PassOutcome> {
  const status = await tools.driver.inspect(wanted.instanceId);
  const { assignment } = wanted;
  const recorded = status.machine?.placement ?? 0;
  if (assignment !== undefined && recorded > assignment.placement) return { kind: 'obsolete' };
  if (assignment === undefined || assignment.desired === 'absent') return remove(wanted, status, tools);
  return assignment.desired === 'running' ? run(assignment, status, tools) : stop(assignment, status, tools);
}

async function run(
  assignment: Assignment,
  status: MachineStatus,
  tools: InstanceTools,
): Promise<PassOutcome> {
  const machine = machineOf(assignment);
  const isRunning = status.phase === 'running' && status.machine?.placement === machine.placement;
  if (!isRunning) await tools.onStep({ status: 'starting', ...reasonOf(status) });
  // Before `prepare`, which makes the record forget them.
  const left = await removeWirings(cardsNotIn(status.machine, machine), tools);
  if (left.length > 0) {
    return {
      kind: 'unsettled',
      standing: { status: isRunning ? 'running' : 'starting', statusReason: explain(left) },
    };
  }
  const devices = await tools.driver.prepare(machine);
  const cards = new Map(assignment.vnics.map((vnic) => [vnic.vnicId, vnic]));
  const items = devices.flatMap(({ vnicId, device }): EnsureItem[] => {
    const card = cards.get(vnicId);
    if (card === undefined) return [];
    const { projectId, placement } = assignment;
    const opaque = card.networkData === undefined ? {} : { networkData: card.networkData };
    return [{ projectId, vnicId, macAddress: card.macAddress, placement, device, ...opaque }];
  });
  const results = items.length === 0 ? [] : await tools.agent.ensure(items, tools.signal);
  const unwired = results.filter(({ status: wiring }) => wiring !== 'active');
  if (unwired.length > 0) {
    // A machine that runs goes on running: its other cards may be fine, and the agent may get there by itself.
    const failing = isRunning ? 'running' : unwired.every(isPassing) ? 'starting' : 'error';
    return { kind: 'unsettled', standing: { status: failing, statusReason: explain(unwired) } };
  }
  await tools.driver.start(machine, results.map(wiredOf));
  return { kind: 'settled', standing: { status: 'running' } };
}

async function stop(
  assignment: Assignment,
  status: MachineStatus,
  tools: InstanceTools,
): Promise<PassOutcome> {
  if (status.phase === 'running' || status.phase === 'prepared') await tools.onStep({ status: 'stopping' });
  await tools.driver.stop(assignment.instanceId, { graceSeconds: tools.stopGraceSeconds });
  const machine = machineOf(assignment);
  const left = await removeWirings([...cardsOf(machine), ...cardsNotIn(status.machine, machine)], tools);
  if (left.length > 0)
    return { kind: 'unsettled', standing: { status: 'stopping', statusReason: explain(left) } };
  return { kind: 'settled', standing: { status: 'stopped' } };
}

/** The machine first, its wiring next, its record last: until then a crash leaves what is needed to go on. */
async function remove(
  wanted: WantedInstance,
  status: MachineStatus,
  tools: InstanceTools,
): Promise<PassOutcome> {
  const { instanceId, assignment } = wanted;
  if (status.phase !== 'absent') await tools.onStep({ status: 'deleting' });
  await tools.driver.stop(instanceId, { graceSeconds: 0 });
  const machine = assignment === undefined ? status.machine : machineOf(assignment);
  const cards = machine === undefined ? [] : [...cardsOf(machine), ...cardsNotIn(status.machine, machine)];
  const left = await removeWirings(cards, tools);
  if (left.length > 0)
    return { kind: 'unsettled', standing: { status: 'deleting', statusReason: explain(left) } };
  await tools.driver.destroy(instanceId);
  return { kind: 'gone', standing: { status: 'absent' } };
}

/** @returns those that could not be taken down */
async function removeWirings(items: readonly RemoveItem[], tools: InstanceTools): Promise<WiringResult[]> {
  if (items.length === 0) return [];
  const results = await tools.agent.remove(items, tools.signal);
  return results.filter(({ status }) => status !== 'removed');
}

function machineOf({ instanceId, projectId, name, placement, vnics }: Assignment): Machine {
  return {
    instanceId,
    projectId,
    name,
    placement,
    vnics: vnics.map(({ vnicId, macAddress }) => ({ vnicId, macAddress })),
  };
}

function cardsOf({ projectId, placement, vnics }: Machine): RemoveItem[] {
  return vnics.map(({ vnicId }) => ({ projectId, vnicId, placement }));
}

/** The cards that the machine had, by its record, and that it is not to have. */
function cardsNotIn(recorded: Machine | undefined, wanted: Machine): RemoveItem[] {
  if (recorded === undefined) return [];
  const kept = new Set(wanted.vnics.map(({ vnicId }) => vnicId));
  return cardsOf(recorded).filter(({ vnicId }) => !kept.has(vnicId));
}

function wiredOf({ vnicId, deviceName, mtu }: WiringResult): WiredVnic {
  return {
    vnicId,
    ...(deviceName === undefined ? {} : { hostDeviceName: deviceName }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** What may pass without anybody doing anything, so that it is no error yet. */
const passingProblems: readonly WiringProblemCode[] = ['network-service-unavailable', 'device-missing'];

function isPassing({ status, problem }: WiringResult): boolean {
  return status === 'wiring' || (problem !== undefined && passingProblems.includes(problem.code));
}

/** The agent's own words for each card. */
function explain(results: readonly WiringResult[]): string {
  return results
    .map(({ vnicId, status, problem }) =>
      problem === undefined
        ? `vNIC ${vnicId} is ${status}`
        : `vNIC ${vnicId}: ${problem.detail} (${problem.code})`,
    )
    .join('; ');
}

function reasonOf({ reason }: MachineStatus): Pick<Standing, 'statusReason'> {
  return reason === undefined ? {} : { statusReason: reason };
}
