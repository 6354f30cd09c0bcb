import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  compareFences,
  ProviderError,
  refuseOlder,
  type DesiredWiring,
  type Difference,
  type HostContext,
  type ObservedWiring,
  type WiringIdentity,
} from '@patchpanel/provider';
import { joinLinks, makeLinks, raiseLinks, setUpInside } from './batches.ts';
import { run } from './commands.ts';
import { planOf, type Plan } from './desired.ts';
import { cidrsOf, differencesOf, isCrowded, machineEndOf, sharedRuleDifferences } from './differences.ts';
import { parseLabel } from './labels.ts';
import { openMachine, type Machine } from './machine.ts';
import { bridgeName, hostEndName, sendingChain, tableName } from './names.ts';
import { applyPort, removePort, removeTables } from './ruleset.ts';
import {
  disableIpv6File,
  insideMachine,
  readAllHostLinks,
  readHostLinks,
  readHostSnapshot,
  readIfThere,
  readInside,
  readSnapshot,
  type ActualHostLink,
  type ActualLink,
  type Snapshot,
} from './snapshot.ts';
import type { Turnstile } from './turnstile.ts';

/** How long the kernel may take to bring a link's carrier to its bridge; it takes a few milliseconds. */
const settleMilliseconds = 3000;
const pollMilliseconds = 5;

/**
 * Makes the wiring as desired and returns what was read back. When all is right already it only reads. What concerns the
 * host, and so other wirings, passes the turnstile; what is done inside a machine, whose root may make it slow, does not.
 * @throws ProviderError as `HostProvider.ensure` says.
 */
export async function ensureWiring(
  context: HostContext,
  desired: DesiredWiring,
  changes: Turnstile,
  signal: AbortSignal,
): Promise<ObservedWiring> {
  const { instance } = context;
  const plan = planOf(desired);
  const machine = await machineOf(context, plan);
  try {
    const inside = await readInside(machine, plan, signal);
    const { before, kept } = await changes.pass(() => prepare(instance, plan, { inside, machine }, signal));
    if (kept === undefined) return observe(plan, before);
    if (machine !== undefined) {
      await run(insideMachine(machine, ['-batch', '-'], { stdin: setUpInside(plan, kept) }), signal);
    }
    // Last, so that the bridge finds a carrier when the host end comes up.
    await changes.pass(() => run({ ...batch, stdin: raiseLinks(plan) }, signal));
    const after = await settle(instance, plan, machine, signal);
    const left = before.hostEnd?.master;
    if (left !== undefined && left !== plan.bridge) {
      await changes.pass(() => removeObjects(instance, { hostEnds: [], bridges: [left] }, signal));
    }
    return observe(plan, after);
  } finally {
    await machine?.close();
  }
}

/** Compares the kernel with the desired wiring and changes nothing. */
export async function checkWiring(
  context: HostContext,
  desired: DesiredWiring,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const plan = planOf(desired);
  let machine: Machine | undefined;
  let machineDifference: Difference | undefined;
  try {
    machine = await machineOf(context, plan);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'device-refused') throw error;
    machineDifference = {
      object: 'machine',
      field: 'namespace',
      desired: 'one of ours',
      actual: error.message,
    };
  }
  try {
    const snapshot = await readSnapshot(tableName(context.instance), plan, machine, signal);
    const differences = differencesOf(context.instance, plan, snapshot);
    return machineDifference === undefined ? differences : [machineDifference, ...differences];
  } finally {
    await machine?.close();
  }
}

/** Removes a wiring with all that only it needed; what is gone already is no error, what is newer stays. */
export async function removeWiring(
  context: HostContext,
  identity: WiringIdentity,
  signal: AbortSignal,
): Promise<void> {
  const { instance } = context;
  const hostEnd = hostEndName(identity.vnicId);
  const [wired] = await readHostLinks([hostEnd], signal);
  const label = parseLabel(wired?.ifalias);
  if (wired !== undefined && label !== undefined) {
    if (label.kind !== 'vnic' || label.instance !== instance) return;
    if (label.identity.vnicId !== identity.vnicId || label.identity.projectId !== identity.projectId) return;
    if (compareFences(identity, label.identity) < 0) return;
  }
  // The bridge of what was wired, which may be another than that of what was asked.
  const wiredNetwork = label?.kind === 'vnic' ? label.identity.networkId : identity.networkId;
  await removeObjects(
    instance,
    { hostEnds: [hostEnd], bridges: [bridgeName(identity.networkId), bridgeName(wiredNetwork)] },
    signal,
    { unlabelled: true },
  );
}

/**
 * Removes host ends with their rules, then those of the bridges that nothing is joined to any more, and the tables with the
 * last host end. Links of other instances and of other software stay, whatever their names.
 * @param unlabelled also removes links of these names that were made and not labelled yet when something stopped the agent
 */
