
/**
 * Whether traffic may pass at all.
 * @export
 */
export const AdminState = {
    up: 'up',
    down: 'down'
} as const;
export type AdminState = typeof AdminState[keyof typeof AdminState];


/**
 * Whether traffic may pass at all.
 * @export
 */
export const AdminStateChange = {
    up: 'up',
    down: 'down'
} as const;
export type AdminStateChange = typeof AdminStateChange[keyof typeof AdminStateChange];

/**
 * The network agent of a host, as it has told of itself.
 * @export
 * @interface Agent
 */
export interface Agent {
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof Agent
     */
    hostName: string;
    /**
     *
     * @type {AgentStatus}
     * @memberof Agent
     */
    status: AgentStatus;
    /**
     * The agent's version.
     * @type {string}
     * @memberof Agent
     */
    version?: string;
    /**
     * The providers whose host halves it has.
     * @type {Array<AgentProvider>}
     * @memberof Agent
     */
    providers: Array<AgentProvider>;
    /**
     * How many attachments are, or may still be, realised on the host.
     * @type {number}
     * @memberof Agent
     */
    bindingCount: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Agent
     */
    firstSeenAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Agent
     */
    lastSeenAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Agent
     */
    fencedAt?: string;
    /**
     * Why the host was fenced.
     * @type {string}
     * @memberof Agent
     */
    fenceReason?: string;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Agent
     */
    revision: number;
}


/**
 * A page of agents.
 * @export
 * @interface AgentList
 */
export interface AgentList {
    /**
     * The agents, in the order of their hosts' names.
     * @type {Array<Agent>}
     * @memberof AgentList
     */
    items: Array<Agent>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof AgentList
     */
    nextPageToken?: string;
}
/**
 * A provider's host half on a host.
 * @export
 * @interface AgentProvider
 */
export interface AgentProvider {
    /**
     * The provider that realises the network; the service's default provider when not given.
     * @type {string}
     * @memberof AgentProvider
     */
    name: string;
    /**
     * Whether the host has all that it needs.
     * @type {boolean}
     * @memberof AgentProvider
     */
    isUsable: boolean;
    /**
     * What is missing on the host, and how to get it.
     * @type {string}
     * @memberof AgentProvider
     */
    detail?: string;
}

/**
 * `alive`: heard of lately. `silent`: not heard of for longer than the service's `agentSilenceSeconds`. `fenced`: an operator has said that the host is dead or cut off, and nothing may be bound to it.
 * @export
 */
export const AgentStatus = {
    alive: 'alive',
    silent: 'silent',
    fenced: 'fenced'
} as const;
export type AgentStatus = typeof AgentStatus[keyof typeof AgentStatus];

/**
 * A range of addresses, both ends included.
 * @export
 * @interface AllocationPool
 */
export interface AllocationPool {
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof AllocationPool
     */
    first: string;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof AllocationPool
     */
    last: string;
}
/**
 * An address or prefix, with the MAC address that it comes with.
 * @export
 * @interface AllowedAddressPair
 */
export interface AllowedAddressPair {
    /**
     * An IPv4 or IPv6 address, or a prefix without host bits; given back in canonical form.
     * @type {string}
     * @memberof AllowedAddressPair
     */
    ipAddress: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof AllowedAddressPair
     */
    macAddress?: string;
}
/**
 * A plug, this port and this vNIC.
 * @export
 * @interface Attachment
 */
export interface Attachment {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Attachment
     */
    portId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Attachment
     */
    networkId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Attachment
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Attachment
     */
    vnicId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof Attachment
     */
    macAddress: string;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof Attachment
     */
    generation: number;
    /**
     * As the port's status.
     * @type {AttachmentStatusEnum}
     * @memberof Attachment
     */
    status: AttachmentStatusEnum;
    /**
     *
     * @type {BindingSummary}
     * @memberof Attachment
     */
    binding?: BindingSummary;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Attachment
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Attachment
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Attachment
     */
    updatedAt: string;
}


/**
 * @export
 */
export const AttachmentStatusEnum = {
    plugged: 'plugged',
    building: 'building',
    active: 'active',
    error: 'error'
} as const;
export type AttachmentStatusEnum = typeof AttachmentStatusEnum[keyof typeof AttachmentStatusEnum];

/**
 * The vNIC to plug in.
 * @export
 * @interface AttachmentInput
 */
export interface AttachmentInput {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof AttachmentInput
     */
    vnicId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof AttachmentInput
     */
    macAddress: string;
}
/**
 * What was released.
 * @export
 * @interface BindingRelease
 */
export interface BindingRelease {
    /**
     * How many attachments may now be bound to other hosts.
     * @type {number}
     * @memberof BindingRelease
     */
    releasedCount: number;
}
/**
 * Where the attachment is realised now.
 * @export
 * @interface BindingSummary
 */
export interface BindingSummary {
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof BindingSummary
     */
    hostName: string;
    /**
     * The host's end of the wire, as the agent reported it.
     * @type {string}
     * @memberof BindingSummary
     */
    deviceName?: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof BindingSummary
     */
    boundAt: string;
}

/**
 * Towards the port's machine, or away from it.
 * @export
 */
export const Direction = {
    ingress: 'ingress',
    egress: 'egress'
} as const;
export type Direction = typeof Direction[keyof typeof Direction];


/**
 * The IP version of the packets.
 * @export
 */
export const EtherType = {
    ipv4: 'ipv4',
    ipv6: 'ipv6'
} as const;
export type EtherType = typeof EtherType[keyof typeof EtherType];

/**
 * A change of a resource. Read the resource for its state: several changes may have become one by then. Events of one resource come in the order of their revisions, and a change that was acknowledged before another was asked for comes first.
 * @export
 * @interface Event
 */
