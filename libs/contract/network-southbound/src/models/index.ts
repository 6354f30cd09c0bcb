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
 * One change of one binding of this host.
 * @export
 * @interface Change
 */
export interface Change {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Change
     */
    bindingId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Change
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Change
     */
    vnicId: string;
    /**
     * What became of the binding.
     * @type {ChangeChangeEnum}
     * @memberof Change
     */
    change: ChangeChangeEnum;
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
     * Whether the port may carry traffic.
     * @type {DesiredAttachmentAdminStateEnum}
     * @memberof DesiredAttachment
     */
    adminState: DesiredAttachmentAdminStateEnum;
    /**
     * The port's addresses.
     * @type {Array<WiredIp>}
     * @memberof DesiredAttachment
     */
    fixedIps: Array<WiredIp>;
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
     * Rises by one with each change of the resource.
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
 * - `payload-too-large` (413): The body is larger than the service takes.
 * - `unsupported-media-type` (415): The body must be JSON.
 * - `internal-error` (500): The service failed.
 * - `service-unavailable` (503): The service cannot answer now.
 * - `attachment-not-found` (404): There is no such attachment.
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
    payload_too_large: 'payload-too-large',
    unsupported_media_type: 'unsupported-media-type',
    internal_error: 'internal-error',
    service_unavailable: 'service-unavailable',
    attachment_not_found: 'attachment-not-found',
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
