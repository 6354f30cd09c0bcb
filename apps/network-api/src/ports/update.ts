import { isDeepStrictEqual } from 'node:util';
import type { Port, PortPatch } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  inTransaction,
  Problem,
  type NewEvent,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { allocateAddresses, type AllocationRequest } from '../addresses/allocation.ts';
import type { PortAddress } from '../addresses/allotment.ts';
import { deletePortAddresses, insertPortAddresses } from '../addresses/store.ts';
import { refuseWhileRecovering } from '../agents/recovery.ts';
import { touchAttachment } from '../attachments/store.ts';
import { bindingEvent } from '../bindings/events.ts';
import { renewBinding } from '../bindings/renewal.ts';
import { raiseWiringRevision } from '../bindings/wiring-revision.ts';
import { withConstraints } from '../constraints.ts';
import { findNetworkOfPort } from '../networks/lookups.ts';
import type { Parts } from '../parts.ts';
import {
  compareMemberships,
  findGroupProjects,
  membersChanged,
  setPortGroups,
} from '../security-groups/membership.ts';
import { lockSubnetsOf, selectSubnetsOf } from '../subnets/store.ts';
import { changeTags } from '../tags/store.ts';
import { checkGroups, checkPort, membershipOf, readPort, type PortWords } from './content.ts';
import { addressesOf, releaseAddresses } from './deletion.ts';
import { portEvent } from './events.ts';
import { compareFixedIps, type FixedIpChange } from './fixed-ips.ts';
import { lookAtPorts, lookUpPort, portNotFound } from './lookup.ts';
import { deepestGiven, openSite, toFixedIp, type Site } from './site.ts';
import { rewritePort, type PortContent, type PortRow } from './store.ts';
import { toPort } from './wire.ts';

/**
 * Changes a port. What concerns the wiring reaches the host that realises it, which then has to prove it anew. Addresses that the
 * port no longer has rest as those of a deleted port do. A change that changes nothing leaves the port as it is.
 */
export function updatePort(
  parts: Parts,
  caller: UserCaller,
  portId: string,
  patch: PortPatch,
  ifMatch: string | undefined,
): Promise<Port> {
  return inTransaction(parts.database, async (trx) => {
    const { network_id: networkId } = await lookUpPort(trx, caller, 'read', portId);
    const network = await findNetworkOfPort(trx, networkId);
    if (!network) throw portNotFound(portId);
    const subnets = await (patch.fixedIps ? lockSubnetsOf : selectSubnetsOf)(trx, [networkId]);
    const site = openSite(parts, network, subnets);
    const before = await lookUpPort(trx, caller, 'update', portId);
    checkIfMatch(ifMatch, before.revision);

    const words = readPort(patch, '');
    const draft = contentOf(before, words);
    checkPort(site, draft, words, '');
    checkGroups(
      caller.projectId,
      words.security_group_ids,
      await findGroupProjects(trx, words.security_group_ids ?? []),
      '',
    );
    const after = patch.fixedIps
      ? await moveAddresses(parts, trx, site, { before, draft, patch, wanted: patch.fixedIps })
      : draft;
    if (!patch.fixedIps) site.check(after, (pointer) => deepestGiven(patch, pointer));
    const hasLease = before.lease_expires_at !== null || words.lease_seconds !== before.lease_seconds;
    const renewsLease = words.lease_seconds !== undefined && hasLease;
    const isChanged = renewsLease || !isUnchanged(before, after);
    const events = isChanged ? await write(trx, before, after, renewsLease) : [];
    const portOf = await lookAtPorts(trx, [{ caller, portId }]);
    await appendEvents(trx, events);
    return toPort(portOf({ caller, portId }));
  });
}

function contentOf(before: PortRow, words: PortWords): PortContent {
  const said = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
  const { id, project_id, network_id, name, description, tags, admin_state, fixed_ips } = before;
  const { port_security, allowed_address_pairs, security_group_ids, lease_seconds } = before;
  const own = { id, project_id, network_id, name, description, tags, admin_state, fixed_ips };
  return { ...own, port_security, allowed_address_pairs, security_group_ids, lease_seconds, ...said };
}