export interface Event {
    /**
     * A place in the feed, to go on from.
     * @type {string}
     * @memberof Event
     */
    cursor: string;
    /**
     *
     * @type {EventResourceType}
     * @memberof Event
     */
    resourceType: EventResourceType;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Event
     */
    resourceId: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Event
     */
    projectId: string;
    /**
     * What became of it. `lease-expiring` comes before a port is deleted because its lease has run out.
     * @type {EventChangeEnum}
     * @memberof Event
     */
    change: EventChangeEnum;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Event
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Event
     */
    occurredAt: string;
}


/**
 * @export
 */
export const EventChangeEnum = {
    created: 'created',
    updated: 'updated',
    deleted: 'deleted',
    lease_expiring: 'lease-expiring'
} as const;
export type EventChangeEnum = typeof EventChangeEnum[keyof typeof EventChangeEnum];

/**
 * Events after the cursor.
 * @export
 * @interface EventList
 */
export interface EventList {
    /**
     * The events, oldest first.
     * @type {Array<Event>}
     * @memberof EventList
     */
    items: Array<Event>;
    /**
     * A place in the feed, to go on from.
     * @type {string}
     * @memberof EventList
     */
    nextCursor: string;
}

/**
 * What has changed. A share counts as a change of its network, a rule as one of its security group. A quota's id is its project's.
 * @export
 */
export const EventResourceType = {
    network: 'network',
    subnet: 'subnet',
    port: 'port',
    security_group: 'security-group',
    quota: 'quota'
} as const;
export type EventResourceType = typeof EventResourceType[keyof typeof EventResourceType];

/**
 * Why a host is fenced.
 * @export
 * @interface FenceInput
 */
export interface FenceInput {
    /**
     * What other operators should know.
     * @type {string}
     * @memberof FenceInput
     */
    reason: string;
}
/**
 * An address that the port has.
 * @export
 * @interface FixedIp
 */
export interface FixedIp {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof FixedIp
     */
    subnetId: string;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof FixedIp
     */
    ipAddress: string;
}
/**
 * A chosen address, or an automatic one of a chosen subnet. With both, the address must be in the subnet.
 * @export
 * @interface FixedIpInput
 */
export interface FixedIpInput {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof FixedIpInput
     */
    subnetId?: string;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof FixedIpInput
     */
    ipAddress?: string;
}
/**
 * An attachment that is, or may still be, realised on a host.
 * @export
 * @interface HostBinding
 */
export interface HostBinding {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof HostBinding
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof HostBinding
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof HostBinding
     */
    portId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof HostBinding
     */
    networkId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof HostBinding
     */
    vnicId: string;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof HostBinding
     */
    generation: number;
    /**
     * Whether the wiring is to be there, or the host has yet to say that it is gone.
     * @type {HostBindingDesiredEnum}
     * @memberof HostBinding
     */
    desired: HostBindingDesiredEnum;
    /**
     * What the agent last reported.
     * @type {HostBindingStatusEnum}
     * @memberof HostBinding
     */
    status: HostBindingStatusEnum;
    /**
     * Why, where that needs words.
     * @type {string}
     * @memberof HostBinding
     */
    statusReason?: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof HostBinding
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof HostBinding
     */
    updatedAt: string;
}


/**
 * @export
 */
export const HostBindingDesiredEnum = {
    present: 'present',
    absent: 'absent'
} as const;
export type HostBindingDesiredEnum = typeof HostBindingDesiredEnum[keyof typeof HostBindingDesiredEnum];

/**
 * @export
 */
export const HostBindingStatusEnum = {
    building: 'building',
    active: 'active',
    error: 'error'
} as const;
export type HostBindingStatusEnum = typeof HostBindingStatusEnum[keyof typeof HostBindingStatusEnum];

/**
 * A page of a host's bindings.
 * @export
 * @interface HostBindingList
 */
export interface HostBindingList {
    /**
     * The bindings.
     * @type {Array<HostBinding>}
     * @memberof HostBindingList
     */
    items: Array<HostBinding>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof HostBindingList
     */
    nextPageToken?: string;
}
/**
 * A route; the next hop is an address of the subnet.
 * @export
 * @interface HostRoute
 */
export interface HostRoute {
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof HostRoute
     */
    destination: string;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof HostRoute
     */
    nextHop: string;
}

/**
 * How machines learn their IPv6 addresses: by DHCPv6 (router advertisements say managed, and no prefix is autonomous), or by configuration inside the machine. `dhcpv6-stateful` when not given, but `static` in subnets smaller than a /120. Not for IPv4.
 * @export
 */
export const Ipv6Mode = {
    dhcpv6_stateful: 'dhcpv6-stateful',
    static: 'static'
} as const;
export type Ipv6Mode = typeof Ipv6Mode[keyof typeof Ipv6Mode];

/**
 * An isolated layer-2 domain.
 * @export
 * @interface Network
 */
export interface Network {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Network
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Network
     */
    projectId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Network
     */
    name: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof Network
     */
    description: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof Network
     */
    tags: Array<string>;
    /**
     * The provider that realises the network; the service's default provider when not given.
     * @type {string}
     * @memberof Network
     */
    provider: string;
    /**
     * The options given when the network was made.
     * @type {{ [key: string]: any; }}
     * @memberof Network
     */
    providerOptions?: { [key: string]: any; };
    /**
     * Largest packet in bytes; the provider's default when not given. IPv6 needs 1280.
     * @type {number}
     * @memberof Network
     */
    mtu: number;
    /**
     *
     * @type {AdminState}
     * @memberof Network
     */
    adminState: AdminState;
    /**
     * Whether every project may have ports in the network.
     * @type {boolean}
     * @memberof Network
     */
    isSharedWithAll: boolean;
    /**
     *
     * @type {NetworkStatus}
     * @memberof Network
     */
    status: NetworkStatus;
    /**
     * Why the status is not `active`.
     * @type {string}
     * @memberof Network
     */
    statusReason?: string;
    /**
     * Counts what the provider has been asked to realise; absent when it has nothing to do outside the hosts.
     * @type {number}
     * @memberof Network
     */
    generation?: number;
    /**
     * The generation that the provider has realised last; 0 when none.
     * @type {number}
     * @memberof Network
     */
    observedGeneration?: number;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Network
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Network
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Network
     */
    updatedAt: string;
}


