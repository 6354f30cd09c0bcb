/**
 * A provider's host half on this host.
 * @export
 * @interface AgentProviderReport
 */
export interface AgentProviderReport {
    /**
     * The provider.
     * @type {string}
     * @memberof AgentProviderReport
     */
    name: string;
    /**
     * Whether the host has all that it needs.
     * @type {boolean}
     * @memberof AgentProviderReport
     */
    isUsable: boolean;
    /**
     * What is missing, and how to get it.
     * @type {string}
     * @memberof AgentProviderReport
     */
    detail?: string;
}
/**
 * What the service wants of an agent.
 * @export
 * @interface AgentReceipt
 */
export interface AgentReceipt {
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof AgentReceipt
     */
    epoch: number;
    /**
     * Send the next report after so many seconds.
     * @type {number}
     * @memberof AgentReceipt
     */
    heartbeatSeconds: number;
    /**
     * Whether the host is fenced; it can bind nothing then, and should take down what is no longer its own.
     * @type {boolean}
     * @memberof AgentReceipt
     */
    isFenced: boolean;
    /**
     * Whether the service must hear what is wired on the host before it gives out addresses again.
     * @type {boolean}
     * @memberof AgentReceipt
     */
    awaitsHoldings: boolean;
}
/**
 * What an agent says of itself.
 * @export
 * @interface AgentReport
 */
export interface AgentReport {
    /**
     * The agent's version.
     * @type {string}
     * @memberof AgentReport
     */
    version: string;
    /**
     * The providers whose host halves it has.
     * @type {Array<AgentProviderReport>}
     * @memberof AgentReport
     */
    providers: Array<AgentProviderReport>;
}
/**
 * An attachment on this host.
 * @export
 * @interface Binding
 */
export interface Binding {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Binding
     */
    id: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Binding
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Binding
     */
    vnicId: string;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof Binding
     */
    generation: number;
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof Binding
     */
    epoch: number;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof Binding
     */
    placement: number;
    /**
     * Whether the wiring is to be there, or to be taken down and released.
     * @type {BindingDesiredEnum}
     * @memberof Binding
     */
    desired: BindingDesiredEnum;
    /**
     *
     * @type {DesiredAttachment}
     * @memberof Binding
     */
    attachment?: DesiredAttachment;
    /**
     * What the agent last reported.
     * @type {BindingStatusEnum}
     * @memberof Binding
     */
    status: BindingStatusEnum;
    /**
     * Why, where that needs words.
     * @type {string}
     * @memberof Binding
     */
    statusReason?: string;
    /**
     * The host's end of the wire.
     * @type {string}
     * @memberof Binding
     */
    deviceName?: string;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Binding
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Binding
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Binding
     */
    updatedAt: string;
}


/**
 * @export
 */
export const BindingDesiredEnum = {
    present: 'present',
    absent: 'absent'
} as const;
export type BindingDesiredEnum = typeof BindingDesiredEnum[keyof typeof BindingDesiredEnum];

/**
 * @export
 */
export const BindingStatusEnum = {
    building: 'building',
    active: 'active',
    error: 'error'
} as const;
export type BindingStatusEnum = typeof BindingStatusEnum[keyof typeof BindingStatusEnum];

/**
 * What compute asked the agent to realise.
 * @export
 * @interface BindingClaim
 */
export interface BindingClaim {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof BindingClaim
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof BindingClaim
     */
    vnicId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof BindingClaim
     */
    macAddress: string;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof BindingClaim
     */
    placement: number;
}
/**
 * A page of this host's bindings.
 * @export
 * @interface BindingList
 */
export interface BindingList {
    /**
     * The bindings.
     * @type {Array<Binding>}
     * @memberof BindingList
     */
    items: Array<Binding>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof BindingList
     */
    nextPageToken?: string;
    /**
     * Where the feed stood when this page was read. Follow the feed from the first page's cursor: what changed while the later pages were read is told again there.
     * @type {string}
     * @memberof BindingList
     */
    cursor: string;
}
/**
 * How the wiring of a binding stands.
 * @export
 * @interface BindingReport
 */
export interface BindingReport {
    /**
     * How it stands.
     * @type {BindingReportStatusEnum}
     * @memberof BindingReport
     */
    status: BindingReportStatusEnum;
    /**
     * Why, where that needs words.
     * @type {string}
     * @memberof BindingReport
     */
    statusReason?: string;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof BindingReport
     */
    generation: number;
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof BindingReport
     */
    epoch: number;
    /**
     * The revision of the attachment that was wired. With it, `active` is refused when there is something newer to wire, and confirms that nothing is left on the host of addresses that the port no longer has.
     * @type {number}
     * @memberof BindingReport
     */
    revision?: number;
    /**
     * The host's end of the wire.
     * @type {string}
     * @memberof BindingReport
     */
    deviceName?: string;
}


