import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { applyChanges, type LockedSubnet } from '../addresses/free-store.ts';
import { formatIp, storedIp } from '../addresses/ip.ts';
import { subtractRanges } from '../addresses/range-sets.ts';
import { changeBetween, joinRanges, type Range } from '../addresses/ranges.ts';
import { returnRested } from '../addresses/store.ts';
import { problem } from '../problems.ts';
import { queryRows } from '../rows.ts';

/** A refusal names at most so many addresses. */
const addressesShown = 10;

/**
 * Makes other addresses those of a locked subnet's pools. What is new is free, unless a port has it (the gateway's, once) or it
 * rests: then it counts as that from now on. What falls out must be free. Costs by what changes and by what is in its way, not
 * by the size of the pools. Throws `pools-in-use`.
 */
export async function changePools(
  trx: Knex,
  caller: UserCaller,
  subnet: LockedSubnet,
  before: readonly Range[],
  after: readonly Range[],
): Promise<void> {
  const removed = subtractRanges(before, after);
  const added = subtractRanges(after, before);
  if (removed.length + added.length === 0) return;
  while (await returnRested(trx, subnet));
  const inTheWay = await selectHeld(trx, subnet, removed, addressesShown + 1);
  if (inTheWay.length > 0) throw poolsInUse(caller, inTheWay);
  const held = await selectHeld(trx, subnet, added, undefined);
  const taken = held.map(({ address }) => rangeOf(address));
  const free = await selectFreeAround(trx, subnet, [...removed, ...added]);
  const left = subtractRanges(free, removed);
  const resting = held.filter(({ project_id: projectId }) => projectId === null).length;
  await applyChanges(trx, [
    {
      subnet,
      change: changeBetween(free, joinRanges([...left, ...subtractRanges(added, taken)])),
      used: held.length - resting,
      resting,
    },
  ]);
}

/** Says whose address it is; null while it rests. */
export interface HeldAddress {
  readonly address: string;
  readonly port_id: string;
  readonly project_id: string | null;
}

/** Addresses of some ranges that ports have or that rest, in ascending order. Served by port_addresses_address and resting_addresses_address. */
export async function selectHeld(
  trx: Knex,
  subnet: LockedSubnet,
  ranges: readonly Range[],
  limit: number | undefined,
): Promise<HeldAddress[]> {
  if (ranges.length === 0) return [];
  return queryRows<HeldAddress>(
    trx,
    `select held.address, held.port_id, held.project_id
     from unnest(cast(:firsts as inet[]), cast(:lasts as inet[])) as wanted(first, last)
     cross join lateral (
       select port_addresses.address, port_addresses.port_id, ports.project_id
       from port_addresses
       join ports on ports.id = port_addresses.port_id
       where port_addresses.subnet_id = :subnetId
       and port_addresses.address between wanted.first and wanted.last
       union all
       select address, port_id, null
       from resting_addresses
       where subnet_id = :subnetId
       and address between wanted.first and wanted.last
     ) as held
     order by held.address
     limit cast(:limit as integer)`,
    { subnetId: subnet.id, limit: limit ?? null, ...bounds(subnet, ranges) },
  );
}

/** The free ranges that overlap one of these or touch it. Served by the primary key. */
async function selectFreeAround(trx: Knex, subnet: LockedSubnet, ranges: readonly Range[]): Promise<Range[]> {
  // Usable addresses have neighbours: no subnet reaches the ends of the address space.
  const around = ranges.map(({ first, last }) => ({ first: first - 1n, last: last + 1n }));
  const rows = await queryRows<{ first: string; last: string }>(
    trx,
    `select near.first, near.last
     from unnest(cast(:firsts as inet[]), cast(:lasts as inet[])) as wanted(first, last)
     cross join lateral (
       select first, last
       from free_ranges
       where subnet_id = :subnetId
       and last between wanted.first and wanted.last
       union
       (
         select first, last
         from free_ranges
         where subnet_id = :subnetId
         and last > wanted.last
         order by last
         limit 1
       )
     ) as near
     where near.first <= wanted.last
     group by near.first, near.last
     order by near.last`,
    { subnetId: subnet.id, ...bounds(subnet, around) },
  );
  return rows.map(({ first, last }) => ({ first: storedIp(first).value, last: storedIp(last).value }));
}

function bounds({ ipVersion }: LockedSubnet, ranges: readonly Range[]) {
  return {
    firsts: ranges.map(({ first }) => formatIp(ipVersion, first)),
    lasts: ranges.map(({ last }) => formatIp(ipVersion, last)),
  };
}

function rangeOf(address: string): Range {
  const { value } = storedIp(address);
  return { first: value, last: value };
}

/** Other projects' ports are not named. */
function poolsInUse({ projectId }: UserCaller, held: readonly HeldAddress[]): Error {
  const shown = held.slice(0, addressesShown).map(({ address, port_id: portId, project_id: owner }) => {
    const { version, value } = storedIp(address);
    const holder =
      owner === null ? 'resting' : owner === projectId ? `port ${portId}` : "another project's port";
    return `${formatIp(version, value)} (${holder})`;
  });
  const others = held.length > addressesShown ? ' and others' : '';
  return problem(
    'pools-in-use',
    `These addresses would fall out of the pools: ${shown.join(', ')}${others}. Keep them in, or delete the ports first.`,
  );
}
