import type { FixedIpContext, PortContext, ServerProvider } from '@patchpanel/provider';
import type { PortAddress } from '../addresses/allotment.ts';
import { toSource, type AddressSource } from '../addresses/demands.ts';
import { formatIp } from '../addresses/ip.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { toSubnetContext, type SubnetRow } from '../subnets/store.ts';
import type { PortContent } from './store.ts';

/** A network with all that is needed to make ports in it, worked out once for all of them. */
export interface Site {
  readonly network: NetworkRow;
  /** Its subnets as sources of addresses, oldest first. */
  readonly sources: readonly AddressSource[];
  readonly provider: ServerProvider;
  /** Throws `invalid-request` when the provider can't realise the port. */
  readonly check: (port: PortContent, toRequest: (pointer: string) => string) => void;
}

/** Works a network out. */
export function openSite({ providers }: Parts, network: NetworkRow, subnets: readonly SubnetRow[]): Site {
  const provider = providers.ofNetwork(network);
  const context = toNetworkContext(network);
  const subnetById = new Map(
    subnets.map((subnet) => {
      const { cidr, gatewayIp } = toSubnetContext(subnet);
      const prefixLength = Number(cidr.split('/')[1]);
      return [subnet.id, { prefixLength, ...(gatewayIp === undefined ? {} : { gatewayIp }) }];
    }),
  );
  const describe = (port: PortContent): PortContext => ({
    id: port.id,
    networkId: network.id,
    projectId: port.project_id,
    adminState: network.admin_state === 'down' ? 'down' : port.admin_state,
    fixedIps: port.fixed_ips.flatMap(({ subnetId, ipAddress }): FixedIpContext[] => {
      const subnet = subnetById.get(subnetId);
      return subnet ? [{ subnetId, ipAddress, ...subnet }] : [];
    }),
    allowedAddressPairs: port.allowed_address_pairs,
    portSecurity: port.port_security,
    securityGroupIds: port.security_group_ids,
  });
  return {
    network,
    sources: subnets.map(toSource),
    provider,
    check: (port, toRequest) => refuseIssues(provider.validatePort(describe(port), context), toRequest),
  };
}

/** An address as it stands in a port. */
export function toFixedIp({ subnetId, ipVersion, value }: PortAddress): {
  subnetId: string;
  ipAddress: string;
} {
  return { subnetId, ipAddress: formatIp(ipVersion, value) };
}

/** As much of a pointer as the caller has written: the provider sees defaults and automatic addresses filled in. */
export function deepestGiven(input: unknown, pointer: string): string {
  let given = '';
  let value = input;
  for (const key of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return given;
    value = Reflect.get(value, key);
    given += `/${key}`;
  }
  return given;
}
