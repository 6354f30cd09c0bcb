import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { noteNetworkChanged } from '../realisation/changes.ts';
import { onlyRow, queryRows } from '../rows.ts';

/**
 * Notes that what hosts are told of a network's ports changes with this transaction: its MTU or admin state, or a subnet. Raises
 * the revision of every wiring document of the network, and has its provider realise the network anew. Call it after the change,
 * holding the network's row against other changes. Gives the events to append: for the hosts with ports of the network, and for
 * its owner, where the change is one of its status, too.
 */
export async function noteWiringChanged(trx: Knex.Transaction, networkId: string): Promise<NewEvent[]> {
  const rows = await queryRows<{ project_id: string; wiring_revision: number }>(
    trx,
    `update networks
     set wiring_revision = wiring_revision + 1
     where id = :networkId
     returning project_id, wiring_revision`,
    { networkId },
  );
  const { project_id: projectId, wiring_revision: revision } = onlyRow(rows);
  return [
    ...(await noteNetworkChanged(trx, networkId)),
    {
      projectId,
      audience: `network:${networkId}`,
      resourceType: 'network',
      resourceId: networkId,
      revision,
      change: 'updated',
    },
  ];
}
