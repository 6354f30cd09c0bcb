import type { PoolDeclaration, ServerProvider } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { changeBetween, takeAddresses } from '../addresses/ranges.ts';
import { problem } from '../problems.ts';
import {
  applyFreeValues,
  insertAllocations,
  lockPool,
  readFreeValues,
  returnRestedValues,
  startPoolRest,
  type PoolKey,
} from './store.ts';

/**
 * Gives a network that is being made one value from each pool of its provider, lowest first, inside the network's transaction;
 * a transaction that is rolled back takes none. Pools are locked in order of name, until the transaction ends.
 * Throws `provider-pool-exhausted` (409).
 */
export async function allocatePoolValues(
  trx: Knex,
  provider: ServerProvider,
  networkId: string,
  restSeconds: number,
): Promise<Readonly<Record<string, number>>> {
  const allocations: Record<string, number> = {};
  for (const { name } of poolsOf(provider)) {
    const key = { provider: provider.name, pool: name };
    const [value] = await takeValues(trx, key, 1, restSeconds);
    if (value === undefined) throw exhausted(key);
    await insertAllocations(trx, key, [{ networkId, value }]);
    allocations[name] = Number(value);
  }
  return allocations;
}

/** The pools of a provider in the order in which they are locked. */
export function poolsOf(provider: ServerProvider): readonly PoolDeclaration[] {
  return provider.capabilities().pools.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Takes values from the head of a pool, and locks it; fewer when it has no more. Nobody has them until they are written down. */
export async function takeValues(
  trx: Knex,
  key: PoolKey,
  count: number,
  restSeconds: number,
): Promise<readonly bigint[]> {
  const pool = await lockPool(trx, key);
  if (!pool)
    throw new Error(`the pool ${key.pool} of the provider ${key.provider} was not prepared at start`);
  await returnRestedValues(trx, pool);
  for (;;) {
    const free = await readFreeValues(trx, key, count);
    const { automatic, left } = takeAddresses(free, [], count);
    const isShort = automatic.length < count;
    // Rested values return in batches: look again as long as there are some.
    if (isShort && (await startPoolRest(trx, restSeconds)) > 0) continue;
    if (isShort && (await returnRestedValues(trx, pool))) continue;
    await applyFreeValues(trx, key, changeBetween(free, left));
    return automatic;
  }
}

function exhausted({ provider, pool }: PoolKey): Error {
  return problem(
    'provider-pool-exhausted',
    `The provider ${provider} has no ${pool} left for another network. Delete networks of this provider and try again after ` +
      'their numbers have rested, or choose another provider.',
  );
}
