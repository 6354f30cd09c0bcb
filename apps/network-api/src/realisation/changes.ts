import { announceAfterCommit, type NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { networkEvent } from '../networks/events.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { allocatePoolValues } from '../pools/allocation.ts';
import { restAllocations } from '../pools/store.ts';
import {
  admitNetworkRow,
  desireAbsence,
  insertRealisation,
  raiseGeneration,
  updateNetworkStatus,
} from './store.ts';

/** What the workers of this process wait for. */
export const realisationKey = 'realisation';

const waiting = {
  building: 'The provider has yet to realise the network as it is described.',
  deleting: 'The provider has yet to take the network down.',
} as const;

/**
 * Has a network that was just inserted taken up by its provider, in the same transaction: gives it its numbers, and queues what
 * the provider has to do outside the hosts. Gives the row as it is then. Throws `provider-pool-exhausted` (409).
 */
export async function admitNetwork(
  { providers, addressRestSeconds }: Pick<Parts, 'providers' | 'addressRestSeconds'>,
  trx: Knex.Transaction,
  row: NetworkRow,
): Promise<NetworkRow> {
  const provider = providers.ofNetwork(row);
  const hasLifecycle = provider.lifecycle !== undefined;
  const allocations = await allocatePoolValues(trx, provider, row.id, addressRestSeconds);
  if (!hasLifecycle && Object.keys(allocations).length === 0) return row;
  const admitted = await admitNetworkRow(trx, row.id, {
    allocations,
    status: hasLifecycle ? 'building' : 'active',
    status_reason: hasLifecycle ? waiting.building : null,
  });
  if (hasLifecycle) {
    const { id, project_id, provider: name } = admitted;
    await insertRealisation(trx, {
      network_id: id,
      project_id,
      provider: name,
      context: toNetworkContext(admitted),
    });
    announceAfterCommit(trx, [realisationKey]);
  }
  return admitted;
}

/**
 * Queues a network whose description, or any subnet of it, is changed by this transaction. The caller holds the network's row
 * against other changes. Gives the events of what that changes of the network itself: none when its provider has nothing to do
 * outside the hosts.
 */
export async function noteNetworkChanged(trx: Knex.Transaction, networkId: string): Promise<NewEvent[]> {
  if (!(await raiseGeneration(trx, networkId))) return [];
  const row = await updateNetworkStatus(trx, networkId, {
    status: 'building',
    status_reason: waiting.building,
  });
  announceAfterCommit(trx, [realisationKey]);
  return [networkEvent(row, 'updated')];
}

/**
 * Begins the end of a network that is empty, whose row the caller holds alone. `gone`: there is nothing to wait for, the row can
 * be deleted now, and its numbers rest. Otherwise gives the row, which says `deleting` now: it goes by itself once the provider
 * has taken the network down, and so do its numbers.
 */
export async function retireNetwork(
  { providers, addressRestSeconds }: Pick<Parts, 'providers' | 'addressRestSeconds'>,
  trx: Knex.Transaction,
  row: NetworkRow,
): Promise<NetworkRow | 'gone'> {
  const { lifecycle } = providers.ofNetwork(row);
  if (lifecycle === undefined || !(await desireAbsence(trx, row.id, toNetworkContext(row)))) {
    if (Object.keys(row.allocations).length > 0) await restAllocations(trx, row.id, addressRestSeconds);
    return 'gone';
  }
  announceAfterCommit(trx, [realisationKey]);
  return updateNetworkStatus(trx, row.id, { status: 'deleting', status_reason: waiting.deleting });
}
