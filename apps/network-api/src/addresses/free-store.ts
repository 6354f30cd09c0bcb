import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { FreeAddresses } from './allotment.ts';
import { formatIp, storedIp, type IpVersion } from './ip.ts';
import { changeBetween, giveBack, joinRanges, rangesOf, type Range, type RangeChange } from './ranges.ts';

/** The subnet whose addresses are changed; its row must be locked by then. */
export interface LockedSubnet {
  readonly id: string;
  readonly ipVersion: IpVersion;
}

/** What becomes of a subnet's free ranges, and by how much its counts of used and resting addresses change. */
export interface SubnetChange {
  readonly subnet: LockedSubnet;
  readonly change: RangeChange;
  readonly used: number;
  readonly resting: number;
}

/** What is to be known of a subnet's free addresses. */
export interface WantedAddresses {
  readonly subnet: LockedSubnet;
  /** How many of the first free ranges. */
  readonly headCount: number;
  /** The ranges with these addresses, too. */
  readonly chosen: readonly bigint[];
  /** And which of these, which lie outside the pools. */
  readonly reserved: readonly bigint[];
}

interface RangeRow {
  readonly subnet_id: string;
  readonly first: string;
  readonly last: string;
}

/** Makes a new subnet's pools free, and begins to count what is used of them. */
export async function insertFreeRanges(
  trx: Knex,
  subnet: LockedSubnet,
  pools: readonly Range[],
): Promise<void> {
  await queryRows(trx, 'insert into subnet_usage (subnet_id) values (:id)', { id: subnet.id });
  const change = changeBetween([], joinRanges(pools));
  await applyChanges(trx, [{ subnet, change, used: 0, resting: 0 }]);
}

/** Reads what is free of subnets, as far as it is wanted. */
export async function readFreeAddresses(
  trx: Knex,
  wanted: readonly WantedAddresses[],
): Promise<Map<string, FreeAddresses>> {
  if (wanted.length === 0) return new Map();
  const ranges = Map.groupBy(await selectFreeRanges(trx, wanted), (row) => row.subnet_id);
  const reserved = Map.groupBy(await selectFreeReserved(trx, wanted), (row) => row.subnet_id);
  return new Map(
    wanted.map(({ subnet: { id } }) => [
      id,
      {
        pooled: (ranges.get(id) ?? []).map(toRange),
        reserved: rangesOf((reserved.get(id) ?? []).map(({ address }) => storedIp(address).value)),
      },
    ]),
  );
}

/** The first free ranges of subnets, and those that hold one of the chosen addresses. Served by the primary key. */
async function selectFreeRanges(trx: Knex, wanted: readonly WantedAddresses[]): Promise<RangeRow[]> {
  return queryRows<RangeRow>(
    trx,
    `select wanted.subnet_id, head.first, head.last
     from unnest(cast(:subnetIds as uuid[]), cast(:headCounts as integer[])) as wanted(subnet_id, head_count)
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = wanted.subnet_id
       order by last
       limit wanted.head_count
     ) as head
     union
     select chosen.subnet_id, around.first, around.last
     from unnest(cast(:chosenSubnetIds as uuid[]), cast(:chosen as inet[])) as chosen(subnet_id, address)
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = chosen.subnet_id
       and last >= chosen.address
       order by last
       limit 1
     ) as around
     where around.first <= chosen.address
     order by last`,
    {
      subnetIds: wanted.map(({ subnet }) => subnet.id),
      headCounts: wanted.map(({ headCount }) => headCount),
      chosenSubnetIds: wanted.flatMap(({ subnet, chosen }) => chosen.map(() => subnet.id)),
      chosen: wanted.flatMap(({ subnet, chosen }) => texts(subnet, chosen)),
    },
  );
}

/** Which reserved addresses nobody has or had until lately. Served by port_addresses_address and resting_addresses_address. */
async function selectFreeReserved(
  trx: Knex,
  wanted: readonly WantedAddresses[],
): Promise<{ subnet_id: string; address: string }[]> {
  if (wanted.every(({ reserved }) => reserved.length === 0)) return [];
  return queryRows(
    trx,
    `select subnet_id, address
     from unnest(cast(:subnetIds as uuid[]), cast(:addresses as inet[])) as wanted(subnet_id, address)
     where not exists (
       select from port_addresses as held
       where held.subnet_id = wanted.subnet_id
       and held.address = wanted.address
     )
     and not exists (
       select from resting_addresses as resting
       where resting.subnet_id = wanted.subnet_id
       and resting.address = wanted.address
     )`,
    {
      subnetIds: wanted.flatMap(({ subnet, reserved }) => reserved.map(() => subnet.id)),
      addresses: wanted.flatMap(({ subnet, reserved }) => texts(subnet, reserved)),
    },
  );
}

