import type { Knex } from 'knex';
import { applyChanges, readFreeAddresses } from '../addresses/free-store.ts';
import { storedIp } from '../addresses/ip.ts';
import { changeBetween, takeAddresses } from '../addresses/ranges.ts';
import { insertRestingAddresses } from '../addresses/store.ts';
import { queryRows } from '../rows.ts';
import { lockSubnets } from '../subnets/store.ts';
import type { SaidWiring } from './stray-store.ts';

/** An address that a host has wired and that no port of the database has. */
export interface StrayAddress {
  readonly subnet_id: string;
  readonly address: string;
  readonly port_id: string;
}

type Wired = Pick<SaidWiring, 'network_id' | 'port_id' | 'ip_addresses'>;

/**
 * Locks the subnets in which the addresses of strays lie, before any port, and gives their ids. Those of which ports have the
 * addresses are among them: the ports may lose them before they are locked. The networks of strays that came or ended are locked
 * first, so that whoever makes a subnet there sees them all, or is seen.
 */
export async function lockStraySubnets(
  trx: Knex,
  strays: readonly Wired[],
  ended: readonly Pick<Wired, 'network_id'>[],
): Promise<string[]> {
  await lockNetworksOfStrays(trx, [...strays, ...ended]);
  const rows = await queryRows<{ id: string }>(
    trx,
    `select distinct subnets.id
     from unnest(cast(:networkIds as uuid[]), cast(:addresses as inet[])) as wired(network_id, address)
     join subnets on subnets.network_id = wired.network_id and subnets.cidr >>= wired.address`,
    asArrays(strays),
  );
  const locked = await lockSubnets(
    trx,
    rows.map(({ id }) => id),
  );
  return locked.map(({ id }) => id);
}

/** Keeps others from giving these networks subnets, and nobody from making ports there. In ascending order of id. */
export async function lockNetworksOfStrays(
  trx: Knex,
  strays: readonly Pick<Wired, 'network_id'>[],
): Promise<void> {
  if (strays.length === 0) return;
  await queryRows(trx, 'select from networks where id = any(cast(:ids as uuid[])) order by id for share', {
    ids: [...new Set(strays.map((stray) => stray.network_id))],
  });
}

/**
 * Lets the addresses of strays in these subnets, which are locked by then, rest, so that nobody is given them: until the host says
 * that they are gone, or is fenced. What a port of the database has stays that port's.
 */
export async function restStrayAddresses(
  trx: Knex,
  strays: readonly Wired[],
  subnetIds: readonly string[],
): Promise<void> {
  const places = await selectPlaces(trx, strays, subnetIds);
  const asked = await holdResting(trx, places);
  await takeFromFree(trx, asked);
}

/** Where in these subnets the addresses lie, without those that ports have. Served by the primary key. */
async function selectPlaces(
  trx: Knex,
  strays: readonly Wired[],
  subnetIds: readonly string[],
): Promise<StrayAddress[]> {
  if (strays.length === 0 || subnetIds.length === 0) return [];
  return queryRows<StrayAddress>(
    trx,
    `select distinct on (subnets.id, wired.address) subnets.id as subnet_id, host(wired.address) as address, wired.port_id
     from unnest(cast(:networkIds as uuid[]), cast(:addresses as inet[]), cast(:portIds as uuid[]))
       as wired(network_id, address, port_id)
     join subnets on subnets.network_id = wired.network_id and subnets.cidr >>= wired.address
     where subnets.id = any(cast(:subnetIds as uuid[]))
     and not exists (
       select
       from port_addresses
       where port_addresses.subnet_id = subnets.id
       and port_addresses.address = wired.address
     )
     order by subnets.id, wired.address, wired.port_id`,
    { ...asArrays(strays), subnetIds },
  );
}

/** Each address of the strays, by column. */
function asArrays(strays: readonly Wired[]) {
  const wired = strays.flatMap((stray) => stray.ip_addresses.map((address) => ({ ...stray, address })));
  return {
    networkIds: wired.map((row) => row.network_id),
    addresses: wired.map(({ address }) => address),
    portIds: wired.map((row) => row.port_id),
  };
}

/** Of addresses that rest already, none gets free by time any more. Gives those that do not rest. */
async function holdResting(trx: Knex, places: readonly StrayAddress[]): Promise<StrayAddress[]> {
  if (places.length === 0) return [];
  const rows = await queryRows<{ subnet_id: string; address: string }>(
    trx,
    `update resting_addresses
     set port_id = stray.port_id, rest_until = null
     from unnest(cast(:subnetIds as uuid[]), cast(:addresses as inet[]), cast(:portIds as uuid[]))
       as stray(subnet_id, address, port_id)
     where resting_addresses.subnet_id = stray.subnet_id
     and resting_addresses.address = stray.address
     returning resting_addresses.subnet_id, host(resting_addresses.address) as address`,
    {
      subnetIds: places.map((place) => place.subnet_id),
      addresses: places.map(({ address }) => address),
      portIds: places.map((place) => place.port_id),
    },
  );
  const resting = new Set(rows.map((row) => `${row.subnet_id} ${row.address}`));
  return places.filter((place) => !resting.has(`${place.subnet_id} ${place.address}`));
}

/** Takes addresses out of what is free; one that is in no pool only comes to rest. */
async function takeFromFree(trx: Knex, places: readonly StrayAddress[]): Promise<void> {
  const rested: (StrayAddress & { readonly ipVersion: 4 | 6; readonly value: bigint })[] = places.map(
    (place) => {
      const { version, value } = storedIp(place.address);
      return { ...place, ipVersion: version, value };
    },
  );
  const wanted = [...Map.groupBy(rested, (place) => place.subnet_id)].map(([id, ofSubnet]) => ({
    subnet: { id, ipVersion: ofSubnet[0]?.ipVersion ?? 4 },
    chosen: ofSubnet.map(({ value }) => value),
    reserved: [],
    headCount: 0,
  }));
  const free = await readFreeAddresses(trx, wanted);
  const changes = wanted.map(({ subnet, chosen }) => {
    const pooled = free.get(subnet.id)?.pooled ?? [];
    const { left, refused } = takeAddresses(pooled, chosen, 0);
    const resting = chosen.length - refused.length;
    return { subnet, change: changeBetween(pooled, left), used: 0, resting };
  });
  await applyChanges(trx, changes);
  await insertRestingAddresses(
    trx,
    rested.map((place) => ({
      subnetId: place.subnet_id,
      ipVersion: place.ipVersion,
      value: place.value,
      portId: place.port_id,
      restSeconds: undefined,
    })),
  );
}
