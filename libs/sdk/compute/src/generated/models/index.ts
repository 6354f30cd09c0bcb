/**
 * A hypervisor. `instanceCount` and `lastHeartbeatAt` are live figures that do not raise its revision.
 * @export
 * @interface Host
 */
export interface Host {
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof Host
     */
    name: string;
    /**
     * What drives the host's machines.
     * @type {string}
     * @memberof Host
     */
    driver: string;
    /**
     * A host that has missed its heartbeats is `silent`; it gets no new instances.
     * @type {HostStatusEnum}
     * @memberof Host
     */
    status: HostStatusEnum;
    /**
     * How many instances are placed on it.
     * @type {number}
     * @memberof Host
     */
    instanceCount: number;
    /**
     * How many instances it takes at most.
     * @type {number}
     * @memberof Host
     */
    instanceCapacity: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Host
     */
    lastHeartbeatAt: string;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Host
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Host
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Host
     */
    updatedAt: string;
}


/**
 * @export
 */
export const HostStatusEnum = {
    up: 'up',
    silent: 'silent'
} as const;
export type HostStatusEnum = typeof HostStatusEnum[keyof typeof HostStatusEnum];

/**
 * A page of hosts.
 * @export
 * @interface HostList
 */
export interface HostList {
    /**
     * The hosts.
     * @type {Array<Host>}
     * @memberof HostList
     */
    items: Array<Host>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof HostList
     */
    nextPageToken?: string;
}
/**
 * A machine.
 * @export
 * @interface Instance
 */
export interface Instance {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Instance
     */
    id: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Instance
     */
    projectId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Instance
     */
    name: string;
    /**
     * The machine's network cards, in order.
     * @type {Array<string>}
     * @memberof Instance
     */
    vnicIds: Array<string>;
    /**
     *
     * @type {PowerState}
     * @memberof Instance
     */
    powerState: PowerState;
    /**
     *
     * @type {InstanceStatus}
     * @memberof Instance
     */
    status: InstanceStatus;
    /**
     * Why the status is what it is, where that needs words.
     * @type {string}
     * @memberof Instance
     */
    statusReason?: string;
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof Instance
     */
    hostName?: string;
    /**
     * The number of its placing on a host, higher than that of every earlier placing of any instance; 0 before it is placed.
     * @type {number}
     * @memberof Instance
     */
    placement: number;
    /**
     * The instance's revision at the last order (making, starting, stopping, deleting it), or at its placing on a host when that came later. An order that asks for what is wanted already leaves it as it is.
     * @type {number}
     * @memberof Instance
     */
    generation: number;
    /**
     * The instance's revision that its host last reported on. As long as it is below `generation`, the host has not yet acted on the last order; once `observedGeneration >= generation`, the status answers that order. An instance that no host has and that is to be stopped needs no host's answer.
     * @type {number}
     * @memberof Instance
     */
    observedGeneration: number;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Instance
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Instance
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Instance
     */
    updatedAt: string;
}


/**
 * An instance to make.
 * @export
 * @interface InstanceInput
 */
export interface InstanceInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof InstanceInput
     */
    name?: string;
    /**
     * The vNICs that the machine is to have, first card first; each of the caller's project, in no other instance, and named once.
     * @type {Array<string>}
     * @memberof InstanceInput
     */
    vnicIds?: Array<string>;
    /**
     *
     * @type {PowerState}
     * @memberof InstanceInput
     */
    powerState?: PowerState;
}


/**
 * A page of instances.
 * @export
 * @interface InstanceList
 */
export interface InstanceList {
    /**
     * The instances.
     * @type {Array<Instance>}
     * @memberof InstanceList
     */
    items: Array<Instance>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof InstanceList
     */
    nextPageToken?: string;
}

/**
 * `scheduling`: no host has it yet. `starting`, `stopping`, `deleting`: its host is at work. `error`: its host failed, says why in `statusReason`, and goes on trying.
 * @export
 */
export const InstanceStatus = {
    scheduling: 'scheduling',
    starting: 'starting',
    running: 'running',
    stopping: 'stopping',
    stopped: 'stopped',
    deleting: 'deleting',
    error: 'error'
} as const;
export type InstanceStatus = typeof InstanceStatus[keyof typeof InstanceStatus];


/**
 * What the machine is wanted to be. One that has never been wanted `running` has no host; one that is stopped later keeps its host, and starts there again.
 * @export
 */
export const PowerState = {
    running: 'running',
    stopped: 'stopped'
} as const;
export type PowerState = typeof PowerState[keyof typeof PowerState];

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
 * - `mac-address-in-use` (409): The MAC address is in use.
 * - `vnic-not-found` (404): There is no such vNIC.
 * - `vnic-in-use` (409): The vNIC belongs to an instance.
 * - `instance-not-found` (404): There is no such instance.
 * - `instance-deleting` (409): The instance is being deleted.
 * - `host-not-found` (404): There is no such host.
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
    mac_address_in_use: 'mac-address-in-use',
    vnic_not_found: 'vnic-not-found',
    vnic_in_use: 'vnic-in-use',
    instance_not_found: 'instance-not-found',
    instance_deleting: 'instance-deleting',
    host_not_found: 'host-not-found'
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
 * A network card.
 * @export
 * @interface Vnic
 */
export interface Vnic {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Vnic
     */
    id: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Vnic
     */
    projectId: string;
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof Vnic
     */
    name: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof Vnic
     */
    macAddress: string;
    /**
     * Anything that the network side wants its agent to have. Compute stores it and passes it on with the machine, and never looks inside.
     * @type {string}
     * @memberof Vnic
     */
    networkData?: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Vnic
     */
    instanceId?: string;
    /**
     * Rises by one with each change of the resource.
     * @type {number}
     * @memberof Vnic
     */
    revision: number;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Vnic
     */
    createdAt: string;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof Vnic
     */
    updatedAt: string;
}
/**
 * A vNIC to make.
 * @export
 * @interface VnicInput
 */
export interface VnicInput {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof VnicInput
     */
    name?: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof VnicInput
     */
    macAddress?: string;
    /**
     * Anything that the network side wants its agent to have. Compute stores it and passes it on with the machine, and never looks inside.
     * @type {string}
     * @memberof VnicInput
     */
    networkData?: string;
}
/**
 * A page of vNICs.
 * @export
 * @interface VnicList
 */
export interface VnicList {
    /**
     * The vNICs.
     * @type {Array<Vnic>}
     * @memberof VnicList
     */
    items: Array<Vnic>;
    /**
     * Pass it as `pageToken` to get the next page; absent on the last one.
     * @type {string}
     * @memberof VnicList
     */
    nextPageToken?: string;
}
/**
 * What to change in a vNIC.
 * @export
 * @interface VnicPatch
 */
export interface VnicPatch {
    /**
     * A name for people. It need not be unique.
     * @type {string}
     * @memberof VnicPatch
     */
    name?: string;
    /**
     * As in the vNIC; null clears it.
     * @type {string}
     * @memberof VnicPatch
     */
    networkData?: string | null;
}
