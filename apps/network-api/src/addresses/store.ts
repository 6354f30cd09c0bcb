import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import { formatIp, storedIp, type IpVersion } from './ip.ts';
import { giveBack, joinRanges, rangesOf, type Range, type RangeChange } from './ranges.ts';

/** The subnet whose addresses are changed; its row must be locked by then. */
export interface LockedSubnet {
  readonly id: string;
  readonly ipVersion: IpVersion;
}

/** An address of a port. */
export interface PortAddress {
  readonly subnetId: string;
  readonly ipVersion: IpVersion;
  readonly value: bigint;
}

/** At most so many resting addresses return at a time. */
const returnBatch = 1000;

interface RangeRow {
  readonly first: string;
  readonly last: string;
}

/** Makes a new subnet's pools free. */
export async function insertFreeRanges(
  trx: Knex,
  subnet: LockedSubnet,
  pools: readonly Range[],
): Promise<void> {
  await applyRangeChange(trx, subnet, { forgotten: [], written: joinRanges(pools) });
}

/** The first free ranges, and those that hold one of the chosen addresses. Served by the primary key. */
export async function readFreeRanges(
  trx: Knex,
  subnet: LockedSubnet,
  wanted: { readonly chosen: readonly bigint[]; readonly headCount: number },
): Promise<Range[]> {
  const rows = await queryRows<RangeRow>(
    trx,
    `(select first, last
      from free_ranges
      where subnet_id = :subnetId
      order by last
      limit :headCount)
     union
     select around.first, around.last
     from unnest(cast(:chosen as inet[])) as chosen(address)
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = :subnetId
       and last >= chosen.address
       order by last
       limit 1
     ) as around
     where around.first <= chosen.address
     order by last`,
    { subnetId: subnet.id, headCount: wanted.headCount, chosen: texts(subnet, wanted.chosen) },
  );
  return rows.map(toRange);
}

/** Writes what became of a subnet's free ranges, in one statement. */
export async function applyRangeChange(trx: Knex, subnet: LockedSubnet, change: RangeChange): Promise<void> {
  if (change.forgotten.length === 0 && change.written.length === 0) return;
  await queryRows(
    trx,
    `with forgotten as (
       delete from free_ranges
       where subnet_id = :subnetId
       and last = any(cast(:forgotten as inet[]))
     )
     insert into free_ranges (subnet_id, first, last)
     select :subnetId, written.first, written.last
     from unnest(cast(:firsts as inet[]), cast(:lasts as inet[])) as written(first, last)
     on conflict (subnet_id, last) do update
       set first = excluded.first`,
    {
      subnetId: subnet.id,
      forgotten: texts(subnet, change.forgotten),
      firsts: texts(
        subnet,
        change.written.map(({ first }) => first),
      ),
      lasts: texts(
        subnet,
        change.written.map(({ last }) => last),
      ),
    },
  );
}

/** Makes addresses free again, joining them with their free neighbours. */
export async function returnToFree(
  trx: Knex,
  subnet: LockedSubnet,
  addresses: readonly bigint[],
): Promise<void> {
  if (addresses.length === 0) return;
  const returned = rangesOf(addresses);
  const rows = await queryRows<RangeRow>(
    trx,
    `select before.first, before.last
     from unnest(cast(:firsts as inet[])) as run(first)
     join free_ranges as before on before.subnet_id = :subnetId and before.last = run.first - 1
     union
     select behind.first, behind.last
     from unnest(cast(:lasts as inet[])) as run(last)
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = :subnetId
       and last > run.last
       order by last
       limit 1
     ) as behind
     where behind.first = run.last + 1`,
    {
      subnetId: subnet.id,
      firsts: texts(
        subnet,
        returned.map(({ first }) => first),
      ),
      lasts: texts(
        subnet,
        returned.map(({ last }) => last),
      ),
    },
  );
  await applyRangeChange(trx, subnet, giveBack(rows.map(toRange), returned));
}

