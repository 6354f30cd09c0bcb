/**
 * How the agent stands.
 * @export
 * @interface AgentStatus
 */
export interface AgentStatus {
    /**
     * A host's name, unique in the installation.
     * @type {string}
     * @memberof AgentStatus
     */
    hostName: string;
    /**
     * Whether the last call to the network service went through.
     * @type {AgentStatusNetworkServiceEnum}
     * @memberof AgentStatus
     */
    networkService: AgentStatusNetworkServiceEnum;
    /**
     * RFC 3339, UTC.
     * @type {string}
     * @memberof AgentStatus
     */
    lastContactAt?: string;
    /**
     * The providers that this host has.
     * @type {Array<ProviderStatus>}
     * @memberof AgentStatus
     */
    providers: Array<ProviderStatus>;
    /**
     *
     * @type {AgentStatusWirings}
     * @memberof AgentStatus
     */
    wirings: AgentStatusWirings;
}


/**
 * @export
 */
export const AgentStatusNetworkServiceEnum = {
    reachable: 'reachable',
    unreachable: 'unreachable',
    unknown: 'unknown'
} as const;
export type AgentStatusNetworkServiceEnum = typeof AgentStatusNetworkServiceEnum[keyof typeof AgentStatusNetworkServiceEnum];

/**
 * How many wirings are in which state.
 * @export
 * @interface AgentStatusWirings
 */
export interface AgentStatusWirings {
    /**
     * Proven.
     * @type {number}
     * @memberof AgentStatusWirings
     */
    active: number;
    /**
     * Being wired.
     * @type {number}
     * @memberof AgentStatusWirings
     */
    wiring: number;
    /**
     * Failed; those that may yet succeed are being tried again.
     * @type {number}
     * @memberof AgentStatusWirings
     */
    error: number;
}
/**
 * Wirings to compare with the kernel.
 * @export
 * @interface CheckRequest
 */
export interface CheckRequest {
    /**
     * The wirings.
     * @type {Array<VnicKey>}
     * @memberof CheckRequest
     */
    items: Array<VnicKey>;
}
/**
 * How a wiring compares with the kernel.
 * @export
 * @interface CheckResult
 */
export interface CheckResult {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof CheckResult
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof CheckResult
     */
    vnicId: string;
    /**
     * Whether the agent keeps such a wiring at all.
     * @type {boolean}
     * @memberof CheckResult
     */
    known: boolean;
    /**
     * Where the kernel differs from what is wanted, in words; empty when nothing does.
     * @type {Array<string>}
     * @memberof CheckResult
     */
    differences: Array<string>;
}
/**
 * Results in the order of the items.
 * @export
 * @interface CheckResults
 */
export interface CheckResults {
    /**
     * The results.
     * @type {Array<CheckResult>}
     * @memberof CheckResults
     */
    results: Array<CheckResult>;
}
/**
 * Which wirings to keep.
 * @export
 * @interface CollectRequest
 */
export interface CollectRequest {
    /**
     * The vNICs whose wirings stay.
     * @type {Array<VnicKey>}
     * @memberof CollectRequest
     */
    valid: Array<VnicKey>;
    /**
     * Only say what would be taken down.
     * @type {boolean}
     * @memberof CollectRequest
     */
    dryRun?: boolean;
}
/**
 * What was taken down.
 * @export
 * @interface CollectResult
 */
export interface CollectResult {
    /**
     * The vNICs whose wirings are gone, or would be.
     * @type {Array<VnicKey>}
     * @memberof CollectResult
     */
    removed: Array<VnicKey>;
}
/**
 * @type Device
 * What a vNIC is connected to.
 * @export
 */
export type Device = { kind: 'namespace' } & NamespaceDevice | { kind: 'none' } & NoDevice | { kind: 'tap' } & TapDevice;
/**
 * A vNIC and the device to connect it to.
 * @export
 * @interface EnsureItem
 */
export interface EnsureItem {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof EnsureItem
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof EnsureItem
     */
    vnicId: string;
    /**
     * Six bytes in hexadecimal, separated by colons; a unicast address. Given back in lower case.
     * @type {string}
     * @memberof EnsureItem
     */
    macAddress: string;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof EnsureItem
     */
    placement: number;
    /**
     *
     * @type {Device}
     * @memberof EnsureItem
     */
    device: Device;
    /**
     * What the owner of the vNIC handed over for the agent.
     * @type {string}
     * @memberof EnsureItem
     */
    networkData?: string;
}
/**
 * vNICs to wire.
 * @export
 * @interface EnsureRequest
 */
