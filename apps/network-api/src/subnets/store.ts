import type { AllocationPool, HostRoute, Subnet } from '@patchpanel/contract-network';
import type { SubnetContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { formatCidr, formatIp, storedCidr, storedIp, type Cidr } from '../addresses/ip.ts';
import { isVisible } from '../networks/store.ts';
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

/** A subnet of a network that a project sees. Served by primary keys. */
export async function findVisibleSubnet(
  connection: Knex,
  projectId: string,
  id: string,
): Promise<SubnetRow | undefined> {
  const rows = await queryRows<SubnetRow>(
    connection,
    `select subnets.*
     from subnets
     join networks on networks.id = subnets.network_id
     where subnets.id = :id
     and ${isVisible}`,
    { id, projectId },
  );
  return rows[0];
}

/** Locks a subnet: its addresses, or alone, against its deletion's rivals. After its network's row. */
export async function lockSubnet(
  trx: Knex,
  id: string,
  lock: 'addresses' | 'alone',
): Promise<SubnetRow | undefined> {
  const rows = await queryRows<SubnetRow>(
    trx,
    `select *
     from subnets
     where id = :id
     ${lock === 'alone' ? 'for update' : 'for no key update'}`,
    { id },
  );
  return rows[0];
}

/** A network's subnets, oldest first. Served by subnets_network. */
export async function selectSubnetsOf(connection: Knex, networkIds: readonly string[]): Promise<SubnetRow[]> {
  return connection<SubnetRow>('subnets')
    .whereIn('network_id', [...networkIds])
    .orderBy(['network_id', 'id']);
}

/**
 * Locks the right to change the addresses of all subnets of networks, and gives them oldest first, with whether a rest is over in
 * them. Served by subnets_network and resting_addresses_due.
 */
export async function lockSubnetsOf(
  trx: Knex,
  networkIds: readonly string[],
): Promise<(SubnetRow & { readonly has_rested: boolean })[]> {
  return queryRows<SubnetRow & { readonly has_rested: boolean }>(
    trx,
    `select
       *,
       exists (
         select
         from resting_addresses
         where subnet_id = subnets.id
         and rest_until <= clock_timestamp()
       ) as has_rested
     from subnets
     where network_id = any(cast(:networkIds as uuid[]))
     order by id
     for no key update`,
    { networkIds },
  );
}

/** The same for single subnets, those that still exist. */
export async function lockSubnets(trx: Knex, ids: readonly string[]): Promise<SubnetRow[]> {
  return queryRows<SubnetRow>(
    trx,
    `select *
     from subnets
     where id = any(cast(:ids as uuid[]))
     order by id
     for no key update`,
    { ids },
  );
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

/** A subnet that is being made. */
export type NewSubnet = Omit<SubnetRow, 'revision' | 'created_at' | 'updated_at'>;

/** Writes a new subnet. */
export async function insertSubnet(trx: Knex, subnet: NewSubnet): Promise<SubnetRow> {
  const rows: SubnetRow[] = await trx('subnets').insert(toColumns(subnet)).returning('*');
  return onlyRow(rows);
}

/** What can change of a subnet. */
export type SubnetChangeRow = Omit<
  SubnetRow,
  'id' | 'project_id' | 'network_id' | 'cidr' | 'revision' | 'created_at' | 'updated_at'
>;

/** Changes a locked subnet. */
export async function changeSubnet(trx: Knex, id: string, change: SubnetChangeRow): Promise<SubnetRow> {
  const rows: SubnetRow[] = await trx('subnets')
    .where({ id })
    .update({
      ...toColumns(change),
      revision: trx.raw('revision + 1'),
      updated_at: trx.raw('now()'),
    })
    .returning('*');
  return onlyRow(rows);
}

/** Lists stand in columns of JSON. */
function toColumns<Row extends SubnetChangeRow>(row: Row) {
  return {
    ...row,
    tags: [...row.tags],
    allocation_pools: JSON.stringify(row.allocation_pools),
    dns_servers: JSON.stringify(row.dns_servers),
    host_routes: JSON.stringify(row.host_routes),
  };
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
  row: Pick<
    SubnetRow,
    | 'id'
    | 'network_id'
    | 'cidr'
    | 'gateway_ip'
    | 'dns_servers'
    | 'host_routes'
    | 'dhcp_server_ip'
    | 'ipv6_mode'
  >,
): SubnetContext {
  const cidr = storedCidr(row.cidr);
  return {
    id: row.id,
    networkId: row.network_id,
    ipVersion: cidr.version,
    cidr: formatCidr(cidr),
    ...(row.gateway_ip === null ? {} : { gatewayIp: canonical(row.gateway_ip) }),
    dnsServers: row.dns_servers,
    hostRoutes: row.host_routes,
    ...(row.dhcp_server_ip === null ? {} : { dhcp: { serverIp: canonical(row.dhcp_server_ip) } }),
    ...(row.ipv6_mode === null ? {} : { ipv6Mode: row.ipv6_mode }),
  };
}

function canonical(text: string): string {
  const { version, value } = storedIp(text);
  return formatIp(version, value);
}
