import type { Network, NetworkInput, NetworkList } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  created,
  createOnce,
  inTransaction,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import { v7 as newId } from 'uuid';
import { withConstraints } from '../constraints.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { admitNetwork, retireNetwork } from '../realisation/changes.ts';
import { networkEvent } from './events.ts';
import { lookUpNetwork } from './lookup.ts';
import {
  deleteNetworkRow,
  findContents,
  insertNetwork,
  selectNetworks,
  toNetwork,
  toNetworkContext,
} from './store.ts';

/** Makes a network, once its provider has found nothing wrong with it. */
export function createNetwork(
  parts: Parts,
  caller: UserCaller,
  input: NetworkInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => {
    const draft = {
      id: newId(),
      project_id: caller.projectId,
      name: input.name ?? '',
      provider: input.provider ?? parts.providers.defaultName,
      provider_options: input.providerOptions ?? null,
      mtu: input.mtu ?? 1500,
    };
    const unallocated = { ...draft, admin_state: 'up', allocations: {} } as const;
    parts.providers.checkNetwork(draft.provider, toNetworkContext(unallocated));
    const row = await admitNetwork(parts, trx, await insertNetwork(trx, draft));
    await appendEvents(trx, [networkEvent(row, 'created')]);
    return created(`/v1/networks/${row.id}`, toNetwork(row));
  });
}

/** Lists the project's networks, oldest first. */
export async function listNetworks(
  { database }: Parts,
  caller: UserCaller,
  query: { readonly limit?: number; readonly pageToken?: string; readonly name?: string },
): Promise<NetworkList> {
  const filters = {
    project_id: caller.projectId,
    ...(query.name === undefined ? {} : { name: query.name }),
  };
  const page = readPageRequest(query, filters);
  return toPage(await selectNetworks(database.knex, filters, page), page, toNetwork);
}

/** Gives one network. */
export async function getNetwork({ database }: Parts, caller: UserCaller, id: string): Promise<Network> {
  return toNetwork(await lookUpNetwork(database.knex, caller, 'read', id));
}

/** Deletes a network that has neither subnets nor ports: at once, or when its provider has taken it down. */
export function deleteNetwork(
  parts: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(parts.database, async (trx) => {
    const row = await lookUpNetwork(trx, caller, 'delete', id);
    checkIfMatch(ifMatch, row.revision);
    if (row.status === 'deleting') return;
    const { hasSubnets, hasPorts } = await findContents(trx, id);
    if (hasSubnets || hasPorts) {
      const what = [hasPorts ? 'ports' : '', hasSubnets ? 'subnets' : ''].filter((word) => word !== '');
      throw problem('network-in-use', `The network has ${what.join(' and ')}. Delete them first.`);
    }
    const retired = await retireNetwork(parts, trx, row);
    if (retired !== 'gone') return appendEvents(trx, [networkEvent(retired, 'updated')]);
    await withConstraints(() => deleteNetworkRow(trx, id));
    await appendEvents(trx, [networkEvent({ ...row, revision: row.revision + 1 }, 'deleted')]);
  });
}
