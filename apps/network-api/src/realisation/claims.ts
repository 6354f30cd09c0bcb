import type { NetworkContext, NetworkLifecycle, NetworkState } from '@patchpanel/provider';
import { inTransaction, readIdentity, type Database } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { ProviderCatalog } from '../providers/catalog.ts';
import { selectSubnetsOf, toSubnetContext } from '../subnets/store.ts';
import { claimDue, type RealisationRow } from './store.ts';

/** One network's turn: what is to be done, and the claim under which it is done. */
export interface Claim {
  readonly id: string;
  readonly networkId: string;
  readonly provider: string;
  readonly lifecycle: NetworkLifecycle;
  readonly order:
    | { readonly verb: 'ensure'; readonly state: NetworkState }
    | { readonly verb: 'remove'; readonly network: NetworkContext };
  readonly generation: number;
  /** How often it has been tried since it last succeeded, this time included. */
  readonly attempts: number;
}

/**
 * Claims networks whose turn it is, for so many seconds, with the state to be realised: all of one moment, since whoever changes
 * a network or its subnets waits for the row that a claim locks. Calls no provider.
 */
export function claimNetworks(
  database: Database,
  providers: ProviderCatalog,
  limits: { readonly count: number; readonly seconds: number },
): Promise<readonly Claim[]> {
  const names = providers.all.filter(({ lifecycle }) => lifecycle !== undefined).map(({ name }) => name);
  return inTransaction(database, async (trx) => {
    const id = newId();
    const rows = await claimDue(trx, { id, providers: names, seconds: limits.seconds, limit: limits.count });
    if (rows.length === 0) return [];
    const states = await readStates(trx, rows);
    return rows.flatMap((row): Claim[] => {
      const { lifecycle } = providers.ofNetwork(row);
      if (lifecycle === undefined) return [];
      const { network_id: networkId, provider, generation, attempts } = row;
      const state = row.desired === 'present' ? states.get(networkId) : undefined;
      // Should its row ever be gone before its time, what the provider made of it still has to go.
      const order = state
        ? ({ verb: 'ensure', state } as const)
        : ({ verb: 'remove', network: row.context } as const);
      return [{ id, networkId, provider, lifecycle, order, generation, attempts }];
    });
  });
}

async function readStates(
  trx: Knex,
  rows: readonly RealisationRow[],
): Promise<ReadonlyMap<string, NetworkState>> {
  const ids = rows.map(({ network_id: networkId }) => networkId);
  const { epoch } = await readIdentity(trx);
  const networks: NetworkRow[] = await trx<NetworkRow>('networks').whereIn('id', ids);
  const subnets = await selectSubnetsOf(trx, ids);
  const generations = new Map(rows.map((row) => [row.network_id, row.generation]));
  return new Map(
    networks.map((network): [string, NetworkState] => [
      network.id,
      {
        network: toNetworkContext(network),
        subnets: subnets.filter(({ network_id: networkId }) => networkId === network.id).map(toSubnetContext),
        epoch,
        generation: generations.get(network.id) ?? 0,
      },
    ]),
  );
}
