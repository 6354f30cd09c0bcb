import type { NetworkShare, NetworkShareList } from '@patchpanel/contract-network';
import {
  appendEvents,
  inTransaction,
  readPageRequest,
  toPage,
  type UserCaller,
} from '@patchpanel/service-kit';
import { networkEvent } from '../networks/events.ts';
import { lookUpNetwork } from '../networks/lookup.ts';
import { touchNetwork } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { invalidRequest, problem } from '../problems.ts';
import { deleteShare, findShare, hasPortsIn, insertShare, selectShares, toShare } from './store.ts';

/** Projects' ids come from tokens, in any version of UUID. */
const projectIdForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Lists the projects that a network is shared with, in the order of their ids. */
export async function listNetworkShares(
  { database }: Parts,
  caller: UserCaller,
  networkId: string,
  query: { readonly limit?: number; readonly pageToken?: string },
): Promise<NetworkShareList> {
  await lookUpNetwork(database.knex, caller, 'see-as-owner', networkId);
  const page = readPageRequest(query, { networkId }, { isKey: (key) => projectIdForm.test(key) });
  const rows = await selectShares(database.knex, networkId, page);
  return toPage(
    rows.map((row) => ({ ...row, id: row.project_id })),
    page,
    toShare,
  );
}

/**
 * Lets another project see a network and have ports in it; `isNew` is false when it could already. To the owner it is a change of
 * the network, to the other project a new network.
 */
export function shareNetwork(
  { database }: Parts,
  caller: UserCaller,
  networkId: string,
  projectId: string,
): Promise<{ share: NetworkShare; isNew: boolean }> {
  return inTransaction(database, async (trx) => {
    const network = await lookUpNetwork(trx, caller, 'share', networkId);
    if (projectId === network.project_id) {
      throw invalidRequest([
        { pointer: '/path/projectId', detail: 'must not be the project that owns the network' },
      ]);
    }
    const known = await findShare(trx, networkId, projectId);
    if (known) return { share: toShare(known), isNew: false };
    const made = await insertShare(trx, networkId, projectId);
    const touched = await touchNetwork(trx, networkId);
    await appendEvents(trx, [
      networkEvent(touched, 'updated'),
      networkEvent({ ...touched, project_id: projectId }, 'created'),
    ]);
    return { share: toShare(made), isNew: true };
  });
}

/**
 * Takes a network out of another project's sight, unless it has ports there. Whoever makes one holds the network's row, so it is
 * either there and seen, or comes too late.
 */
export function unshareNetwork(
  { database }: Parts,
  caller: UserCaller,
  networkId: string,
  projectId: string,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    const network = await lookUpNetwork(trx, caller, 'unshare', networkId);
    if (!(await deleteShare(trx, networkId, projectId))) {
      throw problem('share-not-found', `The network is not shared with project ${projectId}.`);
    }
    const staysInSight = network.is_shared_with_all;
    if (!staysInSight && (await hasPortsIn(trx, networkId, projectId))) {
      throw problem(
        'share-in-use',
        `Project ${projectId} has ports in the network. They must be deleted there first.`,
      );
    }
    const touched = await touchNetwork(trx, networkId);
    await appendEvents(trx, [
      networkEvent(touched, 'updated'),
      ...(staysInSight ? [] : [networkEvent({ ...touched, project_id: projectId }, 'deleted')]),
    ]);
  });
}
