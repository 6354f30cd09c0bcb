import type { Knex } from 'knex';
import type { Range } from '../addresses/ranges.ts';
import { onlyRow, queryRows } from '../rows.ts';
import type { PoolKey, PoolRow } from './store.ts';

/** Makes sure that there is a row for a pool, and locks it. Whoever comes at the same time waits. By primary key. */
export async function admitPool(trx: Knex, pool: PoolRow): Promise<PoolRow & { readonly isNew: boolean }> {
  const made = await queryRows(
    trx,
    `insert into provider_pools (provider, pool, min, max)
     values (:provider, :pool, :min, :max)
     on conflict (provider, pool) do nothing
     returning pool`,
    { ...pool },
  );
  const rows = await queryRows<PoolRow>(
    trx,
    `select provider, pool, min, max
     from provider_pools
     where provider = :provider
     and pool = :pool
     for update`,
    { provider: pool.provider, pool: pool.pool },
  );
  return { ...onlyRow(rows), isNew: made.length > 0 };
}

/** The pools that are known of providers. */
export async function selectPools(connection: Knex, providers: readonly string[]): Promise<PoolRow[]> {
  return queryRows<PoolRow>(
    connection,
    `select provider, pool, min, max
     from provider_pools
     where provider = any(cast(:providers as text[]))
     order by provider, pool`,
    { providers: [...providers] },
  );
}

/** How many networks have values outside of these bounds, and which. Served by network_allocations_value. */
export async function findOutside(
  trx: Knex,
  { provider, pool, min, max }: PoolRow,
): Promise<{ readonly count: number; readonly lowest: number | null; readonly highest: number | null }> {
  const rows = await queryRows<{ count: number; lowest: number | null; highest: number | null }>(
    trx,
    `select count(*) as count, min(value) as lowest, max(value) as highest
     from network_allocations
     where provider = :provider
     and pool = :pool
     and (value < :min or value > :max)`,
    { provider, pool, min, max },
  );
  return onlyRow(rows);
}

/** What of a pool networks have, or rests, in ascending order and joined. Served by network_allocations_value and the primary key. */
export async function readTakenValues(trx: Knex, { provider, pool }: PoolKey): Promise<Range[]> {
  const rows = await queryRows<{ first: number; last: number }>(
    trx,
    `select min(value) as first, max(value) as last
     from (
       select value, value - row_number() over (order by value) as island
       from (
         select value
         from network_allocations
         where provider = :provider
         and pool = :pool
         union
         select value
         from resting_pool_values
         where provider = :provider
         and pool = :pool
       ) as taken
     ) as numbered
     group by island
     order by first`,
    { provider, pool },
  );
  return rows.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
}

/** Writes new bounds of a locked pool, and forgets its free ranges: they are to be written anew. */
export async function redeclarePool(trx: Knex, pool: PoolRow): Promise<void> {
  await forgetFreeValues(trx, pool);
  await queryRows(
    trx,
    `update provider_pools
     set min = :min, max = :max
     where provider = :provider
     and pool = :pool`,
    { ...pool },
  );
}

/** Removes a locked pool of which no network has a value. */
export async function removePool(trx: Knex, pool: PoolKey): Promise<void> {
  await forgetFreeValues(trx, pool);
  await queryRows(trx, 'delete from provider_pools where provider = :provider and pool = :pool', {
    provider: pool.provider,
    pool: pool.pool,
  });
}

/**
 * Networks of a provider that have no value of a pool, oldest first, kept from being deleted. Reads all networks of the
 * provider: only for the start.
 */
export async function lockNetworksWithout(trx: Knex, { provider, pool }: PoolKey): Promise<string[]> {
  const rows = await queryRows<{ id: string }>(
    trx,
    `select id
     from networks
     where provider = :provider
     and not exists (
       select
       from network_allocations
       where network_allocations.network_id = networks.id
       and network_allocations.pool = :pool
     )
     order by id
     for no key update`,
    { provider, pool },
  );
  return rows.map(({ id }) => id);
}

/** Copies the values that networks have of a pool into their rows, which the caller holds. */
export async function copyAllocations(
  trx: Knex,
  { provider, pool }: PoolKey,
  networkIds: readonly string[],
): Promise<void> {
  await queryRows(
    trx,
    `update networks
     set allocations = allocations || jsonb_build_object(given.pool, given.value)
     from network_allocations as given
     where given.network_id = networks.id
     and given.provider = :provider
     and given.pool = :pool
     and networks.id = any(cast(:networkIds as uuid[]))
     returning networks.id`,
    { provider, pool, networkIds: [...networkIds] },
  );
}

async function forgetFreeValues(trx: Knex, { provider, pool }: PoolKey): Promise<void> {
  await queryRows(
    trx,
    `delete from provider_pool_ranges
     where provider = :provider
     and pool = :pool`,
    { provider, pool },
  );
}
