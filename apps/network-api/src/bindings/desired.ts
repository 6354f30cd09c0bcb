import type { DesiredAttachment } from '@patchpanel/contract-network-southbound';
import type { FixedIpContext, JsonObject, SubnetContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { formatIp, storedCidr, storedIp } from '../addresses/ip.ts';
import { toNetworkContext } from '../networks/store.ts';
import type { ProviderCatalog } from '../providers/catalog.ts';
import { queryRows } from '../rows.ts';
import { selectSubnetsOf, toSubnetContext } from '../subnets/store.ts';

interface PluggedPortRow {
  readonly port_id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly vnic_id: string;
  readonly mac_address: string;
  readonly generation: number;
  readonly admin_state: 'up' | 'down';
  readonly revision: number;
  readonly network_project_id: string;
  readonly provider: string;
  readonly provider_options: JsonObject | null;
  readonly mtu: number;
  readonly network_admin_state: 'up' | 'down';
  readonly allocations: Readonly<Record<string, number>>;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly address: string }[] | null;
}

/**
 * What is plugged into ports, as agents are to realise it, by port id; ports without a plug are left out. Read it in one
 * snapshot with whatever it goes with.
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

/** Served by primary keys and port_addresses_position. */
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
       ports.revision,
       networks.project_id as network_project_id,
       networks.provider,
       networks.provider_options,
       networks.mtu,
       networks.admin_state as network_admin_state,
       networks.allocations,
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
  port: PluggedPortRow,
  subnets: readonly SubnetContext[],
  providers: ProviderCatalog,
  epoch: number,
): DesiredAttachment {
  const fixedIps = (port.fixed_ips ?? []).flatMap(({ subnet_id: subnetId, address }): FixedIpContext[] => {
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
  });
  const { version, document } = providers.ofNetwork(port).wiring({
    network: toNetworkContext({
      id: port.network_id,
      project_id: port.network_project_id,
      provider_options: port.provider_options,
      mtu: port.mtu,
      admin_state: port.network_admin_state,
      allocations: port.allocations,
    }),
    subnets,
    port: {
      id: port.port_id,
      networkId: port.network_id,
      projectId: port.project_id,
      adminState: port.admin_state,
      fixedIps,
      allowedAddressPairs: [],
      portSecurity: 'on',
      securityGroupIds: [],
    },
  });
  return {
    projectId: port.project_id,
    vnicId: port.vnic_id,
    portId: port.port_id,
    networkId: port.network_id,
    macAddress: port.mac_address,
    generation: port.generation,
    epoch,
    adminState: port.admin_state,
    mtu: port.mtu,
    subnets: [],
    portSecurity: 'on',
    allowedAddressPairs: [],
    securityGroupIds: [],
    fixedIps: fixedIps.map(({ subnetId: _, ...wired }) => wired),
    provider: port.provider,
    wiring: { version, document },
    revision: port.revision,
  };
}
