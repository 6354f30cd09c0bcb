import type { DesiredAttachment, WiredSubnet } from '@patchpanel/contract-network-southbound';
import type { AllowedAddressPair, FixedIpContext, PortContext, SubnetContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { formatIp, storedCidr, storedIp } from '../addresses/ip.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { ProviderCatalog } from '../providers/catalog.ts';
import { queryRows } from '../rows.ts';
import { selectSubnetsOf, toSubnetContext } from '../subnets/store.ts';
import { wiringRevision } from './wiring-revision.ts';

interface PluggedPortRow extends Pick<NetworkRow, 'provider' | 'provider_options' | 'mtu' | 'allocations'> {
  readonly port_id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly vnic_id: string;
  readonly mac_address: string;
  readonly generation: number;
  readonly admin_state: 'up' | 'down';
  readonly port_security: 'on' | 'off';
  readonly allowed_address_pairs: readonly AllowedAddressPair[];
  readonly security_group_ids: readonly string[];
  readonly wiring_revision: number;
  readonly network_project_id: string;
  readonly network_admin_state: 'up' | 'down';
  readonly network_wiring_revision: number;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly address: string }[] | null;
}

/**
 * What is plugged into ports, as agents are to realise it, by port id; ports without a plug are left out. Read it in one
 * snapshot with whatever it goes with. Revisions are read first, so that what is said is never older than they are.
 */
export async function describeAttachments(
  connection: Knex,
  providers: ProviderCatalog,
  epoch: number,
  portIds: readonly string[],
): Promise<Map<string, DesiredAttachment>> {
  if (portIds.length === 0) return new Map();
  const ports = await selectPluggedPorts(connection, portIds);
  const networkIds = [...new Set(ports.map((port) => port.network_id))];
  const subnets = (await selectSubnetsOf(connection, networkIds)).map(toSubnetContext);
  return new Map(
    ports.map((port) => {
      const ofNetwork = subnets.filter(({ networkId }) => networkId === port.network_id);
      return [port.port_id, describe(port, ofNetwork, providers, epoch)];
    }),
  );
}

/** Served by primary keys, of port_security_groups as well, and port_addresses_position. */
function selectPluggedPorts(connection: Knex, portIds: readonly string[]): Promise<PluggedPortRow[]> {
  return queryRows<PluggedPortRow>(
    connection,
    `select
       attachments.port_id,
       attachments.project_id,
       attachments.network_id,
       attachments.vnic_id,
       attachments.mac_address,
       attachments.generation,
       ports.admin_state,
       ports.port_security,
       ports.allowed_address_pairs,
       ports.wiring_revision,
       networks.project_id as network_project_id,
       networks.provider,
       networks.provider_options,
       networks.mtu,
       networks.admin_state as network_admin_state,
       networks.allocations,
       networks.wiring_revision as network_wiring_revision,
       array(
         select security_group_id
         from port_security_groups
         where port_security_groups.port_id = ports.id
         order by security_group_id
       ) as security_group_ids,
       (
         select json_agg(json_build_object('subnet_id', subnet_id, 'address', host(address)) order by position)
         from port_addresses
         where port_addresses.port_id = ports.id
       ) as fixed_ips
     from attachments
     join ports on ports.id = attachments.port_id
     join networks on networks.id = ports.network_id
     where attachments.port_id = any(cast(:portIds as uuid[]))`,
    { portIds },
  );
}

function describe(
  row: PluggedPortRow,
  subnets: readonly SubnetContext[],
  providers: ProviderCatalog,
  epoch: number,
): DesiredAttachment {
  const port = toPortContext(row, subnets);
  const { version, document } = providers.ofNetwork(row).wiring({
    network: toNetworkContext({
      ...row,
      id: row.network_id,
      project_id: row.network_project_id,
      admin_state: row.network_admin_state,
    }),
    subnets,
    port,
  });
  const ownSubnets = new Set(port.fixedIps.map(({ subnetId }) => subnetId));
  return {
    projectId: row.project_id,
    vnicId: row.vnic_id,
    portId: row.port_id,
    networkId: row.network_id,
    macAddress: row.mac_address,
    generation: row.generation,
    epoch,
    adminState: port.adminState,
    mtu: row.mtu,
    fixedIps: port.fixedIps.map(({ subnetId: _, ...wired }) => wired),
    subnets: subnets.filter(({ id }) => ownSubnets.has(id)).map(toWiredSubnet),
    portSecurity: port.portSecurity,
    allowedAddressPairs: [...port.allowedAddressPairs],
    securityGroupIds: [...port.securityGroupIds],
    provider: row.provider,
    wiring: { version, document },
    revision: wiringRevision({ port: row.wiring_revision, network: row.network_wiring_revision }),
  };
}

function toPortContext(row: PluggedPortRow, subnets: readonly SubnetContext[]): PortContext {
  return {
    id: row.port_id,
    networkId: row.network_id,
    projectId: row.project_id,
    adminState: row.network_admin_state === 'down' ? 'down' : row.admin_state,
    fixedIps: (row.fixed_ips ?? []).flatMap((fixedIp) => toFixedIpContext(fixedIp, subnets)),
    allowedAddressPairs: row.allowed_address_pairs,
    portSecurity: row.port_security,
    securityGroupIds: row.security_group_ids,
  };
}

function toFixedIpContext(
  { subnet_id: subnetId, address }: { readonly subnet_id: string; readonly address: string },
  subnets: readonly SubnetContext[],
): FixedIpContext[] {
  const subnet = subnets.find(({ id }) => id === subnetId);
  if (!subnet) return [];
  const { version, value } = storedIp(address);
  return [
    {
      subnetId,
      ipAddress: formatIp(version, value),
      prefixLength: storedCidr(subnet.cidr).prefixLength,
      ...(subnet.gatewayIp === undefined ? {} : { gatewayIp: subnet.gatewayIp }),
    },
  ];
}

/** What machines are to know of a subnet. */
function toWiredSubnet(subnet: SubnetContext): WiredSubnet {
  return {
    subnetId: subnet.id,
    cidr: subnet.cidr,
    ipVersion: subnet.ipVersion,
    ...(subnet.gatewayIp === undefined ? {} : { gatewayIp: subnet.gatewayIp }),
    dnsServers: [...subnet.dnsServers],
    hostRoutes: [...subnet.hostRoutes],
    ...(subnet.dhcp === undefined ? {} : { dhcpServerIp: subnet.dhcp.serverIp }),
  };
}
