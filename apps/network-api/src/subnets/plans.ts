import { formatCidr, formatIp, storedCidr, storedIp } from '../addresses/ip.ts';
import type { SubnetPlan } from '../addresses/subnet-plan.ts';
import type { SubnetChangeRow, SubnetRow } from './store.ts';

type PlanColumns = Omit<SubnetChangeRow, 'name' | 'description' | 'tags'> & Pick<SubnetRow, 'cidr'>;

/** A stored subnet as a plan. */
export function planOf(row: PlanColumns): SubnetPlan {
  const address = (text: string | null) => (text === null ? undefined : storedIp(text).value);
  return {
    cidr: storedCidr(row.cidr),
    gateway: address(row.gateway_ip),
    pools: row.allocation_pools.map(({ first, last }) => ({
      first: storedIp(first).value,
      last: storedIp(last).value,
    })),
    dhcp: { server: address(row.dhcp_server_ip), ipv6Mode: row.ipv6_mode ?? undefined },
    dnsServers: row.dns_servers,
    hostRoutes: row.host_routes,
  };
}

/** A plan as it is stored. */
export function columnsOf({ cidr, gateway, pools, dhcp, dnsServers, hostRoutes }: SubnetPlan): PlanColumns {
  const text = (value: bigint) => formatIp(cidr.version, value);
  return {
    cidr: formatCidr(cidr),
    gateway_ip: gateway === undefined ? null : text(gateway),
    allocation_pools: pools.map(({ first, last }) => ({ first: text(first), last: text(last) })),
    dns_servers: dnsServers,
    host_routes: hostRoutes,
    is_dhcp_enabled: cidr.version === 4 && dhcp.server !== undefined,
    dhcp_server_ip: dhcp.server === undefined ? null : text(dhcp.server),
    ipv6_mode: dhcp.ipv6Mode ?? null,
  };
}
