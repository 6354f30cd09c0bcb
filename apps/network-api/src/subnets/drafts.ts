import { isDeepStrictEqual } from 'node:util';
import type { SubnetInput, SubnetPatch } from '@patchpanel/contract-network';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { storedCidr } from '../addresses/ip.ts';
import { changePlan, type SubnetPlan } from '../addresses/subnet-plan.ts';
import { smallestMtuOfIpv6 } from '../networks/drafts.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { invalidRequest } from '../problems.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { normaliseTags } from '../tags/store.ts';
import { columnsOf, planOf } from './plans.ts';
import { selectHeld } from './pools.ts';
import { toSubnetContext, type NewSubnet, type SubnetChangeRow, type SubnetRow } from './store.ts';

/** A new subnet of a network, as it is stored. */
export function draftSubnet(network: NetworkRow, input: SubnetInput, plan: SubnetPlan): NewSubnet {
  return {
    id: newId(),
    project_id: network.project_id,
    network_id: network.id,
    name: input.name ?? '',
    description: input.description ?? '',
    tags: normaliseTags(input.tags),
    ...columnsOf(plan),
  };
}

/** Works out what a patch makes of a subnet. Throws `invalid-request` when that can't be. */
export function draftChange(row: SubnetRow, patch: SubnetPatch): SubnetChangeRow {
  const result = changePlan(planOf(row), patch);
  if (!result.isValid) throw invalidRequest(result.issues);
  const { cidr: _, ...columns } = columnsOf(result.plan);
  return {
    name: patch.name ?? row.name,
    description: patch.description ?? row.description,
    tags: patch.tags === undefined ? row.tags : normaliseTags(patch.tags),
    ...columns,
  };
}

/** Whether the change changes anything. */
export function isChanged(row: SubnetRow, change: SubnetChangeRow): boolean {
  const { tags, name, description } = row;
  const { cidr: _, ...columns } = columnsOf(planOf(row));
  return !isDeepStrictEqual(
    { name, description, tags: [...tags], ...columns },
    { ...change, tags: [...change.tags] },
  );
}

/** Whether hosts and the provider must hear of it: names, tags and pools are nothing to them. */
export function isWiringChanged(before: SubnetRow, after: SubnetRow): boolean {
  return !isDeepStrictEqual(toSubnetContext(before), toSubnetContext(after));
}

/** Throws `invalid-request` when the subnet does not suit its network or the provider. */
export function checkWithProvider({ providers }: Parts, network: NetworkRow, subnet: NewSubnet): void {
  const provider = providers.ofNetwork(network);
  const { version } = storedCidr(subnet.cidr);
  if (!provider.capabilities().ipVersions.includes(version)) {
    const detail = `must not be IPv${version}: the provider ${provider.name} does not carry it`;
    throw invalidRequest([{ pointer: '/cidr', detail }]);
  }
  if (version === 6 && network.mtu < smallestMtuOfIpv6) {
    const detail = `must not be IPv6: that needs an MTU of ${smallestMtuOfIpv6}, and the network has ${network.mtu}`;
    throw invalidRequest([{ pointer: '/cidr', detail }]);
  }
  refuseIssues(provider.validateSubnet(toSubnetContext(subnet), toNetworkContext(network)));
}

/** DHCP must not begin to answer from the address of a port, as that of a gateway is. The caller holds the subnet. */
export async function checkDhcpServer(trx: Knex, before: SubnetRow, after: SubnetRow): Promise<void> {
  const { cidr, dhcp } = planOf(after);
  if (dhcp.server === undefined || dhcp.server === planOf(before).dhcp.server) return;
  const address = { first: dhcp.server, last: dhcp.server };
  const subnet = { id: before.id, ipVersion: cidr.version };
  const [held] = await selectHeld(trx, subnet, [address], 1);
  if (!held) return;
  throw invalidRequest([
    {
      pointer: '/dhcpServerIp',
      detail: `must not be ${after.dhcp_server_ip ?? ''}, which a port has or had until lately`,
    },
  ]);
}
