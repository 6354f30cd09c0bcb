import type { Subnet, SubnetInput, SubnetList, SubnetPatch } from '@patchpanel/contract-network';
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
  type PageQuery,
  type UserCaller,
} from '@patchpanel/service-kit';
import { insertFreeRanges } from '../addresses/free-store.ts';
import { storedCidr } from '../addresses/ip.ts';
import { returnRested } from '../addresses/store.ts';
import { planSubnet } from '../addresses/subnet-plan.ts';
import { restStrayAddresses } from '../agents/stray-addresses.ts';
import { selectStraysIn } from '../agents/stray-store.ts';
import { withConstraints } from '../constraints.ts';
import { lookUpNetwork } from '../networks/lookup.ts';
import { noteWiringChanged } from '../networks/wiring.ts';
import type { Parts } from '../parts.ts';
import { invalidRequest, problem } from '../problems.ts';
import { lockQuotas, reserveQuota, returnQuota } from '../quotas/store.ts';
import { changeTags, removeTags, writeTags } from '../tags/store.ts';
import {
  checkDhcpServer,
  checkWithProvider,
  draftChange,
  draftSubnet,
  isChanged,
  isWiringChanged,
} from './drafts.ts';
import { subnetEvent } from './events.ts';
import { selectSubnets, type SubnetFilters } from './list-store.ts';
import { lookUpSubnet, readVisibleSubnet } from './lookup.ts';
import { planOf } from './plans.ts';
import { changePools } from './pools.ts';
import { changeSubnet, deleteSubnetRow, findOverlap, findUses, insertSubnet, toSubnet } from './store.ts';

/** Which subnets to list, and which page of them. */
export type SubnetQuery = PageQuery & Omit<SubnetFilters, 'projectId'>;

/** Gives a network a subnet: gateway, DHCP server and pools worked out, every address of the pools free. */
export function createSubnet(
  parts: Parts,
  caller: UserCaller,
  networkId: string,
  input: SubnetInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  const planned = planSubnet(input);
  return createOnce(parts, idempotency, async (trx) => {
    // Quotas are locked before networks, but of one's quota is spoken only where there is a network to have the subnet.
    await lookUpNetwork(trx, caller, 'see-as-owner', networkId);
    if (!planned.isValid) throw invalidRequest(planned.issues);
    const { plan } = planned;
    await reserveQuota(trx, parts, caller.projectId, 'subnets', 1);
    const network = await lookUpNetwork(trx, caller, 'add-subnet', networkId);
    const draft = draftSubnet(network, input, plan);
    checkWithProvider(parts, network, draft);
    const other = await findOverlap(trx, network.id, plan.cidr);
    if (other) {
      throw problem(
        'subnet-overlap',
        `${draft.cidr} overlaps ${other.cidr}, subnet ${other.id} of the network.`,
      );
    }
    const row = await withConstraints(() => insertSubnet(trx, draft));
    await insertFreeRanges(trx, { id: row.id, ipVersion: plan.cidr.version }, plan.pools);
    // After a restore hosts may have wired addresses of a subnet that this database does not know yet, or no longer.
    await restStrayAddresses(trx, await selectStraysIn(trx, network.id), [row.id]);
    await writeTags(trx, 'subnet', row.project_id, [row]);
    const wiring = await noteWiringChanged(trx, network.id);
    await appendEvents(trx, [subnetEvent(row, 'created'), ...wiring]);
    return created(`/v1/subnets/${row.id}`, toSubnet(row));
  });
}

/** Lists the project's subnets, or those of a network that it sees. */
export async function listSubnets(
  { database }: Parts,
  caller: UserCaller,
  query: SubnetQuery,
): Promise<SubnetList> {
  const { limit, pageToken, sort, ...asked } = query;
  const filters = { ...asked, projectId: caller.projectId };
  const page = readPageRequest({ limit, pageToken, sort }, filters);
  return toPage(await selectSubnets(database.knex, filters, page), page, toSubnet);
}

/** Gives one subnet. */
export async function getSubnet({ database }: Parts, caller: UserCaller, id: string): Promise<Subnet> {
  return toSubnet(await readVisibleSubnet(database.knex, caller, id));
}

/** Changes what is named of a subnet; one that is as it should be already stays as it is. */
export function updateSubnet(
  parts: Parts,
  caller: UserCaller,
  id: string,
  patch: SubnetPatch,
  ifMatch: string | undefined,
): Promise<Subnet> {
  return inTransaction(parts.database, async (trx) => {
    const { network, subnet: row } = await lookUpSubnet(trx, caller, 'update', id);
    checkIfMatch(ifMatch, row.revision);
    const change = draftChange(row, patch);
    if (!isChanged(row, change)) return toSubnet(row);
    const after = { ...row, ...change };
    const isWired = isWiringChanged(row, after);
    if (isWired) checkWithProvider(parts, network, after);
    await checkDhcpServer(trx, row, after);
    const { cidr, pools } = planOf(row);
    await changePools(trx, caller, { id, ipVersion: cidr.version }, pools, planOf(after).pools);
    const changed = await changeSubnet(trx, id, change);
    await changeTags(trx, 'subnet', row.project_id, id, { before: row.tags, after: change.tags });
    const wiring = isWired ? await noteWiringChanged(trx, network.id) : [];
    await appendEvents(trx, [subnetEvent(changed, 'updated'), ...wiring]);
    return toSubnet(changed);
  });
}

/** Deletes a subnet of which no port has an address and no address rests. */
export function deleteSubnet(
  { database }: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    await lockQuotas(trx, 'subnets', [caller.projectId]);
    const { network, subnet: row } = await lookUpSubnet(trx, caller, 'delete', id);
    checkIfMatch(ifMatch, row.revision);
    const subnet = { id, ipVersion: storedCidr(row.cidr).version };
    while (await returnRested(trx, subnet));
    const { isUsed, isResting } = await findUses(trx, id);
    if (isUsed) throw problem('subnet-in-use', 'Ports have addresses of the subnet. Delete them first.');
    if (isResting) {
      throw problem(
        'subnet-in-use',
        'Addresses of deleted ports still rest, because a host may be using them. Try again later.',
      );
    }
    await returnQuota(trx, row.project_id, 'subnets', 1);
    if (row.tags.length > 0) await removeTags(trx, [id]);
    await withConstraints(() => deleteSubnetRow(trx, id));
    const wiring = await noteWiringChanged(trx, network.id);
    await appendEvents(trx, [subnetEvent({ ...row, revision: row.revision + 1 }, 'deleted'), ...wiring]);
  });
}
