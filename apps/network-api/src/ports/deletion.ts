import {
  appendEvents,
  checkIfMatch,
  type NewEvent,
  writeTogether,
  type Outcome,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { isInPools, toSource, type AddressSource } from '../addresses/demands.ts';
import { returnToFree } from '../addresses/free-store.ts';
import { storedIp } from '../addresses/ip.ts';
import { deletePortAddresses, insertRestingAddresses, type ReleasedAddress } from '../addresses/store.ts';
import { selectPortsWithBindings } from '../bindings/awaited.ts';
import { withConstraints } from '../constraints.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { lockQuotas, returnForEach } from '../quotas/store.ts';
import { compareMemberships, membersChanged } from '../security-groups/membership.ts';
import { lockSubnets } from '../subnets/store.ts';
import { removeTags } from '../tags/store.ts';
import { membershipOf } from './content.ts';
import { portEvent } from './events.ts';
import { lookUpPorts, type PortAsked } from './lookup.ts';
import { deletePortRows, findPorts, type PortRow } from './store.ts';

/** A request to delete a port. */
export interface PortDeletion {
  readonly caller: UserCaller;
  readonly portId: string;
  readonly ifMatch: string | undefined;
}

/**
 * Deletes ports that nothing is plugged into. Their addresses are free at once if no host ever had them; otherwise they rest, and
 * as long as a host has not confirmed that the wiring is gone, the rest has not even begun.
 */
export function deletePorts(parts: Parts, requests: readonly PortDeletion[]): Promise<Outcome<void>[]> {
  return writeTogether(parts.database, requests, async (trx, batch) => {
    batch.postponeRepeated(({ portId }) => portId);
    const asked = batch.pending;
    await lockQuotas(trx, 'ports', new Set(asked.map(({ caller }) => caller.projectId)));
    const sources = await lockSubnetsOfPorts(trx, await glanceAt(trx, asked));
    const portOf = await lookUpPorts(trx, asked, 'delete');
    batch.check((request) => {
      const port = portOf(request);
      checkIfMatch(request.ifMatch, port.revision);
      refuseIfPlugged(port);
    });
    for (const request of batch.pending) {
      // Its addresses have changed since the subnets were locked.
      const isHeld = portOf(request).fixed_ips.every(({ subnetId }) => sources.has(subnetId));
      if (!isHeld) batch.postpone(request);
    }
    await removePorts(parts, trx, batch.pending.map(portOf), sources);
    for (const request of batch.pending) batch.answer(request, undefined);
  });
}

/** The callers' ports as they are before they are locked. Nobody locks anything of others. */
async function glanceAt(trx: Knex, asked: readonly PortAsked[]): Promise<PortRow[]> {
  const ports = await findPorts(
    trx,
    asked.map(({ portId }) => portId),
  );
  return asked.flatMap(({ caller, portId }) => {
    const port = ports.get(portId);
    return port?.project_id === caller.projectId ? [port] : [];
  });
}

/** The subnets that ports have addresses of, locked: they come before the ports in the order of locks. */
export async function lockSubnetsOfPorts(
  trx: Knex,
  ports: Iterable<PortRow>,
): Promise<Map<string, AddressSource>> {
  const subnetIds = [...ports].flatMap((port) => port.fixed_ips.map(({ subnetId }) => subnetId));
  const subnets = await lockSubnets(trx, [...new Set(subnetIds)]);
  return new Map(subnets.map((subnet) => [subnet.id, toSource(subnet)]));
}

/**
 * Removes ports that are locked, with their subnets and the quotas of their projects, and that have nothing plugged in. `told` are
 * events of what was done to them before in the same transaction.
 */
export async function removePorts(
  parts: Parts,
  trx: Knex.Transaction,
  ports: readonly PortRow[],
  sources: ReadonlyMap<string, AddressSource>,
  told: readonly NewEvent[] = [],
): Promise<void> {
  if (ports.length === 0) return;
  await releaseAddresses(
    parts,
    trx,
    ports.map((port) => ({ port, released: addressesOf(port) })),
    sources,
  );
  await removeTags(
    trx,
    ports.filter(({ tags }) => tags.length > 0).map(({ id }) => id),
  );
  await withConstraints(() =>
    deletePortRows(
      trx,
      ports.map(({ id }) => id),
    ),
  );
  const counts = Map.groupBy(ports, (port) => port.project_id);
  await returnForEach(
    trx,
    'ports',
    new Map([...counts].map(([projectId, { length }]) => [projectId, length])),
  );
  const leaving = ports.flatMap((port) => compareMemberships(port.id, membershipOf(port), undefined));
  await appendEvents(trx, [
    ...told,
    ...ports.map((port) => portEvent({ ...port, revision: port.revision + 1 }, 'deleted')),
    ...(await membersChanged(trx, leaving)),
  ]);
}

/** Takes addresses away from locked ports: to free at once, or to rest when a host may still be using them. */
export async function releaseAddresses(
  { addressRestSeconds }: Parts,
  trx: Knex,
  losses: readonly { readonly port: PortRow; readonly released: readonly ReleasedAddress[] }[],
  sources: ReadonlyMap<string, AddressSource>,
): Promise<void> {
  await deletePortAddresses(
    trx,
    losses.flatMap(({ released }) => released),
  );
  const everBound = losses.filter(({ port }) => port.was_ever_bound);
  const awaited = await selectPortsWithBindings(
    trx,
    everBound.map(({ port }) => port.id),
  );
  await insertRestingAddresses(
    trx,
    everBound.flatMap(({ port, released }) =>
      released.map((address) => ({
        ...address,
        restSeconds: awaited.has(port.id) ? undefined : addressRestSeconds,
      })),
    ),
  );
  const pooled = losses.flatMap(({ port, released }) =>
    released
      .filter(({ subnetId, value }) => isInPools(sources.get(subnetId) ?? { pools: [] }, value))
      .map((address) => ({ ...address, rests: port.was_ever_bound })),
  );
  const changes = [...Map.groupBy(pooled, ({ subnetId }) => subnetId)].map(([id, addresses]) => {
    const free = addresses.filter(({ rests }) => !rests).map(({ value }) => value);
    return {
      subnet: { id, ipVersion: addresses[0]?.ipVersion ?? 4 },
      addresses: free,
      used: -addresses.length,
      resting: addresses.length - free.length,
    };
  });
  await returnToFree(trx, changes);
}

/** A port's addresses, as they are released. */
export function addressesOf(port: Pick<PortRow, 'id' | 'fixed_ips'>): ReleasedAddress[] {
  return port.fixed_ips.map(({ subnetId, ipAddress }) => {
    const { version, value } = storedIp(ipAddress);
    return { portId: port.id, subnetId, ipVersion: version, value };
  });
}

function refuseIfPlugged({ vnic_id: vnicId }: PortRow): void {
  if (vnicId === null) return;
  throw problem('port-in-use', `vNIC ${vnicId} is plugged into the port. Unplug it first.`);
}
