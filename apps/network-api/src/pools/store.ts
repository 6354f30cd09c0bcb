import type { Knex } from 'knex';
import { giveBack, rangesOf, type Range, type RangeChange } from '../addresses/ranges.ts';
import { queryRows } from '../rows.ts';

/** Names one pool. */
export interface PoolKey {
  readonly provider: string;
  readonly pool: string;
}

/** A pool with what its provider declared last. */
export interface PoolRow extends PoolKey {
  readonly min: number;
  readonly max: number;
}

/** At most so many resting values are looked at in one statement. */
const restBatch = 1000;

interface RangeRow {
  readonly first: number;
  readonly last: number;
}

/** Locks a pool: whoever takes values out of it, or puts some back, holds this. By primary key. */
export async function lockPool(trx: Knex, { provider, pool }: PoolKey): Promise<PoolRow | undefined> {
  const rows = await queryRows<PoolRow>(
    trx,
    `select provider, pool, min, max
     from provider_pools
     where provider = :provider
     and pool = :pool
     for no key update`,
    { provider, pool },
  );
  return rows[0];
}

/** The first free ranges of a locked pool, by primary key. */
export async function readFreeValues(trx: Knex, key: PoolKey, count: number): Promise<Range[]> {
  const rows = await queryRows<RangeRow>(
    trx,
    `select first, last
     from provider_pool_ranges
     where provider = :provider
     and pool = :pool
     order by last
     limit :count`,
    { provider: key.provider, pool: key.pool, count },
  );
  return rows.map(toRange);
}

/** Writes what became of a locked pool's free ranges, in one statement. */
export async function applyFreeValues(trx: Knex, key: PoolKey, change: RangeChange): Promise<void> {
  if (change.forgotten.length === 0 && change.written.length === 0) return;
  await queryRows(
    trx,
    `with forgotten as (
       delete from provider_pool_ranges
       where provider = :provider
       and pool = :pool
       and last = any(cast(:forgotten as bigint[]))
     )
     insert into provider_pool_ranges (provider, pool, first, last)
     select :provider, :pool, written.first, written.last
     from unnest(cast(:firsts as bigint[]), cast(:lasts as bigint[])) as written(first, last)
     on conflict (provider, pool, last) do update
       set first = excluded.first`,
    {
      provider: key.provider,
      pool: key.pool,
      forgotten: change.forgotten.map(String),
      firsts: change.written.map(({ first }) => String(first)),
      lasts: change.written.map(({ last }) => String(last)),
    },
  );
}

/**
 * Makes values of a locked pool free whose rest is over, joining them with their free neighbours; says whether there were any.
 * Values that the provider no longer declares just end. Served by the primary keys.
 */
export async function returnRestedValues(trx: Knex, pool: PoolRow): Promise<boolean> {
  const { provider, min, max } = pool;
  const rested = await queryRows<{ value: number }>(
    trx,
    `delete from resting_pool_values
     where provider = :provider
     and pool = :pool
     and value = any(array(
       select value
       from resting_pool_values
       where provider = :provider
       and pool = :pool
       and rest_until <= clock_timestamp()
       limit :restBatch
     ))
     returning value`,
    { provider, pool: pool.pool, restBatch },
  );
  const values = rested.map(({ value }) => value).filter((value) => min <= value && value <= max);
  if (values.length > 0) {
    const returned = rangesOf(values.map(BigInt));
    await applyFreeValues(trx, pool, giveBack(await readTouching(trx, pool, returned), returned));
  }
  return rested.length > 0;
}