/**
 * A network to make.
 * @export
 * @interface NetworkInput
 */
export interface NetworkInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof NetworkInput
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof NetworkInput
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof NetworkInput
     */
    tags?: Array<string>;
    /**
     * The provider that realises the network; the service's default provider when not given.
     * @type {string}
     * @memberof NetworkInput
     */
    provider?: string;
    /**
     * What the provider wants to know of this network; checked against the provider's own schema.
     * @type {{ [key: string]: any; }}
     * @memberof NetworkInput
     */
    providerOptions?: { [key: string]: any; };
    /**
     * Largest packet in bytes; the provider's default when not given. IPv6 needs 1280.
     * @type {number}
     * @memberof NetworkInput
     */
    mtu?: number;
    /**
     *
     * @type {AdminState}
     * @memberof NetworkInput
     */
    adminState?: AdminState;
    /**
     * Whether every project may have ports in the network. Setting it takes the role `admin`.
     * @type {boolean}
     * @memberof NetworkInput
     */
    isSharedWithAll?: boolean;
}


/**
 * A page of networks.
 * @export
 * @interface NetworkList
 */
export interface NetworkList {
    /**
     * The networks.
     * @type {Array<Network>}
     * @memberof NetworkList
     */
    items: Array<Network>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof NetworkList
     */
    nextPageToken?: string;
}
/**
 * What is to change of a network (RFC 7396); what is not named stays, null takes the default again.
 * @export
 * @interface NetworkPatch
 */
export interface NetworkPatch {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof NetworkPatch
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof NetworkPatch
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof NetworkPatch
     */
    tags?: Array<string>;
    /**
     * Largest packet in bytes; the provider's default when null.
     * @type {number}
     * @memberof NetworkPatch
     */
    mtu?: number | null;
    /**
     *
     * @type {AdminStateChange}
     * @memberof NetworkPatch
     */
    adminState?: AdminStateChange;
    /**
     * Whether every project may have ports in the network. Changing it takes the role `admin`.
     * @type {boolean}
     * @memberof NetworkPatch
     */
    isSharedWithAll?: boolean;
}


/**
 * A project that may have ports in a network of another project.
 * @export
 * @interface NetworkShare
 */
export interface NetworkShare {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof NetworkShare
     */
    networkId: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof NetworkShare
     */
    projectId: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof NetworkShare
     */
    createdAt: string;
}
/**
 * A page of the projects that a network is shared with.
 * @export
 * @interface NetworkShareList
 */
export interface NetworkShareList {
    /**
     * The projects, in the order of their ids.
     * @type {Array<NetworkShare>}
     * @memberof NetworkShareList
     */
    items: Array<NetworkShare>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof NetworkShareList
     */
    nextPageToken?: string;
}

/**
 * `active`: the provider has realised the network as it is described, or has nothing to do for it outside the hosts. `building`: it has not yet. `error`: its last attempt failed; it is tried again. `deleting`: the network goes as soon as the provider has taken it down.
 * @export
 */
export const NetworkStatus = {
    building: 'building',
    active: 'active',
    error: 'error',
    deleting: 'deleting'
} as const;
export type NetworkStatus = typeof NetworkStatus[keyof typeof NetworkStatus];

/**
 * A socket in a network.
 * @export
 * @interface Port
 */
export interface Port {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Port
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Port
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Port
     */
    networkId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Port
     */
    name: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof Port
     */
    description: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof Port
     */
    tags: Array<string>;
    /**
     *
     * @type {AdminState}
     * @memberof Port
     */
    adminState: AdminState;
    /**
     *
     * @type {PortStatus}
     * @memberof Port
     */
    status: PortStatus;
    /**
     * Why the port is not `active`; there whenever it is not.
     * @type {string}
     * @memberof Port
     */
    statusReason?: string;
    /**
     * The port's addresses.
     * @type {Array<FixedIp>}
     * @memberof Port
     */
    fixedIps: Array<FixedIp>;
    /**
     *
     * @type {PortSecurity}
     * @memberof Port
     */
    portSecurity: PortSecurity;
    /**
     * Further addresses that the machine may send from, such as a virtual router's. They are not allocated. Setting them takes the network's owner.
     * @type {Array<AllowedAddressPair>}
     * @memberof Port
     */
    allowedAddressPairs: Array<AllowedAddressPair>;
    /**
     * The security groups whose rules hold for the port.
     * @type {Array<string>}
     * @memberof Port
     */
    securityGroupIds: Array<string>;
    /**
     * Deletes the port, and unplugs what is in it, once it has been bound to no host for so long: since it was made, or since it was last bound. An event `lease-expiring` comes before. Without it a port stays until it is deleted.
     * @type {number}
     * @memberof Port
     */
    leaseSeconds?: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Port
     */
    leaseExpiresAt?: string;
    /**
     *
     * @type {Attachment}
     * @memberof Port
     */
    attachment?: Attachment;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Port
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Port
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Port
     */
    updatedAt: string;
}


/**
 * A port to make.
 * @export
 * @interface PortInput
 */