export interface EnsureRequest {
    /**
     * The vNICs.
     * @type {Array<EnsureItem>}
     * @memberof EnsureRequest
     */
    items: Array<EnsureItem>;
}
/**
 * An interface inside the network namespace of a process of compute's own user. The agent refuses processes of other users and namespaces that are the host's.
 * @export
 * @interface NamespaceDevice
 */
export interface NamespaceDevice {
    /**
     * This kind of device.
     * @type {NamespaceDeviceKindEnum}
     * @memberof NamespaceDevice
     */
    kind: NamespaceDeviceKindEnum;
    /**
     * A process in the namespace.
     * @type {number}
     * @memberof NamespaceDevice
     */
    pid: number;
    /**
     * The process's start time in clock ticks since boot (field 22 of its stat file), so that no other process is taken for it.
     * @type {string}
     * @memberof NamespaceDevice
     */
    startTime: string;
    /**
     * The interface's name inside.
     * @type {string}
     * @memberof NamespaceDevice
     */
    interfaceName: string;
}


/**
 * @export
 */
export const NamespaceDeviceKindEnum = {
    namespace: 'namespace'
} as const;
export type NamespaceDeviceKindEnum = typeof NamespaceDeviceKindEnum[keyof typeof NamespaceDeviceKindEnum];

/**
 * Nothing; for machines that are simulated.
 * @export
 * @interface NoDevice
 */
export interface NoDevice {
    /**
     * This kind of device.
     * @type {NoDeviceKindEnum}
     * @memberof NoDevice
     */
    kind: NoDeviceKindEnum;
}


/**
 * @export
 */
export const NoDeviceKindEnum = {
    none: 'none'
} as const;
export type NoDeviceKindEnum = typeof NoDeviceKindEnum[keyof typeof NoDeviceKindEnum];

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
 * - `route-not-found` (404): There is nothing at this path.
 * - `method-not-allowed` (405): This path does not take this method.
 * - `payload-too-large` (413): The body is larger than the service takes.
 * - `unsupported-media-type` (415): The body must be JSON.
 * - `internal-error` (500): The service failed.
 * - `service-unavailable` (503): The service cannot answer now.
 * @export
 */