export async function removeObjects(
  instance: string,
  { hostEnds, bridges }: { readonly hostEnds: readonly string[]; readonly bridges: readonly string[] },
  signal?: AbortSignal,
  { unlabelled = false }: { readonly unlabelled?: boolean } = {},
): Promise<void> {
  const table = tableName(instance);
  const links = await readAllHostLinks(signal);
  const ours = links.filter((link) => parseLabel(link.ifalias)?.instance === instance);
  const isUnfinished = (link: ActualLink, ...kinds: readonly string[]) =>
    unlabelled && kinds.some((kind) => isUnlabelled(link, kind));
  const doomedLinks = links.filter(
    (link) => hostEnds.includes(link.ifname) && (ours.includes(link) || isUnfinished(link, 'veth', 'tun')),
  );
  const remaining = links.filter((link) => !doomedLinks.includes(link));
  const remainingEnds = ours.filter(
    (link) => parseLabel(link.ifalias)?.kind === 'vnic' && remaining.includes(link),
  );
  const doomedBridges = links.filter(
    (link) =>
      bridges.includes(link.ifname) &&
      ((ours.includes(link) && link.linkinfo?.info_kind === 'bridge') || isUnfinished(link, 'bridge')) &&
      !remaining.some(({ master }) => master === link.ifname),
  );
  await deleteLinks(doomedLinks, signal);
  const rules =
    remainingEnds.length === 0
      ? removeTables(table)
      : hostEnds.map((hostEnd) => removePort(table, hostEnd)).join('');
  if (rules !== '') await run({ program: 'nft', args: ['-f', '-'], stdin: rules }, signal);
  await deleteLinks(doomedBridges, signal);
}

async function deleteLinks(links: readonly ActualLink[], signal?: AbortSignal): Promise<void> {
  if (links.length === 0) return;
  const stdin = links.map(({ ifname }) => `link del dev ${ifname}\n`).join('');
  try {
    await run({ program: 'ip', args: ['-force', '-batch', '-'], stdin }, signal);
  } catch (error) {
    // A machine that dies takes its link along at any moment.
    const left = await readHostLinks(
      links.map(({ ifname }) => ifname),
      signal,
    );
    if (left.some(({ ifindex }) => links.some((link) => link.ifindex === ifindex))) throw error;
  }
}

/** The machine that the device names; undefined for a tap. Refuses what is not for the user that owns machines. */
async function machineOf({ machineUid }: HostContext, { device }: Plan): Promise<Machine | undefined> {
  if (device.kind === 'namespace') return openMachine(device, machineUid);
  if (device.ownerUid === machineUid) return undefined;
  const owner = machineUid === undefined ? 'this agent was not told which' : `that is user ${machineUid}`;
  throw new ProviderError(
    'device-refused',
    `a tap for user ${device.ownerUid} is not made: only the user that owns machines gets one (${owner})`,
  );
}

/** Refuses to touch links that aren't ours, or that a newer order has made. */
function refuseForeign(instance: string, plan: Plan, { bridge, hostEnd }: Snapshot): void {
  const taken = (name: string, alias: string | undefined) =>
    new ProviderError(
      'name-taken',
      `the link ${name} is needed, but belongs to something else: "${alias ?? 'no label'}"`,
    );
  if (bridge !== undefined && !isUnlabelled(bridge, 'bridge')) {
    const label = parseLabel(bridge.ifalias);
    const isOurs =
      label?.kind === 'network' && label.instance === instance && label.networkId === plan.identity.networkId;
    if (!isOurs || bridge.linkinfo?.info_kind !== 'bridge') throw taken(plan.bridge, bridge.ifalias);
  }
  if (hostEnd !== undefined && !isUnlabelled(hostEnd, 'veth') && !isUnlabelled(hostEnd, 'tun')) {
    const label = parseLabel(hostEnd.ifalias);
    const isOurs =
      label?.kind === 'vnic' &&
      label.instance === instance &&
      label.identity.vnicId === plan.identity.vnicId &&
      label.identity.projectId === plan.identity.projectId;
    if (!isOurs) throw taken(plan.hostEnd, hostEnd.ifalias);
    refuseOlder(plan.identity, label.identity);
  }
}

/** True for a link that we made and had not yet labelled when something stopped us: our form of name, down, in nothing. */
function isUnlabelled(link: ActualLink, kind: string): boolean {
  const { ifalias, flags, master, linkinfo } = link;
  return (
    ifalias === undefined && linkinfo?.info_kind === kind && !flags.includes('UP') && master === undefined
  );
}

/**
 * Removes a host end that leads elsewhere, is of the wrong kind, or whose machine heaped up more at its end than is undone
 * one by one, so that it is made anew.
 */
