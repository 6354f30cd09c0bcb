import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { withConstraints } from '../constraints.ts';
import { returnQuota } from '../quotas/store.ts';
import { selectSharers } from '../shares/store.ts';
import { removeTags } from '../tags/store.ts';
import { networkEvent } from './events.ts';
import { deleteNetworkRow, type NetworkRow } from './store.ts';

/**
 * Removes a network of which nothing is left, and gives the events to append: projects with which it was shared by name were told
 * when it came, and are told that it goes. The caller holds its project's quota of networks, and then the network's row alone.
 */
export async function removeNetwork(trx: Knex.Transaction, row: NetworkRow): Promise<NewEvent[]> {
  const gone = { ...row, revision: row.revision + 1 };
  const projectIds = [row.project_id, ...(await selectSharers(trx, row.id))];
  await returnQuota(trx, row.project_id, 'networks', 1);
  if (row.tags.length > 0) await removeTags(trx, [row.id]);
  await withConstraints(() => deleteNetworkRow(trx, row.id));
  return projectIds.map((projectId) => networkEvent({ ...gone, project_id: projectId }, 'deleted'));
}
