import type { AllocationPool, HostRoute, Subnet } from '@patchpanel/contract-network';
import type { SubnetContext } from '@patchpanel/provider';
import { selectPage, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { formatCidr, formatIp, storedCidr, storedIp, type Cidr } from '../addresses/ip.ts';
import { onlyRow, queryRows } from '../rows.ts';

export interface SubnetRow {
  readonly id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly allocation_pools: readonly AllocationPool[];
  readonly dns_servers: readonly string[];
  readonly host_routes: readonly HostRoute[];
  readonly is_dhcp_enabled: boolean;
  readonly dhcp_server_ip: string | null;
  readonly ipv6_mode: 'dhcpv6-stateful' | 'static' | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Served by the primary key. */
export async function findSubnet(
  connection: Knex,
  projectId: string,
  id: string,
  lock: 'none' | 'alone',
): Promise<SubnetRow | undefined> {
  const query = connection<SubnetRow>('subnets').where({ id, project_id: projectId });
  if (lock === 'alone') query.forUpdate();
  const rows: SubnetRow[] = await query;
  return rows[0];
}

/** A network's subnets, oldest first. Served by subnets_network. */
export async function selectSubnetsOf(connection: Knex, networkIds: readonly string[]): Promise<SubnetRow[]> {
  return connection<SubnetRow>('subnets')
    .whereIn('network_id', [...networkIds])
    .orderBy(['network_id', 'id']);
}

/** Locks the right to change a subnet's addresses; false when the subnet is gone. Call in ascending order of id. */
export async function lockSubnetAddresses(trx: Knex, id: string): Promise<boolean> {
  const rows = await queryRows(trx, 'select id from subnets where id = :id for no key update', { id });
  return rows.length > 0;
}

/** Served by subnets_network when a network is given, else by subnets_project. */
export async function selectSubnets(
  connection: Knex,
  filters: { readonly project_id: string; readonly network_id?: string },
  page: PageRequest,
): Promise<SubnetRow[]> {
  return selectPage(connection<SubnetRow>('subnets').where(filters), page);
}

/** Which subnet of the network has some of these addresses. Served by subnets_no_overlap. */
export async function findOverlap(trx: Knex, networkId: string, cidr: Cidr): Promise<SubnetRow | undefined> {
  const rows = await queryRows<SubnetRow>(
    trx,
    `select *
     from subnets
     where network_id = :networkId
     and cidr && cast(:cidr as cidr)
     limit 1`,
    { networkId, cidr: formatCidr(cidr) },
  );
  return rows[0];
}

/** Writes a new subnet. */
export async function insertSubnet(
  trx: Knex,
  subnet: Omit<SubnetRow, 'revision' | 'created_at' | 'updated_at'>,
): Promise<SubnetRow> {
  const rows: SubnetRow[] = await trx('subnets')
    .insert({
      ...subnet,
      tags: [...subnet.tags],
      allocation_pools: JSON.stringify(subnet.allocation_pools),
      dns_servers: JSON.stringify(subnet.dns_servers),
      host_routes: JSON.stringify(subnet.host_routes),
    })
    .returning('*');
  const row = onlyRow(rows);
  await trx('subnet_usage').insert({ subnet_id: row.id });
  return row;
}

/** Says what keeps a subnet in use. Served by port_addresses_address and resting_addresses_address. */
export async function findUses(trx: Knex, id: string): Promise<{ isUsed: boolean; isResting: boolean }> {
  const rows = await queryRows<{ is_used: boolean; is_resting: boolean }>(
    trx,
    `select
       exists (select from port_addresses where subnet_id = :id) as is_used,
       exists (select from resting_addresses where subnet_id = :id) as is_resting`,
    { id },
  );
  const { is_used: isUsed, is_resting: isResting } = onlyRow(rows);
  return { isUsed, isResting };
}

/** Removes a subnet and its free ranges; the constraints refuse while an address is in use or rests. */
export async function deleteSubnetRow(trx: Knex, id: string): Promise<void> {
  await trx('subnets').where({ id }).delete();
}

/** As on the wire. */
export function toSubnet(row: SubnetRow): Subnet {
  const cidr = storedCidr(row.cidr);
  return {
    id: row.id,
    projectId: row.project_id,
    networkId: row.network_id,
    name: row.name,
    description: row.description,
    tags: [...row.tags],
    cidr: formatCidr(cidr),
    ipVersion: cidr.version,
    ...(row.gateway_ip === null ? {} : { gatewayIp: canonical(row.gateway_ip) }),
    allocationPools: [...row.allocation_pools],
    dnsServers: [...row.dns_servers],
    hostRoutes: [...row.host_routes],
    ...(row.ipv6_mode === null ? { dhcpEnabled: row.is_dhcp_enabled } : { ipv6Mode: row.ipv6_mode }),
    ...(row.dhcp_server_ip === null ? {} : { dhcpServerIp: canonical(row.dhcp_server_ip) }),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** As its network's provider sees it. */
export function toSubnetContext(
  row: Pick<SubnetRow, 'id' | 'network_id' | 'cidr' | 'gateway_ip'>,
): SubnetContext {
  const cidr = storedCidr(row.cidr);
  return {
    id: row.id,
    networkId: row.network_id,
    ipVersion: cidr.version,
    cidr: formatCidr(cidr),
    ...(row.gateway_ip === null ? {} : { gatewayIp: canonical(row.gateway_ip) }),
    dnsServers: [],
    hostRoutes: [],
    ...(cidr.version === 6 ? { ipv6Mode: 'static' } : {}),
  };
}

function canonical(text: string): string {
  const { version, value } = storedIp(text);
  return formatIp(version, value);
}
