/** How machines come to their IPv6 addresses. */
export type Ipv6Mode = 'dhcpv6-stateful' | 'static';

/** A route that machines are told of. */
export interface HostRoute {
  readonly destination: string;
  readonly nextHop: string;
}

/** What a caller says about a subnet that is there, or is to be made. */
export interface SubnetChange {
  /** Absent: as it was, chosen here at first. Null: none. */
  readonly gatewayIp?: string | null;
  readonly allocationPools?: readonly { readonly first: string; readonly last: string }[];
  readonly dnsServers?: readonly string[];
  readonly hostRoutes?: readonly HostRoute[];
  readonly dhcpEnabled?: boolean;
  readonly ipv6Mode?: Ipv6Mode;
  readonly dhcpServerIp?: string;
}

/** What a caller says about a subnet that is to be made. */
export interface SubnetAddressing extends SubnetChange {
  readonly cidr: string;
}

/** One wrong place in what the caller said. */
export interface PlanIssue {
  readonly pointer: string;
  readonly detail: string;
}
