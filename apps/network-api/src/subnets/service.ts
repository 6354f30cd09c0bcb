import type { Subnet, SubnetInput, SubnetList } from '@patchpanel/contract-network';
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
  type UserCaller,
} from '@patchpanel/service-kit';
import { v7 as newId } from 'uuid';
import { formatCidr, formatIp, storedCidr } from '../addresses/ip.ts';
import { insertFreeRanges, returnRested } from '../addresses/store.ts';
import { planSubnet, type SubnetPlan } from '../addresses/subnet-plan.ts';
import { withConstraints } from '../constraints.ts';
import { lookUpNetwork } from '../networks/lookup.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { invalidRequest, problem } from '../problems.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { lookUpSubnet } from './lookup.ts';
import {
  deleteSubnetRow,
  findOverlap,
  findUses,
  insertSubnet,
  selectSubnets,
  toSubnet,
  toSubnetContext,
  type SubnetRow,
} from './store.ts';

/** Gives a network a subnet: gateway and pools worked out, every pool free. */
export function createSubnet(
  parts: Parts,
  caller: UserCaller,
  networkId: string,
  input: SubnetInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  const planned = planSubnet(input);
  return createOnce(parts, idempotency, async (trx) => {
    const network = await lookUpNetwork(trx, caller, 'add-subnet', networkId);
    if (!planned.isValid) throw invalidRequest(planned.issues);
    const { plan } = planned;
    const draft = draftOf(network, input.name ?? '', plan);
    checkWithProvider(parts, network, draft, plan);
    const other = await findOverlap(trx, network.id, plan.cidr);
    if (other) {
      throw problem(
        'subnet-overlap',
        `${draft.cidr} overlaps ${other.cidr}, subnet ${other.id} of the network.`,
      );
    }
    const row = await withConstraints(() => insertSubnet(trx, draft));
    await insertFreeRanges(trx, { id: row.id, ipVersion: plan.cidr.version }, plan.pools);
    await appendEvents(trx, [subnetEvent(row, 'created')]);
    return created(`/v1/subnets/${row.id}`, toSubnet(row));
  });
}

/** Lists the project's subnets, oldest first. */
export async function listSubnets(
  { database }: Parts,
  caller: UserCaller,
  query: { readonly limit?: number; readonly pageToken?: string; readonly networkId?: string },
): Promise<SubnetList> {
  const filters = {
    project_id: caller.projectId,
    ...(query.networkId === undefined ? {} : { network_id: query.networkId }),
  };
  const page = readPageRequest(query, filters);
  return toPage(await selectSubnets(database.knex, filters, page), page, toSubnet);
}

/** Gives one subnet. */
export async function getSubnet({ database }: Parts, caller: UserCaller, id: string): Promise<Subnet> {
  return toSubnet(await lookUpSubnet(database.knex, caller, 'read', id));
}

/** Deletes a subnet of which no port has an address and no address rests. */
export function deleteSubnet(
  { database }: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    const row = await lookUpSubnet(trx, caller, 'delete', id);
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
    await withConstraints(() => deleteSubnetRow(trx, id));
    await appendEvents(trx, [subnetEvent({ ...row, revision: row.revision + 1 }, 'deleted')]);
  });
}

function draftOf(
  network: NetworkRow,
  name: string,
  { cidr, gateway, pools }: SubnetPlan,
): Omit<SubnetRow, 'revision' | 'created_at' | 'updated_at'> {
  const text = (value: bigint) => formatIp(cidr.version, value);
  return {
    id: newId(),
    project_id: network.project_id,
    network_id: network.id,
    name,
    description: '',
    tags: [],
    cidr: formatCidr(cidr),
    gateway_ip: gateway === undefined ? null : text(gateway),
    allocation_pools: pools.map(({ first, last }) => ({ first: text(first), last: text(last) })),
    dns_servers: [],
    host_routes: [],
    is_dhcp_enabled: false,
    dhcp_server_ip: null,
    ipv6_mode: cidr.version === 6 ? 'static' : null,
  };
}

function checkWithProvider(
  { providers }: Parts,
  network: NetworkRow,
  draft: Pick<SubnetRow, 'id' | 'network_id' | 'cidr' | 'gateway_ip'>,
  { cidr }: SubnetPlan,
): void {
  const provider = providers.ofNetwork(network);
  if (!provider.capabilities().ipVersions.includes(cidr.version)) {
    throw invalidRequest([
      {
        pointer: '/cidr',
        detail: `must not be IPv${cidr.version}: the provider ${provider.name} does not carry it`,
      },
    ]);
  }
  refuseIssues(provider.validateSubnet(toSubnetContext(draft), toNetworkContext(network)));
}

function subnetEvent(
  row: Pick<SubnetRow, 'id' | 'project_id' | 'revision'>,
  change: 'created' | 'deleted',
): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'subnet',
    resourceId: row.id,
    revision: row.revision,
    change,
  };
}