/** Writes what became of subnets' free ranges and counts, in one statement. */
export async function applyChanges(trx: Knex, changes: readonly SubnetChange[]): Promise<void> {
  const all = changes.filter(
    ({ change, used, resting }) =>
      change.forgotten.length + change.written.length > 0 || used !== 0 || resting !== 0,
  );
  if (all.length === 0) return;
  await queryRows(
    trx,
    `with forgotten as (
       delete from free_ranges
       using unnest(cast(:forgottenSubnetIds as uuid[]), cast(:forgotten as inet[])) as gone(subnet_id, last)
       where free_ranges.subnet_id = gone.subnet_id
       and free_ranges.last = gone.last
     ), counted as (
       update subnet_usage
       set used = subnet_usage.used + more.used, resting = subnet_usage.resting + more.resting
       from unnest(cast(:subnetIds as uuid[]), cast(:used as bigint[]), cast(:resting as bigint[]))
         as more(subnet_id, used, resting)
       where subnet_usage.subnet_id = more.subnet_id
     )
     insert into free_ranges (subnet_id, first, last)
     select *
     from unnest(cast(:writtenSubnetIds as uuid[]), cast(:firsts as inet[]), cast(:lasts as inet[]))
     on conflict (subnet_id, last) do update
       set first = excluded.first`,
    {
      subnetIds: all.map(({ subnet }) => subnet.id),
      used: all.map(({ used }) => used),
      resting: all.map(({ resting }) => resting),
      forgottenSubnetIds: all.flatMap(({ subnet, change }) => change.forgotten.map(() => subnet.id)),
      forgotten: all.flatMap(({ subnet, change }) => texts(subnet, change.forgotten)),
      writtenSubnetIds: all.flatMap(({ subnet, change }) => change.written.map(() => subnet.id)),
      firsts: all.flatMap(({ subnet, change }) =>
        texts(
          subnet,
          change.written.map(({ first }) => first),
        ),
      ),
      lasts: all.flatMap(({ subnet, change }) =>
        texts(
          subnet,
          change.written.map(({ last }) => last),
        ),
      ),
    },
  );
}

/** Addresses that become free again, joining their free neighbours, and what that is to the counts. */
export interface Returned {
  readonly subnet: LockedSubnet;
  readonly addresses: readonly bigint[];
  readonly used: number;
  readonly resting: number;
}

/** Makes addresses free again. Served by the primary key. */
export async function returnToFree(trx: Knex, returned: readonly Returned[]): Promise<void> {
  const runs = returned.map(({ subnet, addresses }) => ({ subnet, ranges: rangesOf(addresses) }));
  const neighbours = Map.groupBy(await selectNeighbours(trx, runs), (row) => row.subnet_id);
  await applyChanges(
    trx,
    returned.map(({ subnet, addresses, used, resting }) => ({
      subnet,
      change: giveBack((neighbours.get(subnet.id) ?? []).map(toRange), rangesOf(addresses)),
      used,
      resting,
    })),
  );
}

/** The free ranges that end just before, or begin just after, one of the runs. */
async function selectNeighbours(
  trx: Knex,
  runs: readonly { readonly subnet: LockedSubnet; readonly ranges: readonly Range[] }[],
): Promise<RangeRow[]> {
  const all = runs.flatMap(({ subnet, ranges }) => ranges.map((range) => ({ subnet, range })));
  if (all.length === 0) return [];
  return queryRows<RangeRow>(
    trx,
    `with runs as (
       select *
       from unnest(cast(:subnetIds as uuid[]), cast(:firsts as inet[]), cast(:lasts as inet[]))
         as run(subnet_id, first, last)
     )
     select before.subnet_id, before.first, before.last
     from runs
     join free_ranges as before on before.subnet_id = runs.subnet_id and before.last = runs.first - 1
     union
     select runs.subnet_id, behind.first, behind.last
     from runs
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = runs.subnet_id
       and last > runs.last
       order by last
       limit 1
     ) as behind
     where behind.first = runs.last + 1`,
    {
      subnetIds: all.map(({ subnet }) => subnet.id),
      firsts: all.map(({ subnet, range }) => formatIp(subnet.ipVersion, range.first)),
      lasts: all.map(({ subnet, range }) => formatIp(subnet.ipVersion, range.last)),
    },
  );
}

function texts(subnet: LockedSubnet, values: readonly bigint[]): string[] {
  return values.map((value) => formatIp(subnet.ipVersion, value));
}

function toRange(row: RangeRow): Range {
  return { first: storedIp(row.first).value, last: storedIp(row.last).value };
}
