import type { Network, NetworkInput, NetworkList, NetworkPatch } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  created,
  createOnce,
  inTransaction,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type NewEvent,
  type OperationResponse,
  type PageQuery,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { Parts } from '../parts.ts';
import { invalidRequest, problem } from '../problems.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { lockQuotas, reserveQuota } from '../quotas/store.ts';
import { admitNetwork, retireNetwork } from '../realisation/changes.ts';
import { findProjectsInSight } from '../shares/store.ts';
import { selectSubnetsOf, toSubnetContext } from '../subnets/store.ts';
import { changeTags, writeTags } from '../tags/store.ts';
import { draftChange, draftNetwork, isChanged, isWiringChanged, smallestMtuOfIpv6 } from './drafts.ts';
import { networkEvent } from './events.ts';
import { selectNetworks, type NetworkFilters } from './list-store.ts';
import { lookUpNetwork, readVisibleNetwork } from './lookup.ts';
import { removeNetwork } from './removal.ts';
import {
  changeNetwork,
  findContents,
  insertNetwork,
  readNetwork,
  toNetwork,
  toNetworkContext,
  type NetworkChange,
  type NetworkRow,
} from './store.ts';
import { noteWiringChanged } from './wiring.ts';

/** Which networks to list, and which page of them. */
export type NetworkQuery = PageQuery & Omit<NetworkFilters, 'projectId'>;

/** A refusal names at most so many projects. */
const projectsShown = 10;

/** Makes a network, once its provider has found nothing wrong with it. */
export function createNetwork(
  parts: Parts,
  caller: UserCaller,
  input: NetworkInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => {
    const draft = draftNetwork(parts, caller, input);
    await reserveQuota(trx, parts, caller.projectId, 'networks', 1);
    const row = await admitNetwork(parts, trx, await insertNetwork(trx, draft));
    await writeTags(trx, 'network', row.project_id, [row]);
    const whole = await readNetwork(trx, row.id);
    await appendEvents(trx, [networkEvent(row, 'created')]);
    return created(`/v1/networks/${row.id}`, toNetwork(whole));
  });
}

/** Lists the networks that the project owns and those that others share with it. */
export async function listNetworks(
  { database }: Parts,
  caller: UserCaller,
  query: NetworkQuery,
): Promise<NetworkList> {
  const { limit, pageToken, sort, ...asked } = query;
  const filters = { ...asked, projectId: caller.projectId };
  const page = readPageRequest({ limit, pageToken, sort }, filters);
  return toPage(await selectNetworks(database.knex, filters, page), page, toNetwork);
}

/** Gives one network. */
export async function getNetwork({ database }: Parts, caller: UserCaller, id: string): Promise<Network> {
  return toNetwork(await readVisibleNetwork(database.knex, caller, id));
}

/** Changes what is named of a network; one that is as it should be already stays as it is. */
export function updateNetwork(
  parts: Parts,
  caller: UserCaller,
  id: string,
  patch: NetworkPatch,
  ifMatch: string | undefined,
): Promise<Network> {
  return inTransaction(parts.database, async (trx) => {
    const action = patch.isSharedWithAll === false ? 'update-and-unshare' : 'update';
    const row = await lookUpNetwork(trx, caller, action, id);
    checkIfMatch(ifMatch, row.revision);
    const change = draftChange(parts, caller, row, patch);
    if (!isChanged(row, change)) return toNetwork(await readNetwork(trx, id));
    if (change.mtu !== row.mtu) await checkSubnets(parts, trx, row, change);
    if (row.is_shared_with_all && !change.is_shared_with_all) await checkSight(trx, row);
    const changed = await changeNetwork(trx, id, change);
    await changeTags(trx, 'network', row.project_id, id, { before: row.tags, after: change.tags });
    const events: NewEvent[] = [networkEvent(changed, 'updated')];
    if (isWiringChanged(row, change)) events.push(...(await noteWiringChanged(trx, id)));
    const whole = await readNetwork(trx, id);
    await appendEvents(trx, events);
    return toNetwork(whole);
  });
}

/** Deletes a network that has neither subnets nor ports: at once, or when its provider has taken it down. */
export function deleteNetwork(
  parts: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(parts.database, async (trx) => {
    await lockQuotas(trx, 'networks', [caller.projectId]);
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
    await appendEvents(trx, await removeNetwork(trx, row));
  });
}

/** An MTU must suit the subnets that are there. Whoever makes one meanwhile waits for the network's row. */
async function checkSubnets(
  { providers }: Parts,
  trx: Knex,
  row: NetworkRow,
  change: NetworkChange,
): Promise<void> {
  const subnets = (await selectSubnetsOf(trx, [row.id])).map(toSubnetContext);
  if (change.mtu < smallestMtuOfIpv6 && subnets.some(({ ipVersion }) => ipVersion === 6)) {
    const detail = `must be at least ${smallestMtuOfIpv6}: the network has IPv6 subnets`;
    throw invalidRequest([{ pointer: '/mtu', detail }]);
  }
  const provider = providers.ofNetwork(row);
  const context = toNetworkContext({ ...row, ...change });
  for (const subnet of subnets) refuseIssues(provider.validateSubnet(subnet, context), () => '/mtu');
}

/** Nobody may lose sight of a network in which they have ports. Whoever makes one meanwhile waits for the network's row. */
async function checkSight(trx: Knex, row: NetworkRow): Promise<void> {
  const projects = await findProjectsInSight(trx, row.id, row.project_id, projectsShown);
  if (projects.length === 0) return;
  throw problem(
    'share-in-use',
    `Projects that see the network only because it is shared with all have ports in it: ${projects.join(', ')}` +
      `${projects.length < projectsShown ? '' : ' and perhaps others'}. Share it with them by name, or have the ports deleted.`,
  );
}