/**
 * @export
 */
export const BindingReportStatusEnum = {
    building: 'building',
    active: 'active',
    error: 'error'
} as const;
export type BindingReportStatusEnum = typeof BindingReportStatusEnum[keyof typeof BindingReportStatusEnum];

/**
 * One change of something that this host realises, or needs for it.
 * @export
 * @interface Change
 */
export interface Change {
    /**
     * `binding`: read the binding again. `network`: read all bindings of this network again. `security-group`: its rules have changed. `security-group-members`: the addresses of its members have.
     * @type {ChangeResourceTypeEnum}
     * @memberof Change
     */
    resourceType: ChangeResourceTypeEnum;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Change
     */
    resourceId: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Change
     */
    projectId: string;
    /**
     * The vNIC of the binding; only of bindings.
     * @type {string}
     * @memberof Change
     */
    vnicId?: string;
    /**
     * What became of it.
     * @type {ChangeChangeEnum}
     * @memberof Change
     */
    change: ChangeChangeEnum;
    /**
     *
     * @type {MembersChange}
     * @memberof Change
     */
    members?: MembersChange;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Change
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Change
     */
    occurredAt: string;
}


/**
 * @export
 */
export const ChangeResourceTypeEnum = {
    binding: 'binding',
    network: 'network',
    security_group: 'security-group',
    security_group_members: 'security-group-members'
} as const;
export type ChangeResourceTypeEnum = typeof ChangeResourceTypeEnum[keyof typeof ChangeResourceTypeEnum];

/**
 * @export
 */
export const ChangeChangeEnum = {
    created: 'created',
    updated: 'updated',
    deleted: 'deleted'
} as const;
export type ChangeChangeEnum = typeof ChangeChangeEnum[keyof typeof ChangeChangeEnum];

/**
 * Changes after the cursor.
 * @export
 * @interface ChangeList
 */
export interface ChangeList {
    /**
     * The changes, oldest first.
     * @type {Array<Change>}
     * @memberof ChangeList
     */
    items: Array<Change>;
    /**
     * The cursor for the next call.
     * @type {string}
     * @memberof ChangeList
     */
    nextCursor: string;
}
/**
 * Everything that an agent needs to realise one attachment.
 * @export
 * @interface DesiredAttachment
 */
export interface DesiredAttachment {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof DesiredAttachment
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof DesiredAttachment
     */
    vnicId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof DesiredAttachment
     */
    portId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof DesiredAttachment
     */
    networkId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof DesiredAttachment
     */
    macAddress: string;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof DesiredAttachment
     */
    generation: number;
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof DesiredAttachment
     */
    epoch: number;
    /**
     * Whether the port may carry traffic; down when its network is.
     * @type {DesiredAttachmentAdminStateEnum}
     * @memberof DesiredAttachment
     */
    adminState: DesiredAttachmentAdminStateEnum;
    /**
     * Largest packet in bytes.
     * @type {number}
     * @memberof DesiredAttachment
     */
    mtu: number;
    /**
     * The port's addresses.
     * @type {Array<WiredIp>}
     * @memberof DesiredAttachment
     */
    fixedIps: Array<WiredIp>;
    /**
     * The subnets of the port's addresses, as the machine is to know them.
     * @type {Array<WiredSubnet>}
     * @memberof DesiredAttachment
     */
    subnets: Array<WiredSubnet>;
    /**
     * Whether frames are held to the port's own addresses and to its security groups.
     * @type {DesiredAttachmentPortSecurityEnum}
     * @memberof DesiredAttachment
     */
    portSecurity: DesiredAttachmentPortSecurityEnum;
    /**
     * Further addresses that the machine may send from.
     * @type {Array<WiredAddressPair>}
     * @memberof DesiredAttachment
     */
    allowedAddressPairs: Array<WiredAddressPair>;
    /**
     * The security groups whose rules hold.
     * @type {Array<string>}
     * @memberof DesiredAttachment
     */
    securityGroupIds: Array<string>;
    /**
     * The provider whose host half is to wire this.
     * @type {string}
     * @memberof DesiredAttachment
     */
    provider: string;
    /**
     *
     * @type {WiringDocument}
     * @memberof DesiredAttachment
     */
    wiring: WiringDocument;
    /**
     * Rises with each change of what is to be wired, the port's or its network's, and with a newer placement.
     * @type {number}
     * @memberof DesiredAttachment
     */
    revision: number;
}


/**
 * @export
 */
export const DesiredAttachmentAdminStateEnum = {
    up: 'up',
    down: 'down'
} as const;
export type DesiredAttachmentAdminStateEnum = typeof DesiredAttachmentAdminStateEnum[keyof typeof DesiredAttachmentAdminStateEnum];

/**
 * @export
 */