async function readTouching(trx: Knex, key: PoolKey, runs: readonly Range[]): Promise<Range[]> {
  const rows = await queryRows<RangeRow>(
    trx,
    `select before.first, before.last
     from unnest(cast(:firsts as bigint[])) as run(first)
     join provider_pool_ranges as before
       on before.provider = :provider and before.pool = :pool and before.last = run.first - 1
     union
     select behind.first, behind.last
     from unnest(cast(:lasts as bigint[])) as run(last)
     cross join lateral (
       select first, last
       from provider_pool_ranges
       where provider = :provider
       and pool = :pool
       and last > run.last
       order by last
       limit 1
     ) as behind
     where behind.first = run.last + 1`,
    {
      provider: key.provider,
      pool: key.pool,
      firsts: runs.map(({ first }) => String(first)),
      lasts: runs.map(({ last }) => String(last)),
    },
  );
  return rows.map(toRange);
}

/** Writes which networks have which values of a pool; a copy in the networks' rows is for those who make them. */
export async function insertAllocations(
  trx: Knex,
  { provider, pool }: PoolKey,
  allocations: readonly { readonly networkId: string; readonly value: bigint }[],
): Promise<void> {
  await queryRows(
    trx,
    `insert into network_allocations (network_id, provider, pool, value)
     select given.network_id, :provider, :pool, given.value
     from unnest(cast(:networkIds as uuid[]), cast(:values as bigint[])) as given(network_id, value)`,
    {
      provider,
      pool,
      networkIds: allocations.map(({ networkId }) => networkId),
      values: allocations.map(({ value }) => String(value)),
    },
  );
}

/**
 * Takes the values of a network away from it, whose row is locked alone. They rest: for so many seconds, or, while a host has
 * not yet confirmed that all wiring of the network is gone, until then and that long. Served by primary keys and
 * bindings_network_leaving: all bindings of a network without ports are on their way out.
 */
export async function restAllocations(trx: Knex, networkId: string, restSeconds: number): Promise<void> {
  await queryRows(
    trx,
    `with released as (
       delete from network_allocations
       where network_id = :networkId
       returning provider, pool, value
     )
     insert into resting_pool_values (provider, pool, value, network_id, rest_until)
     select
       provider,
       pool,
       value,
       :networkId,
       case
         when exists (select from bindings where network_id = :networkId and desired = 'absent') then null
         else clock_timestamp() + make_interval(secs => cast(:restSeconds as double precision))
       end
     from released`,
    { networkId, restSeconds },
  );
}

/**
 * Starts the rest of values for which no host has anything left to confirm; says how many. It passes over rows that others
 * hold: they do the same. Served by resting_pool_values_waiting and bindings_network_leaving.
 */
export async function startPoolRest(connection: Knex, restSeconds: number): Promise<number> {
  const rows = await queryRows(
    connection,
    `with freed as materialized (
       select provider, pool, value
       from resting_pool_values as waiting
       where rest_until is null
       and not exists (
         select
         from bindings
         where bindings.network_id = waiting.network_id
         and bindings.desired = 'absent'
       )
       limit :restBatch
       for update skip locked
     )
     update resting_pool_values as resting
     set rest_until = clock_timestamp() + make_interval(secs => cast(:restSeconds as double precision))
     from freed
     where resting.provider = freed.provider
     and resting.pool = freed.pool
     and resting.value = freed.value
     returning resting.value`,
    { restSeconds, restBatch },
  );
  return rows.length;
}

/** How many values of each pool networks have, and how many rest. Counts rows: for operators, not for every request. */
export async function selectPoolUsage(
  connection: Knex,
): Promise<readonly (PoolKey & { readonly used: number; readonly resting: number })[]> {
  return queryRows(
    connection,
    `select
       provider,
       pool,
       (
         select count(*)
         from network_allocations as used
         where used.provider = declared.provider
         and used.pool = declared.pool
       ) as used,
       (
         select count(*)
         from resting_pool_values as resting
         where resting.provider = declared.provider
         and resting.pool = declared.pool
       ) as resting
     from provider_pools as declared`,
    {},
  );
}

function toRange({ first, last }: RangeRow): Range {
  return { first: BigInt(first), last: BigInt(last) };
}