export interface PortInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof PortInput
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof PortInput
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof PortInput
     */
    tags?: Array<string>;
    /**
     *
     * @type {AdminState}
     * @memberof PortInput
     */
    adminState?: AdminState;
    /**
     * The addresses that the port is to have: each chosen, or automatic from a chosen subnet. An empty list makes a port without addresses.
     * @type {Array<FixedIpInput>}
     * @memberof PortInput
     */
    fixedIps?: Array<FixedIpInput>;
    /**
     *
     * @type {PortSecurity}
     * @memberof PortInput
     */
    portSecurity?: PortSecurity;
    /**
     * Further addresses that the machine may send from, such as a virtual router's. They are not allocated. Setting them takes the network's owner.
     * @type {Array<AllowedAddressPair>}
     * @memberof PortInput
     */
    allowedAddressPairs?: Array<AllowedAddressPair>;
    /**
     * The security groups whose rules hold for the port; the project's default group when not given (none where the network's provider has no security groups, or port security is off), none when empty.
     * @type {Array<string>}
     * @memberof PortInput
     */
    securityGroupIds?: Array<string>;
    /**
     * Deletes the port, and unplugs what is in it, once it has been bound to no host for so long: since it was made, or since it was last bound. An event `lease-expiring` comes before. Without it a port stays until it is deleted.
     * @type {number}
     * @memberof PortInput
     */
    leaseSeconds?: number;
}


/**
 * A page of ports.
 * @export
 * @interface PortList
 */
export interface PortList {
    /**
     * The ports.
     * @type {Array<Port>}
     * @memberof PortList
     */
    items: Array<Port>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof PortList
     */
    nextPageToken?: string;
}
/**
 * What is to change of a port (RFC 7396); what is not named stays, null clears. Lists are replaced whole.
 * @export
 * @interface PortPatch
 */
export interface PortPatch {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof PortPatch
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof PortPatch
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof PortPatch
     */
    tags?: Array<string>;
    /**
     *
     * @type {AdminStateChange}
     * @memberof PortPatch
     */
    adminState?: AdminStateChange;
    /**
     * The addresses that the port is to have. Those that it has and that are named again stay its own; an automatic one of a subnet is met by an address that the port has there and that is not named.
     * @type {Array<FixedIpInput>}
     * @memberof PortPatch
     */
    fixedIps?: Array<FixedIpInput>;
    /**
     *
     * @type {PortSecurityChange}
     * @memberof PortPatch
     */
    portSecurity?: PortSecurityChange;
    /**
     * Further addresses that the machine may send from, such as a virtual router's. They are not allocated. Setting them takes the network's owner.
     * @type {Array<AllowedAddressPair>}
     * @memberof PortPatch
     */
    allowedAddressPairs?: Array<AllowedAddressPair>;
    /**
     * The security groups whose rules hold for the port.
     * @type {Array<string>}
     * @memberof PortPatch
     */
    securityGroupIds?: Array<string>;
    /**
     * The lease, begun anew by this change when the port is bound to no host; none when null.
     * @type {number}
     * @memberof PortPatch
     */
    leaseSeconds?: number | null;
}



/**
 * Whether frames are held to the port's own addresses and to its security groups. Switching it off takes the network's owner.
 * @export
 */
export const PortSecurity = {
    on: 'on',
    off: 'off'
} as const;
export type PortSecurity = typeof PortSecurity[keyof typeof PortSecurity];


/**
 * Whether frames are held to the port's own addresses and to its security groups.
 * @export
 */
export const PortSecurityChange = {
    on: 'on',
    off: 'off'
} as const;
export type PortSecurityChange = typeof PortSecurityChange[keyof typeof PortSecurityChange];


/**
 * `available`: nothing is plugged in. `plugged`: a vNIC is, and no host realises it. `building`: a host has claimed it. `active`: that host's agent has read the wiring back from the kernel. `error`: it reported a failure.
 * @export
 */
export const PortStatus = {
    available: 'available',
    plugged: 'plugged',
    building: 'building',
    active: 'active',
    error: 'error'
} as const;
export type PortStatus = typeof PortStatus[keyof typeof PortStatus];

/**
 * The ports that were made together.
 * @export
 * @interface Ports
 */
export interface Ports {
    /**
     * The ports, in the order asked for.
     * @type {Array<Port>}
     * @memberof Ports
     */
    items: Array<Port>;
}
/**
 * Ports to make together.
 * @export
 * @interface PortsInput
 */
export interface PortsInput {
    /**
     * The ports.
     * @type {Array<PortInput>}
     * @memberof PortsInput
     */
    ports: Array<PortInput>;
}
/**
 * Every error, without exception, is such a document (RFC 9457). Programs decide by `code`, which never changes its meaning; people read `detail`, which says what to do.
 * @export
 * @interface Problem
 */
export interface Problem {
    /**
     * A reference to the page that explains the code.
     * @type {string}
     * @memberof Problem
     */
    type: string;
    /**
     * What the code means, the same words each time.
     * @type {string}
     * @memberof Problem
     */
    title: string;
    /**
     * The HTTP status, repeated.
     * @type {number}
     * @memberof Problem
     */
    status: number;
    /**
     *
     * @type {ProblemCode}
     * @memberof Problem
     */
    code: ProblemCode;
    /**
     * What went wrong this time and what to do about it.
     * @type {string}
     * @memberof Problem
     */
    detail: string;
    /**
     * The places in the request that are wrong.
     * @type {Array<ProblemLocation>}
     * @memberof Problem
     */
    errors?: Array<ProblemLocation>;
    /**
     * The request's id, as found in the service's log.
     * @type {string}
     * @memberof Problem
     */
    instance?: string;
}



