/**
 * A network card of the machine.
 * @export
 * @interface AssignedVnic
 */
export interface AssignedVnic {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof AssignedVnic
     */
    vnicId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof AssignedVnic
     */
    macAddress: string;
    /**
     * What the user handed over for the network agent; not to be looked into.
     * @type {string}
     * @memberof AssignedVnic
     */
    networkData?: string;
}
/**
 * An instance placed on this host, and what it is to be.
 * @export
 * @interface Assignment
 */
export interface Assignment {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Assignment
     */
    instanceId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Assignment
     */
    projectId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Assignment
     */
    name: string;
    /**
     * What the machine is to be on this host.
     * @type {AssignmentDesiredEnum}
     * @memberof Assignment
     */
    desired: AssignmentDesiredEnum;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof Assignment
     */
    placement: number;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Assignment
     */
    revision: number;
    /**
     * The machine's network cards, first one first.
     * @type {Array<AssignedVnic>}
     * @memberof Assignment
     */
    vnics: Array<AssignedVnic>;
}


/**
 * @export
 */
export const AssignmentDesiredEnum = {
    running: 'running',
    stopped: 'stopped',
    absent: 'absent'
} as const;
export type AssignmentDesiredEnum = typeof AssignmentDesiredEnum[keyof typeof AssignmentDesiredEnum];

/**
 * An assignment changed; read it again for its state. One that is gone answers `assignment-not-found`.
 * @export
 * @interface AssignmentChange
 */
export interface AssignmentChange {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof AssignmentChange
     */
    instanceId: string;
    /**
     * What became of it.
     * @type {AssignmentChangeChangeEnum}
     * @memberof AssignmentChange
     */
    change: AssignmentChangeChangeEnum;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof AssignmentChange
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof AssignmentChange
     */
    occurredAt: string;
}


/**
 * @export
 */
export const AssignmentChangeChangeEnum = {
    created: 'created',
    updated: 'updated',
    deleted: 'deleted'
} as const;
export type AssignmentChangeChangeEnum = typeof AssignmentChangeChangeEnum[keyof typeof AssignmentChangeChangeEnum];

/**
 * Changes after the cursor.
 * @export
 * @interface AssignmentChangeList
 */
export interface AssignmentChangeList {
    /**
     * The changes, oldest first.
     * @type {Array<AssignmentChange>}
     * @memberof AssignmentChangeList
     */
    items: Array<AssignmentChange>;
    /**
     * The cursor for the next call.
     * @type {string}
     * @memberof AssignmentChangeList
     */
    nextCursor: string;
}
/**
 * A page of this host's assignments.
 * @export
 * @interface AssignmentList
 */
export interface AssignmentList {
    /**
     * The assignments.
     * @type {Array<Assignment>}
     * @memberof AssignmentList
     */
    items: Array<Assignment>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof AssignmentList
     */
    nextPageToken?: string;
    /**
     * Where the feed stood when this page was read; follow from the first page's.
     * @type {string}
     * @memberof AssignmentList
     */
    cursor: string;
}
/**
 * What a host says of itself.
 * @export
 * @interface HostRegistration
 */
export interface HostRegistration {
    /**
     * What drives its machines.
     * @type {string}
     * @memberof HostRegistration
     */
    driver: string;
    /**
     * How many instances it takes at most.
     * @type {number}
     * @memberof HostRegistration
     */
    instanceCapacity: number;
}
/**
 * How a machine stands.
 * @export
 * @interface InstanceReport
 */
export interface InstanceReport {
    /**
     * How it stands.
     * @type {InstanceReportStatusEnum}
     * @memberof InstanceReport
     */
    status: InstanceReportStatusEnum;
    /**
     * Why, where that needs words.
     * @type {string}
     * @memberof InstanceReport
     */
    statusReason?: string;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof InstanceReport
     */
    placement: number;
    /**
     * The revision of the assignment that the host acted on.
     * @type {number}
     * @memberof InstanceReport
     */
    observedRevision: number;
}


/**
 * @export
 */
export const InstanceReportStatusEnum = {
    starting: 'starting',
    running: 'running',
    stopping: 'stopping',
    stopped: 'stopped',
    deleting: 'deleting',
    error: 'error',
    absent: 'absent'
} as const;
export type InstanceReportStatusEnum = typeof InstanceReportStatusEnum[keyof typeof InstanceReportStatusEnum];

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
 * - `stale-placement` (409): A newer placement of the machine is known.
 * - `assignment-not-found` (404): The instance is not assigned to this host.
 * - `host-not-registered` (409): The host has not registered.
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
    stale_placement: 'stale-placement',
    assignment_not_found: 'assignment-not-found',
    host_not_registered: 'host-not-registered'
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
 * What the service tells a host.
 * @export
 * @interface RegisteredHost
 */
export interface RegisteredHost {
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof RegisteredHost
     */
    name: string;
    /**
     * How often a heartbeat is expected.
     * @type {number}
     * @memberof RegisteredHost
     */
    heartbeatSeconds: number;
}
