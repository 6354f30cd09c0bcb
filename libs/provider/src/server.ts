import type { NetworkFeature } from './features.ts';
import type { JsonObject } from './json.ts';
import type { SpiVersionRange } from './version.ts';

/** IPv4 or IPv6. */
export type IpVersion = 4 | 6;

/** A range of integers (VNIs, segments…) of which the core allocates one per network, inside its own transaction. */
export interface PoolDeclaration {
  /** Name under which the allocated value comes back in `NetworkContext.allocations`: lower-case letters, digits and dashes. */
  readonly name: string;
  readonly description: string;
  /** Lowest value that may be given; 0 or more. */
  readonly min: number;
  /** Highest value that may be given. */
  readonly max: number;
}

/** What a server half can do; constant for the life of the process. */
export interface ServerCapabilities {
  readonly spi: SpiVersionRange;
  /** IP versions of the subnets that its networks can carry. */
  readonly ipVersions: readonly IpVersion[];
  /** What else its networks can do. The core refuses what is not in the list. */
  readonly features: readonly NetworkFeature[];
  /** MTU of a network that names none, in bytes. */
  readonly defaultMtu: number;
  /** Largest MTU of a network, in bytes. */
  readonly maxMtu: number;
  /** Pools from which each network gets one value. They may grow with a new version, and shrink as far as no network has the values. */
  readonly pools: readonly PoolDeclaration[];
  /** JSON schema (2020-12) of the provider's own options of a network; closed objects refuse unknown options. */
  readonly networkOptionsSchema: JsonObject;
}

/** A network as the provider sees it. */
export interface NetworkContext {
  readonly id: string;
  readonly projectId: string;
  /** MTU in bytes: its own, or the default that its provider had when it was made. */
  readonly mtu: number;
  /** `down`: not a frame passes in it; also in the admin state of its ports. */
  readonly adminState: 'up' | 'down';
  /** Already valid by `networkOptionsSchema`. */
  readonly options: JsonObject;
  /** One value per declared pool, by the pool's name; empty before allocation. */
  readonly allocations: Readonly<Record<string, number>>;
}

/** A route that machines of a subnet are told of, beside the default one. */
export interface HostRoute {
  /** CIDR in canonical form, of the subnet's IP version. */
  readonly destination: string;
  /** Address in canonical form. */
  readonly nextHop: string;
}

/** A subnet as the provider sees it; addresses and prefixes are in canonical form. */
export interface SubnetContext {
  readonly id: string;
  readonly networkId: string;
  readonly ipVersion: IpVersion;
  readonly cidr: string;
  readonly gatewayIp?: string;
  /** In the order in which machines are told of them. */
  readonly dnsServers: readonly string[];
  readonly hostRoutes: readonly HostRoute[];
  /** Present where addresses are given by DHCP or DHCPv6: the address that answers, the same on every host and no port's. */
  readonly dhcp?: { readonly serverIp: string };
  /** Present exactly for IPv6: how machines come to their addresses. */
  readonly ipv6Mode?: 'dhcpv6-stateful' | 'static';
}

/** An address of a port with what its subnet says about it. */
export interface FixedIpContext {
  readonly subnetId: string;
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gatewayIp?: string;
}

/** Addresses that a port may use beside its own. */
export interface AllowedAddressPair {
  /** An address or a CIDR, in canonical form. */
  readonly ipAddress: string;
  /** Lower case, colons; absent means the port's own. */
  readonly macAddress?: string;
}

/** A port as the provider sees it. */
export interface PortContext {
  readonly id: string;
  readonly networkId: string;
  readonly projectId: string;
  /** `down` also when the network's is. */
  readonly adminState: 'up' | 'down';
  readonly fixedIps: readonly FixedIpContext[];
  readonly allowedAddressPairs: readonly AllowedAddressPair[];
  /** `off`: it may send from any address, and no security group applies. */
  readonly portSecurity: 'on' | 'off';
  /** Groups whose rules apply, all at once; empty lets nothing through while port security is on. */
  readonly securityGroupIds: readonly string[];
}

/** All that `wiring` may look at. */
export interface WiringContext {
  readonly network: NetworkContext;
  readonly subnets: readonly SubnetContext[];
  readonly port: PortContext;
}

/** What the server half tells its host half. Opaque to everyone between. */
export interface WiringDocument {
  /** Version of the document's form, the provider's own; its host half refuses one that it does not know. */
  readonly version: number;
  readonly document: JsonObject;
}

/** A reason to refuse an input. */
export interface ValidationIssue {
  /** JSON pointer into the request's body, such as `/options/vlan`. */
  readonly pointer: string;
  /** Says what is wrong and what would be right. */
  readonly detail: string;
}

/** A network with all that is to exist of it, as `ensure` is to make it. */
export interface NetworkState {
  readonly network: NetworkContext;
  readonly subnets: readonly SubnetContext[];
  /** Epoch of the network service's database; a restored one has a higher one. */
  readonly epoch: number;
  /** Rises with every change of the network or its subnets within an epoch: what has a higher one is never overwritten by a lower. */
  readonly generation: number;
}

/**
 * Realising networks outside the network service's database: in an engine's own database, in a fabric's controller. The core
 * drives it from an outbox that commits together with the change, and never inside a transaction. Per network one call runs
 * at a time, in order. Both are repeated until they succeed, also after a crash in the middle and with what has already been
 * done: each must be idempotent, and must end when the signal says so. A failure that is expected is a `ProviderError`
 * (`engine-unavailable`, `engine-refused`): its message is shown to the network's owner. The core tries again later all the same.
 */
export interface NetworkLifecycle {
  /** Makes the network as described, whatever of it was there before. Only the newest state is given; some may be skipped. */
  ensure(state: NetworkState, signal: AbortSignal): Promise<void>;
  /** Removes all that `ensure` ever made of the network; succeeds when it is gone, or never was. No `ensure` follows. */
  remove(network: NetworkContext, signal: AbortSignal): Promise<void>;
}

/**
 * The half of a provider behind the network API. Every method is pure and quick: it may run inside a transaction and may be
 * repeated. Only what `lifecycle` does has effects outside.
 */
export interface ServerProvider {
  /** The name that networks carry in their `provider` field; lower-case letters, digits and dashes. */
  readonly name: string;
  /** Says what this provider can do. */
  capabilities(): ServerCapabilities;
  /** Says why a network (created or changed) can't be realised; empty when it can. */
  validateNetwork(network: NetworkContext): readonly ValidationIssue[];
  /** Says why a subnet can't exist in this network; empty when it can. */
  validateSubnet(subnet: SubnetContext, network: NetworkContext): readonly ValidationIssue[];
  /** Says why a port can't exist in this network; empty when it can. */
  validatePort(port: PortContext, network: NetworkContext): readonly ValidationIssue[];
  /** Yields the document by which the host half wires this port. */
  wiring(context: WiringContext): WiringDocument;
  /** For providers that realise networks somewhere else than on the ports' hosts. Without it a network is `active` at once. */
  readonly lifecycle?: NetworkLifecycle;
}