/**
 * - `malformed-json` (400): The body is not valid JSON.
 * - `invalid-request` (400): The request does not follow the API description.
 * - `invalid-page-token` (400): The page token does not belong to this list.
 * - `invalid-cursor` (400): The cursor does not belong to this feed.
 * - `unauthenticated` (401): A valid access token for this service is needed.
 * - `forbidden` (403): The token does not permit this operation.
 * - `route-not-found` (404): There is nothing at this path.
 * - `method-not-allowed` (405): This path does not take this method.
 * - `events-compacted` (410): The events behind the cursor are no longer kept.
 * - `precondition-failed` (412): The resource is at another revision than If-Match names.
 * - `payload-too-large` (413): The body is larger than the service takes.
 * - `unsupported-media-type` (415): The body must be JSON.
 * - `idempotency-key-reused` (422): The idempotency key belongs to another request.
 * - `internal-error` (500): The service failed.
 * - `service-unavailable` (503): The service cannot answer now.
 * - `network-not-found` (404): There is no such network.
 * - `subnet-not-found` (404): There is no such subnet.
 * - `port-not-found` (404): There is no such port.
 * - `attachment-not-found` (404): There is no such attachment.
 * - `network-in-use` (409): The network still has subnets or ports.
 * - `subnet-in-use` (409): The subnet still has addresses in use.
 * - `subnet-overlap` (409): The subnet overlaps another one of the network.
 * - `no-subnet` (409): The network has no subnet to take an address from.
 * - `subnet-exhausted` (409): The subnet has no free address.
 * - `address-in-use` (409): The address is in use or resting.
 * - `address-outside-pools` (409): The address is in none of the subnet's allocation pools.
 * - `port-in-use` (409): A vNIC is plugged into the port.
 * - `port-already-plugged` (409): Another vNIC is plugged into the port.
 * - `vnic-already-plugged` (409): The vNIC is plugged into another port.
 * - `mac-address-in-use` (409): The MAC address is in use.
 * - `no-available-port` (409): No port of the network is available.
 * - `network-deleting` (409): The network is being deleted.
 * - `network-owner-required` (403): Only the network's owner may do this.
 * - `share-not-found` (404): The network is not shared with this project.
 * - `share-in-use` (409): Projects that the network is shared with have ports in it.
 * - `pools-in-use` (409): Addresses in use or resting would fall out of the allocation pools.
 * - `provider-lacks-feature` (409): The network's provider cannot do this.
 * - `provider-pool-exhausted` (409): The provider has no number left for another network.
 * - `security-group-not-found` (404): There is no such security group.
 * - `security-group-rule-not-found` (404): There is no such rule in the security group.
 * - `security-group-in-use` (409): Ports or rules use the security group.
 * - `security-group-rule-exists` (409): The security group has this rule already.
 * - `default-security-group` (409): A project's default security group stays.
 * - `quota-exceeded` (409): The project's quota does not allow more.
 * - `agent-not-found` (404): There is no such agent.
 * - `agent-in-use` (409): The agent's host still has bindings.
 * - `binding-not-found` (404): There is no such binding.
 * @export
 */
export const ProblemCode = {
    malformed_json: 'malformed-json',
    invalid_request: 'invalid-request',
    invalid_page_token: 'invalid-page-token',
    invalid_cursor: 'invalid-cursor',
    unauthenticated: 'unauthenticated',
    forbidden: 'forbidden',
    route_not_found: 'route-not-found',
    method_not_allowed: 'method-not-allowed',
    events_compacted: 'events-compacted',
    precondition_failed: 'precondition-failed',
    payload_too_large: 'payload-too-large',
    unsupported_media_type: 'unsupported-media-type',
    idempotency_key_reused: 'idempotency-key-reused',
    internal_error: 'internal-error',
    service_unavailable: 'service-unavailable',
    network_not_found: 'network-not-found',
    subnet_not_found: 'subnet-not-found',
    port_not_found: 'port-not-found',
    attachment_not_found: 'attachment-not-found',
    network_in_use: 'network-in-use',
    subnet_in_use: 'subnet-in-use',
    subnet_overlap: 'subnet-overlap',
    no_subnet: 'no-subnet',
    subnet_exhausted: 'subnet-exhausted',
    address_in_use: 'address-in-use',
    address_outside_pools: 'address-outside-pools',
    port_in_use: 'port-in-use',
    port_already_plugged: 'port-already-plugged',
    vnic_already_plugged: 'vnic-already-plugged',
    mac_address_in_use: 'mac-address-in-use',
    no_available_port: 'no-available-port',
    network_deleting: 'network-deleting',
    network_owner_required: 'network-owner-required',
    share_not_found: 'share-not-found',
    share_in_use: 'share-in-use',
    pools_in_use: 'pools-in-use',
    provider_lacks_feature: 'provider-lacks-feature',
    provider_pool_exhausted: 'provider-pool-exhausted',
    security_group_not_found: 'security-group-not-found',
    security_group_rule_not_found: 'security-group-rule-not-found',
    security_group_in_use: 'security-group-in-use',
    security_group_rule_exists: 'security-group-rule-exists',
    default_security_group: 'default-security-group',
    quota_exceeded: 'quota-exceeded',
    agent_not_found: 'agent-not-found',
    agent_in_use: 'agent-in-use',
    binding_not_found: 'binding-not-found'
} as const;
export type ProblemCode = typeof ProblemCode[keyof typeof ProblemCode];

/**
 * One wrong place in a request.
 * @export
 * @interface ProblemLocation
 */
export interface ProblemLocation {
    /**
     * JSON pointer (RFC 6901) into the body; `/query/<name>`, `/path/<name>` or `/header/<name>` for what is not in the body.
     * @type {string}
     * @memberof ProblemLocation
     */
    pointer: string;
    /**
     * What is wrong there.
     * @type {string}
     * @memberof ProblemLocation
     */
    detail: string;
}
/**
 * One way of realising networks, as this service was started with it.
 * @export
 * @interface Provider
 */
