import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { PortAddress } from './allotment.ts';
import { returnToFree, type LockedSubnet } from './free-store.ts';
import { formatIp, storedIp } from './ip.ts';

/** At most so many resting addresses of a subnet return at a time. */
const returnBatch = 1000;

/** Makes addresses of a subnet free whose rest is over; says whether there were any. */
export async function returnRested(trx: Knex, subnet: LockedSubnet): Promise<boolean> {
  return (await returnRestedOf(trx, [subnet.id])).size > 0;
}

/**
 * Makes addresses free whose rest is over, and says of which subnets there were any; what is in no pool any more just vanishes.
 * Served by resting_addresses_due.
 */
export async function returnRestedOf(trx: Knex, subnetIds: readonly string[]): Promise<Set<string>> {
  if (subnetIds.length === 0) return new Set();
  const rows = await queryRows<{ subnet_id: string; address: string; is_pooled: boolean }>(
    trx,
    `delete from resting_addresses
     using unnest(cast(:subnetIds as uuid[])) as wanted(subnet_id)
     cross join lateral (
       select subnet_id, address
       from resting_addresses
       where resting_addresses.subnet_id = wanted.subnet_id
       and rest_until <= clock_timestamp()
       order by rest_until
       limit cast(:returnBatch as integer)
     ) as due
     where resting_addresses.subnet_id = due.subnet_id
     and resting_addresses.address = due.address
     returning
       resting_addresses.subnet_id,
       resting_addresses.address,
       exists (
         select
         from subnets
         cross join jsonb_to_recordset(allocation_pools) as pool(first inet, last inet)
         where subnets.id = resting_addresses.subnet_id
         and resting_addresses.address between pool.first and pool.last
       ) as is_pooled`,
    { subnetIds, returnBatch },
  );
  await returnToFree(
    trx,
    [
      ...Map.groupBy(
        rows.filter((row) => row.is_pooled),
        (row) => row.subnet_id,
      ),
    ].map(([id, rested]) => {
      const ips = rested.map(({ address }) => storedIp(address));
      return {
        subnet: { id, ipVersion: ips[0]?.version ?? 4 },
        addresses: ips.map(({ value }) => value),
        used: 0,
        resting: -rested.length,
      };
    }),
  );
  return new Set(rows.map((row) => row.subnet_id));
}

/** An address and whose it is; `position` orders a port's addresses. */
export interface PlacedAddress extends PortAddress {
  readonly portId: string;
  readonly position: number;
}

/** Addresses as columns, for a statement that writes them. */
export function addressColumns(addresses: readonly PlacedAddress[]) {
  return {
    subnetIds: addresses.map(({ subnetId }) => subnetId),
    addresses: addresses.map(({ ipVersion, value }) => formatIp(ipVersion, value)),
    portIds: addresses.map(({ portId }) => portId),
    positions: addresses.map(({ position }) => position),
  };
}

/** Writes which port has which addresses. */
export async function insertPortAddresses(trx: Knex, addresses: readonly PlacedAddress[]): Promise<void> {
  if (addresses.length === 0) return;
  await queryRows(
    trx,
    `insert into port_addresses (subnet_id, address, port_id, position)
     select *
     from unnest(
       cast(:subnetIds as uuid[]),
       cast(:addresses as inet[]),
       cast(:portIds as uuid[]),
       cast(:positions as smallint[])
     )`,
    addressColumns(addresses),
  );
}

/** An address that a port is to lose. */
export interface ReleasedAddress extends PortAddress {
  readonly portId: string;
}

/** Takes addresses away from ports. Served by port_addresses_address. */
export async function deletePortAddresses(trx: Knex, addresses: readonly ReleasedAddress[]): Promise<void> {
  if (addresses.length === 0) return;
  await queryRows(
    trx,
    `delete from port_addresses
     using unnest(cast(:subnetIds as uuid[]), cast(:addresses as inet[])) as given_up(subnet_id, address)
     where port_addresses.subnet_id = given_up.subnet_id
     and port_addresses.address = given_up.address`,
    {
      subnetIds: addresses.map(({ subnetId }) => subnetId),
      addresses: addresses.map(({ ipVersion, value }) => formatIp(ipVersion, value)),
    },
  );
}