export const ProblemCode = {
    malformed_json: 'malformed-json',
    invalid_request: 'invalid-request',
    route_not_found: 'route-not-found',
    method_not_allowed: 'method-not-allowed',
    payload_too_large: 'payload-too-large',
    unsupported_media_type: 'unsupported-media-type',
    internal_error: 'internal-error',
    service_unavailable: 'service-unavailable'
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
 * A provider on this host.
 * @export
 * @interface ProviderStatus
 */
export interface ProviderStatus {
    /**
     * Its name.
     * @type {string}
     * @memberof ProviderStatus
     */
    name: string;
    /**
     * Whether it can wire anything.
     * @type {boolean}
     * @memberof ProviderStatus
     */
    ready: boolean;
    /**
     * What it lacks on this machine, and how to get that.
     * @type {Array<string>}
     * @memberof ProviderStatus
     */
    missing: Array<string>;
}
/**
 * A wiring to take down.
 * @export
 * @interface RemoveItem
 */
export interface RemoveItem {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof RemoveItem
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof RemoveItem
     */
    vnicId: string;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof RemoveItem
     */
    placement: number;
}
/**
 * Wirings to take down.
 * @export
 * @interface RemoveRequest
 */
export interface RemoveRequest {
    /**
     * The wirings.
     * @type {Array<RemoveItem>}
     * @memberof RemoveRequest
     */
    items: Array<RemoveItem>;
}
/**
 * A tap that the agent makes for a virtual machine's process.
 * @export
 * @interface TapDevice
 */
export interface TapDevice {
    /**
     * This kind of device.
     * @type {TapDeviceKindEnum}
     * @memberof TapDevice
     */
    kind: TapDeviceKindEnum;
    /**
     * The Unix user that may open the tap.
     * @type {number}
     * @memberof TapDevice
     */
    ownerUid: number;
}


/**
 * @export
 */
export const TapDeviceKindEnum = {
    tap: 'tap'
} as const;
export type TapDeviceKindEnum = typeof TapDeviceKindEnum[keyof typeof TapDeviceKindEnum];

/**
 * Which vNIC.
 * @export
 * @interface VnicKey
 */
export interface VnicKey {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof VnicKey
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof VnicKey
     */
    vnicId: string;
}
/**
 * A vNIC that the agent keeps wired.
 * @export
 * @interface Wiring
 */
export interface Wiring {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Wiring
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof Wiring
     */
    vnicId: string;
    /**
     * Compute's number for this placing of a machine on a host; each is higher than all before it, whichever machine it was of. Opaque to the network but for its order.
     * @type {number}
     * @memberof Wiring
     */
    placement: number;
    /**
     * The generation of the attachment that is wired; 0 when none is yet.
     * @type {number}
     * @memberof Wiring
     */
    generation: number;
    /**
     *
     * @type {WiringStatus}
     * @memberof Wiring
     */
    status: WiringStatus;
    /**
     * The host's end of the wire.
     * @type {string}
     * @memberof Wiring
     */
    deviceName?: string;
    /**
     *
     * @type {WiringProblem}
     * @memberof Wiring
     */
    problem?: WiringProblem;
}


/**
 * Everything that the agent keeps wired.
 * @export
 * @interface WiringList
 */
export interface WiringList {
    /**
     * The wirings.
     * @type {Array<Wiring>}
     * @memberof WiringList
     */
    items: Array<Wiring>;
}
/**
 * Why a vNIC is not wired.
 * @export
 * @interface WiringProblem
 */
export interface WiringProblem {
    /**
     *
     * @type {WiringProblemCode}
     * @memberof WiringProblem
     */
    code: WiringProblemCode;
    /**
     * What went wrong and what to do about it.
     * @type {string}
     * @memberof WiringProblem
     */
    detail: string;
}



/**
 * Why a vNIC is not wired. `attachment-not-found`: it is plugged into nothing. `mac-mismatch`: it was plugged with another MAC address. `bound-elsewhere`: another host realises it. `stale-generation`, `stale-placement`: something newer is known. `device-refused`: the device is not one that the agent may touch. `device-missing`: it is not there. `provider-unavailable`: this host lacks the provider or what it needs. `network-service-unavailable`: the agent could not ask. `wiring-failed`: the kernel refused.
 * @export
 */
export const WiringProblemCode = {
    attachment_not_found: 'attachment-not-found',
    mac_mismatch: 'mac-mismatch',
    bound_elsewhere: 'bound-elsewhere',
    stale_generation: 'stale-generation',
    stale_placement: 'stale-placement',
    device_refused: 'device-refused',
    device_missing: 'device-missing',
    provider_unavailable: 'provider-unavailable',
    network_service_unavailable: 'network-service-unavailable',
    wiring_failed: 'wiring-failed'
} as const;
export type WiringProblemCode = typeof WiringProblemCode[keyof typeof WiringProblemCode];

/**
 * What became of one item.
 * @export
 * @interface WiringResult
 */
export interface WiringResult {
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof WiringResult
     */
    projectId: string;
    /**
     * A UUID; ids that the service makes are of version 7, so they sort by time.
     * @type {string}
     * @memberof WiringResult
     */
    vnicId: string;
    /**
     *
     * @type {WiringStatus}
     * @memberof WiringResult
     */
    status: WiringStatus;
    /**
     * The host's end of the wire; for a tap, the device to hand to the machine.
     * @type {string}
     * @memberof WiringResult
     */
    deviceName?: string;
    /**
     * The MTU that the machine's card is to have, in bytes.
     * @type {number}
     * @memberof WiringResult
     */
    mtu?: number;
    /**
     *
     * @type {WiringProblem}
     * @memberof WiringResult
     */
    problem?: WiringProblem;
}


/**
 * Results in the order of the items.
 * @export
 * @interface WiringResults
 */
export interface WiringResults {
    /**
     * The results.
     * @type {Array<WiringResult>}
     * @memberof WiringResults
     */
    results: Array<WiringResult>;
}

/**
 * `active` means that the agent has read the wiring back from the kernel.
 * @export
 */
export const WiringStatus = {
    wiring: 'wiring',
    active: 'active',
    error: 'error',
    removed: 'removed'
} as const;
export type WiringStatus = typeof WiringStatus[keyof typeof WiringStatus];