export const DesiredAttachmentPortSecurityEnum = {
    on: 'on',
    off: 'off'
} as const;
export type DesiredAttachmentPortSecurityEnum = typeof DesiredAttachmentPortSecurityEnum[keyof typeof DesiredAttachmentPortSecurityEnum];

/**
 * An address, or a prefix of an allowed address pair, of a member.
 * @export
 * @interface GroupMember
 */
export interface GroupMember {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof GroupMember
     */
    portId: string;
    /**
     * An address or prefix in canonical form.
     * @type {string}
     * @memberof GroupMember
     */
    ipAddress: string;
}
/**
 * A page of addresses.
 * @export
 * @interface GroupMemberList
 */
export interface GroupMemberList {
    /**
     * The addresses of at most `limit` ports, in the order of the ports' ids.
     * @type {Array<GroupMember>}
     * @memberof GroupMemberList
     */
    items: Array<GroupMember>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof GroupMemberList
     */
    nextPageToken?: string;
    /**
     * Rises by one with each change of the group's members or their addresses.
     * @type {number}
     * @memberof GroupMemberList
     */
    membersRevision: number;
}
/**
 * One kind of traffic that is let through.
 * @export
 * @interface GroupRule
 */
export interface GroupRule {
    /**
     * Towards the port's machine, or away from it.
     * @type {GroupRuleDirectionEnum}
     * @memberof GroupRule
     */
    direction: GroupRuleDirectionEnum;
    /**
     * The IP version of the packets.
     * @type {GroupRuleEtherTypeEnum}
     * @memberof GroupRule
     */
    etherType: GroupRuleEtherTypeEnum;
    /**
     * The IP protocol's number (IANA); any when absent.
     * @type {number}
     * @memberof GroupRule
     */
    protocol?: number;
    /**
     * The lowest port of the receiving side.
     * @type {number}
     * @memberof GroupRule
     */
    portMin?: number;
    /**
     * The highest port of the receiving side.
     * @type {number}
     * @memberof GroupRule
     */
    portMax?: number;
    /**
     * The type of ICMP or ICMPv6; any when absent.
     * @type {number}
     * @memberof GroupRule
     */
    icmpType?: number;
    /**
     * The code of that type; any when absent.
     * @type {number}
     * @memberof GroupRule
     */
    icmpCode?: number;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof GroupRule
     */
    remoteCidr?: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof GroupRule
     */
    remoteGroupId?: string;
}


/**
 * @export
 */
export const GroupRuleDirectionEnum = {
    ingress: 'ingress',
    egress: 'egress'
} as const;
export type GroupRuleDirectionEnum = typeof GroupRuleDirectionEnum[keyof typeof GroupRuleDirectionEnum];

/**
 * @export
 */
export const GroupRuleEtherTypeEnum = {
    ipv4: 'ipv4',
    ipv6: 'ipv6'
} as const;
export type GroupRuleEtherTypeEnum = typeof GroupRuleEtherTypeEnum[keyof typeof GroupRuleEtherTypeEnum];

/**
 * What a security group lets through.
 * @export
 * @interface GroupRules
 */
export interface GroupRules {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof GroupRules
     */
    id: string;
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof GroupRules
     */
    projectId: string;
    /**
     * The rules; what none lets through is dropped.
     * @type {Array<GroupRule>}
     * @memberof GroupRules
     */
    rules: Array<GroupRule>;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof GroupRules
     */
    revision: number;
    /**
     * Rises by one with each change of the group's members or their addresses.
     * @type {number}
     * @memberof GroupRules
     */
    membersRevision: number;
}
/**
 * One wiring, as the agent has it in its journal.
 * @export
 * @interface Holding
 */
export interface Holding {
    /**
     * A project's id, as tokens carry it.
     * @type {string}
     * @memberof Holding
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Holding
     */
    vnicId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Holding
     */
    portId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Holding
     */
    networkId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof Holding
     */
    macAddress: string;
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof Holding
     */
    epoch: number;
    /**
     * Counts the plugs of one (project, vNIC) pair. It survives unplugging, so what holds an older number is out of date.
     * @type {number}
     * @memberof Holding
     */
    generation: number;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof Holding
     */
    placement: number;
    /**
     * The addresses that are wired.
     * @type {Array<string>}
     * @memberof Holding
     */
    ipAddresses: Array<string>;
}
/**
 * What is wired on a host; in several reports when it is more than one can hold.
 * @export
 * @interface HoldingsReport
 */
export interface HoldingsReport {
    /**
     * Raised when the service's database is restored from a backup; an older epoch never beats a newer one.
     * @type {number}
     * @memberof HoldingsReport
     */
    epoch: number;
    /**
     * The wirings.
     * @type {Array<Holding>}
     * @memberof HoldingsReport
     */
    holdings: Array<Holding>;
    /**
     * Whether this report is the last one.
     * @type {boolean}
     * @memberof HoldingsReport
     */
    isComplete: boolean;
}
/**
 * What has changed in a group's members, only of `security-group-members` and only when it is short: without it, list the members again. It turns the members of the revision before into those of this one.
 * @export
 * @interface MembersChange
 */