/** Gives a port the addresses that it is to have, and lets go of those that it no longer has. */
async function moveAddresses(
  parts: Parts,
  trx: Knex,
  site: Site,
  {
    before,
    draft,
    patch,
    wanted,
  }: { before: PortRow; draft: PortContent; patch: PortPatch; wanted: NonNullable<PortPatch['fixedIps']> },
): Promise<PortContent> {
  const change = compareFixedIps(before.fixed_ips, wanted);
  if (change.missing.length > 0) await refuseWhileRecovering(trx);
  let after = draft;
  let addresses: PortAddress[] = [];
  const accept: AllocationRequest['accept'] = (granted) => {
    addresses = wanted.map((_wish, place) => addressAt(before, change, granted, place));
    after = { ...draft, fixed_ips: addresses.map(toFixedIp) };
    site.check(after, (pointer) => deepestGiven(patch, pointer));
  };
  const request: AllocationRequest = {
    projectId: before.project_id,
    sources: site.sources,
    ports: change.missing.map((place) => wanted.slice(place, place + 1)),
    pointerOf: (index) => `/fixedIps/${change.missing[index] ?? 0}`,
    mayTakeReserved: site.network.project_id === before.project_id,
    accept,
  };
  const allocation = (await allocateAddresses(trx, [request])).get(request);
  if (allocation instanceof Problem) throw allocation;
  if (isDeepStrictEqual(after.fixed_ips, before.fixed_ips)) return after;
  const released = addressesOf({ id: before.id, fixed_ips: change.released });
  const sources = new Map(site.sources.map((source) => [source.id, source]));
  await releaseAddresses(parts, trx, [{ port: before, released }], sources);
  // The places of those that stay may change, and no two may have one in between.
  await deletePortAddresses(trx, addressesOf({ id: before.id, fixed_ips: [...change.kept.values()] }));
  await withConstraints(() =>
    insertPortAddresses(
      trx,
      addresses.map((address, position) => ({ ...address, portId: before.id, position })),
    ),
  );
  return after;
}

function addressAt(
  before: PortRow,
  { kept, missing }: FixedIpChange,
  granted: readonly (PortAddress & { readonly port: number })[],
  place: number,
): PortAddress {
  const own = kept.get(place);
  const [address] = own
    ? addressesOf({ id: before.id, fixed_ips: [own] })
    : granted.filter(({ port }) => missing[port] === place);
  if (!address) throw new Error('a place among the addresses of a port was left empty');
  return address;
}

/** Writes what has become of a port, and gives the events that tell of it. */
async function write(
  trx: Knex,
  before: PortRow,
  after: PortContent,
  renewsLease: boolean,
): Promise<NewEvent[]> {
  const changesWiring = isWiringChanged(before, after);
  if (changesWiring) await raiseWiringRevision(trx, before.id);
  const isRewired = before.host_name !== null && changesWiring;
  const changed = await rewritePort(trx, after, { isRewired, renewsLease });
  if (isRewired) await touchAttachment(trx, before.id);
  const binding = isRewired ? await renewBinding(trx, before.id) : undefined;
  await changeTags(trx, 'port', before.project_id, before.id, { before: before.tags, after: after.tags });
  if (!isDeepStrictEqual(before.security_group_ids, after.security_group_ids)) {
    const groupIdsBefore = before.security_group_ids;
    await setPortGroups(trx, [{ portId: before.id, groupIdsBefore, groupIds: after.security_group_ids }]);
  }
  const members = compareMemberships(before.id, membershipOf(before), membershipOf(after));
  return [
    portEvent(changed, 'updated'),
    ...(binding ? [bindingEvent(binding, 'updated')] : []),
    ...(await membersChanged(trx, members)),
  ];
}

const wiringFields = [
  'admin_state',
  'fixed_ips',
  'port_security',
  'allowed_address_pairs',
  'security_group_ids',
] as const;

function isWiringChanged(before: PortContent, after: PortContent): boolean {
  return wiringFields.some((field) => !isDeepStrictEqual(before[field], after[field]));
}

function isUnchanged(before: PortRow, after: PortContent): boolean {
  const fields = [...wiringFields, 'name', 'description', 'tags'] as const;
  return fields.every((field) => isDeepStrictEqual(before[field], after[field]));
}