/** Makes addresses free whose rest is over; says whether there were any. Served by resting_addresses_due. */
export async function returnRested(trx: Knex, subnet: LockedSubnet): Promise<boolean> {
  const rows = await queryRows<{ address: string }>(
    trx,
    `delete from resting_addresses
     where (subnet_id, address) in (
       select subnet_id, address
       from resting_addresses
       where subnet_id = :subnetId
       and rest_until <= clock_timestamp()
       order by rest_until
       limit :returnBatch
     )
     returning address`,
    { subnetId: subnet.id, returnBatch },
  );
  await returnToFree(
    trx,
    subnet,
    rows.map(({ address }) => storedIp(address).value),
  );
  return rows.length > 0;
}

/** Writes which port has which addresses; `position` orders a port's addresses. */
export async function insertPortAddresses(
  trx: Knex,
  addresses: readonly (PortAddress & { readonly portId: string; readonly position: number })[],
): Promise<void> {
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
    {
      subnetIds: addresses.map(({ subnetId }) => subnetId),
      addresses: addresses.map(({ ipVersion, value }) => formatIp(ipVersion, value)),
      portIds: addresses.map(({ portId }) => portId),
      positions: addresses.map(({ position }) => position),
    },
  );
}

/** Takes a port's addresses away from it. Served by port_addresses_position. */
export async function deletePortAddresses(trx: Knex, portId: string): Promise<PortAddress[]> {
  const rows = await queryRows<{ subnet_id: string; address: string }>(
    trx,
    'delete from port_addresses where port_id = :portId returning subnet_id, address',
    { portId },
  );
  return rows.map(({ subnet_id: subnetId, address }) => {
    const { version, value } = storedIp(address);
    return { subnetId, ipVersion: version, value };
  });
}

/** Lets a gone port's addresses rest: for so many seconds, or (undefined) until its hosts have confirmed and then that long. */
export async function insertRestingAddresses(
  trx: Knex,
  portId: string,
  addresses: readonly PortAddress[],
  restSeconds: number | undefined,
): Promise<void> {
  if (addresses.length === 0) return;
  await queryRows(
    trx,
    `insert into resting_addresses (subnet_id, address, port_id, rest_until)
     select
       released.subnet_id,
       released.address,
       :portId,
       clock_timestamp() + make_interval(secs => cast(:restSeconds as double precision))
     from unnest(cast(:subnetIds as uuid[]), cast(:addresses as inet[])) as released(subnet_id, address)`,
    {
      portId,
      restSeconds: restSeconds ?? null,
      subnetIds: addresses.map(({ subnetId }) => subnetId),
      addresses: addresses.map(({ ipVersion, value }) => formatIp(ipVersion, value)),
    },
  );
}

/**
 * Locks the addresses of gone ports that wait for hosts, so that two hosts that confirm at once take turns and the second
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

/** Starts the rest of gone ports' addresses for which no host has anything left to confirm. */
export async function startRest(trx: Knex, portIds: readonly string[], restSeconds: number): Promise<void> {
  await queryRows(
    trx,
    `update resting_addresses
     set rest_until = clock_timestamp() + make_interval(secs => cast(:restSeconds as double precision))
     where port_id = any(cast(:portIds as uuid[]))
     and rest_until is null
     and not exists (select from bindings where bindings.port_id = resting_addresses.port_id)`,
    { portIds, restSeconds },
  );
}

/** Which port of a project has an address of a subnet, if one has. For the words of a refusal. */
export async function findHolder(
  trx: Knex,
  subnetId: string,
  address: string,
  projectId: string,
): Promise<string | undefined> {
  const rows = await queryRows<{ port_id: string }>(
    trx,
    `select port_id
     from port_addresses
     join ports on ports.id = port_addresses.port_id
     where subnet_id = :subnetId
     and address = cast(:address as inet)
     and ports.project_id = :projectId`,
    { subnetId, address, projectId },
  );
  return rows[0]?.port_id;
}

function texts(subnet: LockedSubnet, values: readonly bigint[]): string[] {
  return values.map((value) => formatIp(subnet.ipVersion, value));
}

function toRange(row: RangeRow): Range {
  return { first: storedIp(row.first).value, last: storedIp(row.last).value };
}
