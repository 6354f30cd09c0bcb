
/**
 * Whether the port may carry traffic at all.
 * @export
 */
export const AdminState = {
    up: 'up',
    down: 'down'
} as const;
export type AdminState = typeof AdminState[keyof typeof AdminState];

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
     * A UUID; ids that the service makes are of version 7, so they sort by time.
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
     * An active network can be used.
     * @type {NetworkStatusEnum}
     * @memberof Network
     */
    status: NetworkStatusEnum;
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
 * @export
 */
export const NetworkStatusEnum = {
    active: 'active'
} as const;
export type NetworkStatusEnum = typeof NetworkStatusEnum[keyof typeof NetworkStatusEnum];

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
     * A UUID; ids that the service makes are of version 7, so they sort by time.
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
     * Why the status is what it is, where that needs words.
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
 * - `unauthenticated` (401): A valid access token for this service is needed.
 * - `forbidden` (403): The token does not permit this operation.
 * - `route-not-found` (404): There is nothing at this path.
 * - `method-not-allowed` (405): This path does not take this method.
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
 * @export
 */
export const ProblemCode = {
    malformed_json: 'malformed-json',
    invalid_request: 'invalid-request',
    invalid_page_token: 'invalid-page-token',
    unauthenticated: 'unauthenticated',
    forbidden: 'forbidden',
    route_not_found: 'route-not-found',
    method_not_allowed: 'method-not-allowed',
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
    no_available_port: 'no-available-port'
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
     * A UUID; ids that the service makes are of version 7, so they sort by time.
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