async function dropUnusableHostEnd(plan: Plan, snapshot: Snapshot, signal: AbortSignal): Promise<Snapshot> {
  const { hostEnd, inside } = snapshot;
  if (hostEnd === undefined) return snapshot;
  const isUsable =
    plan.device.kind === 'tap'
      ? hostEnd.linkinfo?.info_kind === 'tun' && hostEnd.ownerUid === plan.device.ownerUid
      : machineEndOf(hostEnd, inside)?.ifname === plan.device.interfaceName &&
        !isCrowded(plan, hostEnd, inside);
  if (isUsable) return snapshot;
  await deleteLinks([hostEnd], signal);
  const links = inside?.links.filter((link) => link !== machineEndOf(hostEnd, inside)) ?? [];
  return { ...snapshot, hostEnd: undefined, inside: inside && { links, routes: [], isCut: false } };
}

function refuseTakenName({ device }: Plan, { hostEnd, inside }: Snapshot): void {
  if (device.kind !== 'namespace' || hostEnd !== undefined) return;
  if (inside?.links.some(({ ifname }) => ifname === device.interfaceName) === true) {
    throw new ProviderError(
      'device-refused',
      `process ${device.pid}'s namespace has a link ${device.interfaceName} already, which is not of our making`,
    );
  }
}

const batch = { program: 'ip', args: ['-batch', '-'] } as const;

/**
 * Makes what of the wiring is on the host: links, rules, and the host end joined to its bridge.
 * @returns what there was, and what of it was kept; nothing was done when that is undefined, as all was right
 */
async function prepare(
  instance: string,
  plan: Plan,
  { inside, machine }: { readonly inside: Snapshot['inside']; readonly machine: Machine | undefined },
  signal: AbortSignal,
): Promise<{ readonly before: Snapshot; readonly kept?: Snapshot }> {
  const table = tableName(instance);
  const before: Snapshot = { ...(await readHostSnapshot(table, plan, signal)), inside };
  refuseForeign(instance, plan, before);
  if (differencesOf(instance, plan, before).length === 0) return { before };
  const kept = await dropUnusableHostEnd(plan, before, signal);
  refuseTakenName(plan, kept);
  const descriptor = machine === undefined ? {} : { descriptor: machine.descriptor };
  await run({ ...batch, stdin: makeLinks(instance, plan, kept), ...descriptor }, signal);
  await Promise.all([disableIpv6(plan.bridge), disableIpv6(plan.hostEnd)]);
  const rules = applyPort(table, plan, {
    rebind: kept.hostEnd === undefined && kept.netdev.chains.has(sendingChain(plan.hostEnd)),
    shared: sharedRuleDifferences(kept.bridgeFamily).length > 0,
  });
  await run({ program: 'nft', args: ['-f', '-'], stdin: rules }, signal);
  await run({ ...batch, stdin: joinLinks(plan) }, signal);
  return { before, kept };
}

/** Reads back until nothing departs. */
async function settle(
  instance: string,
  plan: Plan,
  machine: Machine | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  const deadline = performance.now() + settleMilliseconds;
  for (;;) {
    const snapshot = await readSnapshot(tableName(instance), plan, machine, signal);
    const differences = differencesOf(instance, plan, snapshot);
    if (differences.length === 0) return snapshot;
    if (performance.now() > deadline) {
      const [first] = differences;
      const text = `${first?.object}: ${first?.field} is ${first?.actual}, not ${first?.desired}`;
      throw new ProviderError('not-converged', `the kernel departs from what was set: ${text}`, {
        differences,
      });
    }
    await delay(pollMilliseconds, undefined, { signal });
  }
}

/** Keeps the host's IPv6 stack off a link. A member of the network's administrators may write this without being root. */
async function disableIpv6(linkName: string): Promise<void> {
  const file = disableIpv6File(linkName);
  if ((await readIfThere(file)) !== undefined) await writeFile(file, '1');
}

function observe(plan: Plan, { hostEnd, inside }: Snapshot): ObservedWiring {
  const machineEnd = machineEndOf(hostEnd, inside);
  return {
    identity: plan.identity,
    hostInterface: plan.hostEnd,
    ...(machineEnd === undefined ? {} : { machineInterface: machineEnd.ifname }),
    macAddress: machineEnd?.address ?? plan.macAddress,
    mtu: hostEnd?.mtu ?? plan.mtu,
    addresses: machineEnd === undefined ? [] : cidrsOf(machineEnd),
    details: { bridge: plan.bridge, state: hostStateOf(hostEnd) },
  };
}

function hostStateOf(hostEnd: ActualHostLink | undefined): string {
  return hostEnd?.linkinfo?.info_slave_data?.state ?? 'unknown';
}