/** Lets ports' addresses rest: for so many seconds, or (undefined) until their hosts have confirmed and then that long. */
export async function insertRestingAddresses(
  trx: Knex,
  addresses: readonly (ReleasedAddress & { readonly restSeconds: number | undefined })[],
): Promise<void> {
  if (addresses.length === 0) return;
  await queryRows(
    trx,
    `insert into resting_addresses (subnet_id, address, port_id, rest_until)
     select subnet_id, address, port_id, clock_timestamp() + make_interval(secs => rest_seconds)
     from unnest(
       cast(:subnetIds as uuid[]),
       cast(:addresses as inet[]),
       cast(:portIds as uuid[]),
       cast(:restSeconds as double precision[])
     ) as released(subnet_id, address, port_id, rest_seconds)`,
    {
      subnetIds: addresses.map(({ subnetId }) => subnetId),
      addresses: addresses.map(({ ipVersion, value }) => formatIp(ipVersion, value)),
      portIds: addresses.map(({ portId }) => portId),
      restSeconds: addresses.map(({ restSeconds }) => restSeconds ?? null),
    },
  );
}

/**
 * Locks the addresses that ports no longer have and that wait for hosts, so that two hosts that confirm at once take turns and the second
 * sees what the first did.
 */
export async function lockWaitingAddresses(trx: Knex, portIds: readonly string[]): Promise<void> {
  await queryRows(
    trx,
    `select
     from resting_addresses
     where port_id = any(cast(:portIds as uuid[]))
     and rest_until is null
     order by subnet_id, address
     for update`,
    { portIds },
  );
}

/**
 * Whether, of a resting address, no host has anything left to confirm: a host that has proven all that its port is to have now
 * has not. Served by bindings_port and stray_wirings_port.
 */
export const nothingToConfirm = `
  not exists (
    select
    from bindings
    where bindings.port_id = resting_addresses.port_id
    and not (desired = 'present' and status = 'active' and is_proven)
    and not exists (
      select
      from agents
      where agents.host_name = bindings.host_name
      and fenced_at is not null
    )
  )
  and not exists (
    select
    from stray_wirings
    where stray_wirings.port_id = resting_addresses.port_id
    and resting_addresses.address = any(ip_addresses)
  )`;

/**
 * Starts the rest of addresses that ports no longer have, for which no host has anything left to confirm. A fenced host has nothing to say any
 * more; a host that has an address wired unbeknown to this database has.
 */
export async function startRest(trx: Knex, portIds: readonly string[], restSeconds: number): Promise<void> {
  await queryRows(
    trx,
    `update resting_addresses
     set rest_until = clock_timestamp() + make_interval(secs => cast(:restSeconds as double precision))
     where port_id = any(cast(:portIds as uuid[]))
     and rest_until is null
     and ${nothingToConfirm}`,
    { portIds, restSeconds },
  );
}

/**
 * Which ports of projects have addresses of subnets, by `project subnet address`. For the words of a refusal. Served by
 * port_addresses_address.
 */
export async function findHolders(
  trx: Knex,
  addresses: readonly { readonly subnetId: string; readonly address: string; readonly projectId: string }[],
): Promise<Map<string, string>> {
  if (addresses.length === 0) return new Map();
  const rows = await queryRows<{ place: number; port_id: string }>(
    trx,
    `select cast(place as integer) as place, port_id
     from unnest(cast(:subnetIds as uuid[]), cast(:addresses as inet[]), cast(:projectIds as uuid[]))
       with ordinality as wanted(subnet_id, address, project_id, place)
     join port_addresses using (subnet_id, address)
     join ports on ports.id = port_addresses.port_id and ports.project_id = wanted.project_id`,
    {
      subnetIds: addresses.map(({ subnetId }) => subnetId),
      addresses: addresses.map(({ address }) => address),
      projectIds: addresses.map(({ projectId }) => projectId),
    },
  );
  return new Map(
    rows.flatMap(({ place, port_id: portId }) => {
      const wanted = addresses[place - 1];
      return wanted ? [[`${wanted.projectId} ${wanted.subnetId} ${wanted.address}`, portId]] : [];
    }),
  );
}