export interface Provider {
    /**
     * The provider that realises the network; the service's default provider when not given.
     * @type {string}
     * @memberof Provider
     */
    name: string;
    /**
     * Whether networks that name no provider get this one.
     * @type {boolean}
     * @memberof Provider
     */
    isDefault: boolean;
    /**
     * What it can do beyond carrying frames between ports.
     * @type {Array<ProviderFeature>}
     * @memberof Provider
     */
    features: Array<ProviderFeature>;
    /**
     * IP versions of the subnets that its networks can carry.
     * @type {Array<ProviderIpVersionsEnum>}
     * @memberof Provider
     */
    ipVersions: Array<ProviderIpVersionsEnum>;
    /**
     * Largest packet in bytes; the provider's default when not given. IPv6 needs 1280.
     * @type {number}
     * @memberof Provider
     */
    defaultMtu: number;
    /**
     * Largest packet in bytes; the provider's default when not given. IPv6 needs 1280.
     * @type {number}
     * @memberof Provider
     */
    maxMtu: number;
    /**
     * Whether it has something to do for a network outside the hosts, which a network's status then tells of.
     * @type {boolean}
     * @memberof Provider
     */
    hasLifecycle: boolean;
    /**
     * Numbers of which each of its networks gets one.
     * @type {Array<ProviderPool>}
     * @memberof Provider
     */
    pools: Array<ProviderPool>;
    /**
     * JSON schema (2020-12) of `providerOptions`.
     * @type {{ [key: string]: any; }}
     * @memberof Provider
     */
    networkOptionsSchema: { [key: string]: any; };
}


/**
 * @export
 */
export const ProviderIpVersionsEnum = {
    NUMBER_4: 4,
    NUMBER_6: 6
} as const;
export type ProviderIpVersionsEnum = typeof ProviderIpVersionsEnum[keyof typeof ProviderIpVersionsEnum];


/**
 * `security-groups`: it enforces them. `port-security-off`: it can leave a port's frames alone. `allowed-address-pairs`: it lets further addresses through. `dhcp`, `dhcpv6`: it answers machines' requests. `port-admin-state`: it can cut a port off.
 * @export
 */
export const ProviderFeature = {
    security_groups: 'security-groups',
    port_security_off: 'port-security-off',
    allowed_address_pairs: 'allowed-address-pairs',
    dhcp: 'dhcp',
    dhcpv6: 'dhcpv6',
    port_admin_state: 'port-admin-state'
} as const;
export type ProviderFeature = typeof ProviderFeature[keyof typeof ProviderFeature];

/**
 * The providers.
 * @export
 * @interface ProviderList
 */
export interface ProviderList {
    /**
     * The providers, the default one first.
     * @type {Array<Provider>}
     * @memberof ProviderList
     */
    items: Array<Provider>;
}
/**
 * A range of numbers. How many of them are in use is for operators only.
 * @export
 * @interface ProviderPool
 */
export interface ProviderPool {
    /**
     * Its name.
     * @type {string}
     * @memberof ProviderPool
     */
    name: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof ProviderPool
     */
    description: string;
    /**
     * The lowest number.
     * @type {number}
     * @memberof ProviderPool
     */
    min: number;
    /**
     * The highest number.
     * @type {number}
     * @memberof ProviderPool
     */
    max: number;
    /**
     * How many networks have one; only for the role `admin`.
     * @type {number}
     * @memberof ProviderPool
     */
    used?: number;
    /**
     * How many were given back lately and are not given out again yet; only for the role `admin`.
     * @type {number}
     * @memberof ProviderPool
     */
    resting?: number;
}
/**
 * How much a project may have of each resource, and how much it has.
 * @export
 * @interface Quota
 */
export interface Quota {
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Quota
     */
    projectId: string;
    /**
     *
     * @type {QuotaUse}
     * @memberof Quota
     */
    networks: QuotaUse;
    /**
     *
     * @type {QuotaUse}
     * @memberof Quota
     */
    subnets: QuotaUse;
    /**
     *
     * @type {QuotaUse}
     * @memberof Quota
     */
    ports: QuotaUse;
    /**
     *
     * @type {QuotaUse}
     * @memberof Quota
     */
    securityGroups: QuotaUse;
    /**
     *
     * @type {QuotaUse}
     * @memberof Quota
     */
    securityGroupRules: QuotaUse;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Quota
     */
    revision: number;
}
/**
 * Limits to change; null takes the service's default again.
 * @export
 * @interface QuotaPatch
 */
export interface QuotaPatch {
    /**
     * The new limit; the service's default when null.
     * @type {number}
     * @memberof QuotaPatch
     */
    networks?: number | null;
    /**
     * The new limit; the service's default when null.
     * @type {number}
     * @memberof QuotaPatch
     */
    subnets?: number | null;
    /**
     * The new limit; the service's default when null.
     * @type {number}
     * @memberof QuotaPatch
     */
    ports?: number | null;
    /**
     * The new limit; the service's default when null.
     * @type {number}
     * @memberof QuotaPatch
     */
    securityGroups?: number | null;
    /**
     * The new limit; the service's default when null.
     * @type {number}
     * @memberof QuotaPatch
     */
    securityGroupRules?: number | null;
}
/**
 * A resource's limit and use. The use is exact; it may be above a limit that was lowered since.
 * @export
 * @interface QuotaUse
 */
export interface QuotaUse {
    /**
     * How many the project may have.
     * @type {number}
     * @memberof QuotaUse
     */
    limit: number;
    /**
     * How many the project has.
     * @type {number}
     * @memberof QuotaUse
     */
    used: number;
}
/**
 * Where to move the plug.
 * @export
 * @interface ReplugInput
 */
export interface ReplugInput {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof ReplugInput
     */
    toPortId: string;
}
/**
 * Rules that let traffic of ports in and out; what no rule lets through is dropped. They are stateful: answers to what was let through pass.
 * @export
 * @interface SecurityGroup
 */
export interface SecurityGroup {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SecurityGroup
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof SecurityGroup
     */
    projectId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof SecurityGroup
     */
    name: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SecurityGroup
     */
    description: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof SecurityGroup
     */
    tags: Array<string>;
    /**
     * Whether it is the group that the project's ports get when they name none. It is there from the start: everything may go out, and members of the group may reach each other.
     * @type {boolean}
     * @memberof SecurityGroup
     */
    isDefault: boolean;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof SecurityGroup
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof SecurityGroup
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof SecurityGroup
     */
    updatedAt: string;
}
/**
 * A security group to make. It lets everything out and nothing in until it gets rules.
 * @export
 * @interface SecurityGroupInput
 */
