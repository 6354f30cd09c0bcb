import type { JsonObject } from './json.ts';
import type { SpiVersionRange } from './version.ts';

/** IPv4 or IPv6. */
export type IpVersion = 4 | 6;

/** A range of integers (VNIs, segments…) of which the core allocates one per network, inside its own transaction. */
export interface PoolDeclaration {
  /** Name under which the allocated value comes back in `NetworkContext.allocations`. */
  readonly name: string;
  readonly description: string;
  /** Lowest value that may be given. */
  readonly min: number;
  /** Highest value that may be given. */
  readonly max: number;
}

/** What a server half can do; constant for the life of the process. */
export interface ServerCapabilities {
  readonly spi: SpiVersionRange;
  /** IP versions of the subnets that its networks can carry. */
  readonly ipVersions: readonly IpVersion[];
  /** Largest MTU of a network, in bytes. */
  readonly maxMtu: number;
  /** Pools from which each network gets one value. */
  readonly pools: readonly PoolDeclaration[];
  /** JSON schema (2020-12) of the provider's own options of a network; closed objects refuse unknown options. */
  readonly networkOptionsSchema: JsonObject;
}

/** A network as the provider sees it. */
export interface NetworkContext {
  readonly id: string;
  readonly projectId: string;
  /** MTU in bytes; absent means the provider's default. */
  readonly mtu?: number;
  /** Already valid by `networkOptionsSchema`. */
  readonly options: JsonObject;
  /** One value per declared pool, by the pool's name; empty before allocation. */
  readonly allocations: Readonly<Record<string, number>>;
}

/** A subnet as the provider sees it; addresses and prefixes are in canonical form. */
export interface SubnetContext {
  readonly id: string;
  readonly networkId: string;
  readonly ipVersion: IpVersion;
  readonly cidr: string;
  readonly gatewayIp?: string;
}

/** An address of a port with what its subnet says about it. */
export interface FixedIpContext {
  readonly subnetId: string;
  readonly ipAddress: string;
  readonly prefixLength: number;
  readonly gatewayIp?: string;
}

/** A port as the provider sees it. */
export interface PortContext {
  readonly id: string;
  readonly networkId: string;
  readonly projectId: string;
  readonly adminState: 'up' | 'down';
  readonly fixedIps: readonly FixedIpContext[];
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

/**
 * The half of a provider behind the network API. Every method is pure and quick: it may run inside a transaction and may
 * be repeated. Realising things outside the database (`ensure`, `remove`, driven from an outbox after commit) is a
 * separate, optional interface that joins this one in a later SPI version; nothing here has a side effect.
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
}