export interface MembersChange {
    /**
     * Addresses that were not there.
     * @type {Array<GroupMember>}
     * @memberof MembersChange
     */
    added: Array<GroupMember>;
    /**
     * Addresses that are no longer there.
     * @type {Array<GroupMember>}
     * @memberof MembersChange
     */
    removed: Array<GroupMember>;
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
 * - `payload-too-large` (413): The body is larger than the service takes.
 * - `unsupported-media-type` (415): The body must be JSON.
 * - `internal-error` (500): The service failed.
 * - `service-unavailable` (503): The service cannot answer now.
 * - `attachment-not-found` (404): There is no such attachment.
 * - `security-group-not-found` (404): There is no such security group.
 * - `host-fenced` (409): The host is fenced.
 * - `binding-not-found` (404): There is no such binding.
 * - `mac-mismatch` (409): The MAC address differs from the plugged one.
 * - `bound-elsewhere` (409): The attachment is bound to another host.
 * - `stale-generation` (409): The attachment has moved on to a newer generation.
 * - `stale-placement` (409): A newer placement of the machine is known.
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
    payload_too_large: 'payload-too-large',
    unsupported_media_type: 'unsupported-media-type',
    internal_error: 'internal-error',
    service_unavailable: 'service-unavailable',
    attachment_not_found: 'attachment-not-found',
    security_group_not_found: 'security-group-not-found',
    host_fenced: 'host-fenced',
    binding_not_found: 'binding-not-found',
    mac_mismatch: 'mac-mismatch',
    bound_elsewhere: 'bound-elsewhere',
    stale_generation: 'stale-generation',
    stale_placement: 'stale-placement'
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
 * An address or prefix that the machine may send from; with its own MAC address unless another is named.
 * @export
 * @interface WiredAddressPair
 */
export interface WiredAddressPair {
    /**
     * An address or prefix in canonical form.
     * @type {string}
     * @memberof WiredAddressPair
     */
    ipAddress: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof WiredAddressPair
     */
    macAddress?: string;
}
/**
 * An address as it is to be configured.
 * @export
 * @interface WiredIp
 */
export interface WiredIp {
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof WiredIp
     */
    ipAddress: string;
    /**
     * Length of the subnet's prefix in bits.
     * @type {number}
     * @memberof WiredIp
     */
    prefixLength: number;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof WiredIp
     */
    gatewayIp?: string;
}
/**
 * A route.
 * @export
 * @interface WiredRoute
 */
export interface WiredRoute {
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof WiredRoute
     */
    destination: string;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof WiredRoute
     */
    nextHop: string;
}
/**
 * What a machine is told of a subnet.
 * @export
 * @interface WiredSubnet
 */
export interface WiredSubnet {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof WiredSubnet
     */
    subnetId: string;
    /**
     * A network prefix without host bits.
     * @type {string}
     * @memberof WiredSubnet
     */
    cidr: string;
    /**
     * The IP version.
     * @type {WiredSubnetIpVersionEnum}
     * @memberof WiredSubnet
     */
    ipVersion: WiredSubnetIpVersionEnum;
    /**
     * An IPv4 or IPv6 address in its usual notation; given back in canonical form.
     * @type {string}
     * @memberof WiredSubnet
     */
    gatewayIp?: string;
    /**
     * Resolvers, best first.
     * @type {Array<string>}
     * @memberof WiredSubnet
     */
    dnsServers: Array<string>;
    /**
     * Routes beside the default route.
     * @type {Array<WiredRoute>}
     * @memberof WiredSubnet
     */
    hostRoutes: Array<WiredRoute>;
    /**
     * Where DHCP or DHCPv6 answers from; absent when machines are configured from inside.
     * @type {string}
     * @memberof WiredSubnet
     */
    dhcpServerIp?: string;
}


/**
 * @export
 */
export const WiredSubnetIpVersionEnum = {
    NUMBER_4: 4,
    NUMBER_6: 6
} as const;
export type WiredSubnetIpVersionEnum = typeof WiredSubnetIpVersionEnum[keyof typeof WiredSubnetIpVersionEnum];

/**
 * The provider's own message from its server half to its host half; opaque to everyone between.
 * @export
 * @interface WiringDocument
 */
export interface WiringDocument {
    /**
     * The provider's version of the document.
     * @type {number}
     * @memberof WiringDocument
     */
    version: number;
    /**
     * The message.
     * @type {{ [key: string]: any; }}
     * @memberof WiringDocument
     */
    document: { [key: string]: any; };
}