export interface SecurityGroupInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof SecurityGroupInput
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SecurityGroupInput
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof SecurityGroupInput
     */
    tags?: Array<string>;
}
/**
 * A page of security groups.
 * @export
 * @interface SecurityGroupList
 */
export interface SecurityGroupList {
    /**
     * The security groups.
     * @type {Array<SecurityGroup>}
     * @memberof SecurityGroupList
     */
    items: Array<SecurityGroup>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof SecurityGroupList
     */
    nextPageToken?: string;
}
/**
 * What is to change of a security group (RFC 7396); what is not named stays.
 * @export
 * @interface SecurityGroupPatch
 */
export interface SecurityGroupPatch {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof SecurityGroupPatch
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SecurityGroupPatch
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof SecurityGroupPatch
     */
    tags?: Array<string>;
}
/**
 * One kind of traffic that a security group lets through. A rule never changes; it is added and deleted.
 * @export
 * @interface SecurityGroupRule
 */
export interface SecurityGroupRule {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    id: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    securityGroupId: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    projectId: string;
    /**
     *
     * @type {Direction}
     * @memberof SecurityGroupRule
     */
    direction: Direction;
    /**
     *
     * @type {EtherType}
     * @memberof SecurityGroupRule
     */
    etherType: EtherType;
    /**
     * The IP protocol, by name or by its number from 0 to 255 (IANA); given back by name where it has one here. Any protocol when absent.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    protocol?: string;
    /**
     * An end of the range of ports, itself included, of the receiving side. Give both ends or neither.
     * @type {number}
     * @memberof SecurityGroupRule
     */
    portMin?: number;
    /**
     * An end of the range of ports, itself included, of the receiving side. Give both ends or neither.
     * @type {number}
     * @memberof SecurityGroupRule
     */
    portMax?: number;
    /**
     * Type or code of ICMP (RFC 792) or ICMPv6 (RFC 4443); any when absent. A code needs a type.
     * @type {number}
     * @memberof SecurityGroupRule
     */
    icmpType?: number;
    /**
     * Type or code of ICMP (RFC 792) or ICMPv6 (RFC 4443); any when absent. A code needs a type.
     * @type {number}
     * @memberof SecurityGroupRule
     */
    icmpCode?: number;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    remoteCidr?: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    remoteGroupId?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    description: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof SecurityGroupRule
     */
    createdAt: string;
}


/**
 * A rule to add. Ports belong to TCP, UDP and SCTP, type and code to ICMP. Of the other side, a prefix or a security group may be named, not both; neither means anybody.
 * @export
 * @interface SecurityGroupRuleInput
 */
export interface SecurityGroupRuleInput {
    /**
     *
     * @type {Direction}
     * @memberof SecurityGroupRuleInput
     */
    direction: Direction;
    /**
     *
     * @type {EtherType}
     * @memberof SecurityGroupRuleInput
     */
    etherType: EtherType;
    /**
     * The IP protocol, by name or by its number from 0 to 255 (IANA); given back by name where it has one here. Any protocol when absent.
     * @type {string}
     * @memberof SecurityGroupRuleInput
     */
    protocol?: string;
    /**
     * An end of the range of ports, itself included, of the receiving side. Give both ends or neither.
     * @type {number}
     * @memberof SecurityGroupRuleInput
     */
    portMin?: number;
    /**
     * An end of the range of ports, itself included, of the receiving side. Give both ends or neither.
     * @type {number}
     * @memberof SecurityGroupRuleInput
     */
    portMax?: number;
    /**
     * Type or code of ICMP (RFC 792) or ICMPv6 (RFC 4443); any when absent. A code needs a type.
     * @type {number}
     * @memberof SecurityGroupRuleInput
     */
    icmpType?: number;
    /**
     * Type or code of ICMP (RFC 792) or ICMPv6 (RFC 4443); any when absent. A code needs a type.
     * @type {number}
     * @memberof SecurityGroupRuleInput
     */
    icmpCode?: number;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof SecurityGroupRuleInput
     */
    remoteCidr?: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SecurityGroupRuleInput
     */
    remoteGroupId?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SecurityGroupRuleInput
     */
    description?: string;
}


/**
 * A page of a security group's rules.
 * @export
 * @interface SecurityGroupRuleList
 */
export interface SecurityGroupRuleList {
    /**
     * The rules.
     * @type {Array<SecurityGroupRule>}
     * @memberof SecurityGroupRuleList
     */
    items: Array<SecurityGroupRule>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof SecurityGroupRuleList
     */
    nextPageToken?: string;
}

/**
 * The order of the list; `-` reverses it. Equal names are in the order of their making.
 * @export
 */
export const SortByName = {
    createdAt: 'createdAt',
    createdAt2: '-createdAt',
    name: 'name',
    name2: '-name'
} as const;
export type SortByName = typeof SortByName[keyof typeof SortByName];

/**
 * An address range of a network.
 * @export
 * @interface Subnet
 */
export interface Subnet {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Subnet
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Subnet
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Subnet
     */
    networkId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Subnet
     */
    name: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof Subnet
     */
    description: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof Subnet
     */
    tags: Array<string>;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof Subnet
     */
    cidr: string;
    /**
     * The IP version, by the CIDR.
     * @type {SubnetIpVersionEnum}
     * @memberof Subnet
     */
    ipVersion: SubnetIpVersionEnum;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof Subnet
     */
    gatewayIp?: string;
    /**
     * The ranges from which ports get addresses.
     * @type {Array<AllocationPool>}
     * @memberof Subnet
     */
    allocationPools: Array<AllocationPool>;
    /**
     * Resolvers that machines are told of, of the subnet's IP version, best first.
     * @type {Array<string>}
     * @memberof Subnet
     */
    dnsServers: Array<string>;
    /**
     * Routes that machines are told of beside the default route.
     * @type {Array<HostRoute>}
     * @memberof Subnet
     */
    hostRoutes: Array<HostRoute>;
    /**
     * Whether machines learn their IPv4 addresses by DHCP; only of IPv4 subnets.
     * @type {boolean}
     * @memberof Subnet
     */
    dhcpEnabled?: boolean;
    /**
     *
     * @type {Ipv6Mode}
     * @memberof Subnet
     */
    ipv6Mode?: Ipv6Mode;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof Subnet
     */
    dhcpServerIp?: string;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Subnet
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Subnet
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Subnet
     */
    updatedAt: string;
}


