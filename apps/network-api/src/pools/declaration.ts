import { inTransaction, type Database } from '@patchpanel/service-kit';
import type { ServerProvider } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { poolsOf, takeValues } from './allocation.ts';
import {
  admitPool,
  copyAllocations,
  findOutside,
  lockNetworksWithout,
  readTakenValues,
  redeclarePool,
  removePool,
  selectPools,
} from './declaration-store.ts';
import { freeValues } from './free-values.ts';
import { applyFreeValues, insertAllocations, type PoolRow } from './store.ts';

/** What providers declare does not fit what networks have; the message says what to do. */
export class PoolDeclarationError extends Error {
  override readonly name = 'PoolDeclarationError';
}

/**
 * Brings the stored pools in line with what the loaded providers declare, for the start of the service: all or nothing. Networks
 * that were made before their provider declared a pool get their value, which `onGiven` is told of.
 * @throws PoolDeclarationError when networks have values that are no longer declared, or when there are too few for all of them.
 */
export async function preparePools(
  database: Database,
  providers: readonly ServerProvider[],
  onGiven: (trx: Knex.Transaction, networkIds: readonly string[]) => Promise<void>,
): Promise<void> {
  if (providers.length === 0) return;
  await inTransaction(database, async (trx) => {
    // Networks before pools, which is the order of locks.
    const lacking = new Map<string, readonly string[]>();
    const declared = providers
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((provider) =>
        poolsOf(provider).map(({ name, min, max }) => ({ provider: provider.name, pool: name, min, max })),
      );
    for (const pool of declared) lacking.set(keyOf(pool), await lockNetworksWithout(trx, pool));
    await removeUndeclared(trx, providers, declared);
    for (const pool of declared) {
      await declarePool(trx, pool);
      await supply(trx, pool, lacking.get(keyOf(pool)) ?? []);
    }
    const given = [...new Set([...lacking.values()].flat())].toSorted();
    if (given.length > 0) await onGiven(trx, given);
  });
}

async function declarePool(trx: Knex, pool: PoolRow): Promise<void> {
  const stored = await admitPool(trx, pool);
  if (!stored.isNew && stored.min === pool.min && stored.max === pool.max) return;
  await refuseOutside(trx, pool, `declares its pool ${pool.pool} as ${pool.min} to ${pool.max} now`);
  await redeclarePool(trx, pool);
  const free = freeValues(pool.min, pool.max, await readTakenValues(trx, pool));
  await applyFreeValues(trx, pool, { forgotten: [], written: free });
}

async function removeUndeclared(
  trx: Knex,
  providers: readonly ServerProvider[],
  declared: readonly PoolRow[],
): Promise<void> {
  const stored = await selectPools(
    trx,
    providers.map(({ name }) => name),
  );
  const keys = new Set(declared.map(keyOf));
  for (const pool of stored.filter((candidate) => !keys.has(keyOf(candidate)))) {
    await admitPool(trx, pool);
    // Nothing lies inside bounds that are the wrong way round.
    await refuseOutside(trx, { ...pool, min: 1, max: 0 }, `no longer declares its pool ${pool.pool}`);
    await removePool(trx, pool);
  }
}

async function refuseOutside(trx: Knex, pool: PoolRow, what: string): Promise<void> {
  const { count, lowest, highest } = await findOutside(trx, pool);
  if (count === 0) return;
  throw new PoolDeclarationError(
    `the provider ${pool.provider} ${what}, but networks still have numbers outside of that: ${count}, from ` +
      `${String(lowest)} to ${String(highest)}. Delete those networks first, or start with a provider that declares the numbers.`,
  );
}

async function supply(trx: Knex, pool: PoolRow, networkIds: readonly string[]): Promise<void> {
  if (networkIds.length === 0) return;
  const values = await takeValues(trx, pool, networkIds.length, 0);
  const allocations = networkIds.flatMap((networkId, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ networkId, value }];
  });
  if (allocations.length < networkIds.length) {
    throw new PoolDeclarationError(
      `the pool ${pool.pool} of the provider ${pool.provider} has ${values.length} left, but ${networkIds.length} networks ` +
        'that were made before the pool was declared need one each. Declare a larger pool.',
    );
  }
  await insertAllocations(trx, pool, allocations);
  await copyAllocations(trx, pool, networkIds);
}

function keyOf({ provider, pool }: { readonly provider: string; readonly pool: string }): string {
  return `${provider}/${pool}`;
}