/**
 * @export
 */
export const SubnetIpVersionEnum = {
    NUMBER_4: 4,
    NUMBER_6: 6
} as const;
export type SubnetIpVersionEnum = typeof SubnetIpVersionEnum[keyof typeof SubnetIpVersionEnum];

/**
 * A subnet to make.
 * @export
 * @interface SubnetInput
 */
export interface SubnetInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof SubnetInput
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SubnetInput
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof SubnetInput
     */
    tags?: Array<string>;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof SubnetInput
     */
    cidr: string;
    /**
     * The gateway's address, one of the subnet's usable ones; the first of them when not given (but none in a /31, /32, /127 or /128, which keeps all its addresses for ports), none when null.
     * @type {string}
     * @memberof SubnetInput
     */
    gatewayIp?: string | null;
    /**
     * The ranges from which ports get addresses; they must not overlap each other.
     * @type {Array<AllocationPool>}
     * @memberof SubnetInput
     */
    allocationPools?: Array<AllocationPool>;
    /**
     * Resolvers that machines are told of, of the subnet's IP version, best first.
     * @type {Array<string>}
     * @memberof SubnetInput
     */
    dnsServers?: Array<string>;
    /**
     * Routes that machines are told of beside the default route.
     * @type {Array<HostRoute>}
     * @memberof SubnetInput
     */
    hostRoutes?: Array<HostRoute>;
    /**
     * Whether machines learn their IPv4 addresses by DHCP. True when not given, but false in subnets of fewer than five usable addresses. Not for IPv6, which has `ipv6Mode`.
     * @type {boolean}
     * @memberof SubnetInput
     */
    dhcpEnabled?: boolean;
    /**
     *
     * @type {Ipv6Mode}
     * @memberof SubnetInput
     */
    ipv6Mode?: Ipv6Mode;
    /**
     * The address that DHCP answers from, the same on every host, kept out of the pools. When not given, the last usable address (of an IPv6 subnet the last before those that RFC 2526 keeps for anycast) that is neither the gateway's nor in the pools that were asked for.
     * @type {string}
     * @memberof SubnetInput
     */
    dhcpServerIp?: string;
}


/**
 * A page of subnets.
 * @export
 * @interface SubnetList
 */
export interface SubnetList {
    /**
     * The subnets.
     * @type {Array<Subnet>}
     * @memberof SubnetList
     */
    items: Array<Subnet>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof SubnetList
     */
    nextPageToken?: string;
}
/**
 * What is to change of a subnet (RFC 7396); what is not named stays, null clears. The CIDR can't change.
 * @export
 * @interface SubnetPatch
 */
export interface SubnetPatch {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof SubnetPatch
     */
    name?: string;
    /**
     * Words for people.
     * @type {string}
     * @memberof SubnetPatch
     */
    description?: string;
    /**
     * Words to find it by. Given back in ascending order, each once.
     * @type {Array<string>}
     * @memberof SubnetPatch
     */
    tags?: Array<string>;
    /**
     * The gateway's address, outside the pools; none when null.
     * @type {string}
     * @memberof SubnetPatch
     */
    gatewayIp?: string | null;
    /**
     * The ranges from which ports get addresses; they must not overlap each other.
     * @type {Array<AllocationPool>}
     * @memberof SubnetPatch
     */
    allocationPools?: Array<AllocationPool>;
    /**
     * Resolvers that machines are told of, of the subnet's IP version, best first.
     * @type {Array<string>}
     * @memberof SubnetPatch
     */
    dnsServers?: Array<string>;
    /**
     * Routes that machines are told of beside the default route.
     * @type {Array<HostRoute>}
     * @memberof SubnetPatch
     */
    hostRoutes?: Array<HostRoute>;
    /**
     * Whether machines learn their IPv4 addresses by DHCP.
     * @type {boolean}
     * @memberof SubnetPatch
     */
    dhcpEnabled?: boolean;
    /**
     *
     * @type {Ipv6Mode}
     * @memberof SubnetPatch
     */
    ipv6Mode?: Ipv6Mode;
    /**
     * The address that DHCP answers from, outside the pools.
     * @type {string}
     * @memberof SubnetPatch
     */
    dhcpServerIp?: string;
}


/**
 * How many of a subnet's addresses are where, at one moment.
 * @export
 * @interface SubnetUsage
 */
export interface SubnetUsage {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof SubnetUsage
     */
    subnetId: string;
    /**
     * A number of addresses in decimal digits: those of an IPv6 subnet are more than a JSON number can count. The total is that of the pools; resting are those that were released lately and are not yet given out again.
     * @type {string}
     * @memberof SubnetUsage
     */
    total: string;
    /**
     * A number of addresses in decimal digits: those of an IPv6 subnet are more than a JSON number can count. The total is that of the pools; resting are those that were released lately and are not yet given out again.
     * @type {string}
     * @memberof SubnetUsage
     */
    used: string;
    /**
     * A number of addresses in decimal digits: those of an IPv6 subnet are more than a JSON number can count. The total is that of the pools; resting are those that were released lately and are not yet given out again.
     * @type {string}
     * @memberof SubnetUsage
     */
    resting: string;
    /**
     * A number of addresses in decimal digits: those of an IPv6 subnet are more than a JSON number can count. The total is that of the pools; resting are those that were released lately and are not yet given out again.
     * @type {string}
     * @memberof SubnetUsage
     */
    free: string;
}
