import type { Fence } from './fence.ts';
import type { JsonObject } from './json.ts';
import type { WiringDocument } from './server.ts';
import type { SpiVersionRange } from './version.ts';

/** The part of a pino logger that a host half uses. */
export interface ProviderLogger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What a host half is given when it is created. */
export interface HostContext {
  /** Labels every kernel object of this agent, so that two agents on one host never touch each other's. 1 to 24 of [a-z0-9-]. */
  readonly instance: string;
  /** This host's name, as the network service knows it. */
  readonly host: string;
  /** Folder for sockets and the like; emptied by a reboot. */
  readonly runDir: string;
  /** Folder that outlives restarts; a provider keeps its files in a subfolder of its own name. */
  readonly stateDir: string;
  /** The user that owns machines: a namespace or tap of any other user is refused. Absent: both kinds are refused. */
  readonly machineUid?: number;
  readonly logger: ProviderLogger;
}

/** Names one wiring: whose vNIC is plugged into what, and by which order. */
export interface WiringIdentity extends Fence {
  readonly projectId: string;
  readonly vnicId: string;
  readonly portId: string;
  readonly networkId: string;
}

/** An address to be had by the vNIC. */
export interface DesiredAddress {
  /** In canonical form. */
  readonly ipAddress: string;
  readonly prefixLength: number;
  /** Default gateway for this address's IP version. */
  readonly gatewayIp?: string;
}

/** What of an attachment every provider needs. */
export interface DesiredAttachment extends WiringIdentity {
  /** Lower case, colons. */
  readonly macAddress: string;
  /** `down`: wired, but not a frame passes. */
  readonly adminState: 'up' | 'down';
  /** In bytes; absent means the provider's default. */
  readonly mtu?: number;
  readonly fixedIps: readonly DesiredAddress[];
}

/** Where the vNIC's end of the wire goes. */
export type Device =
  | {
      /** Into the network namespace of a running machine. */
      readonly kind: 'namespace';
      /** A process in that namespace, owned by the machines' user. */
      readonly pid: number;
      /** Field 22 of /proc/<pid>/stat, against a pid used again. */
      readonly startTime?: number;
      /** Name of the link inside, such as `eth0`. */
      readonly interfaceName: string;
    }
  | {
      /** A persistent tap that a hypervisor opens. */
      readonly kind: 'tap';
      /** The user who may open it. */
      readonly ownerUid: number;
    }
  | {
      /** Nothing to put anywhere: simulated machines. */
      readonly kind: 'none';
    };

/** The full desired state of one wiring. */
export interface DesiredWiring {
  readonly attachment: DesiredAttachment;
  readonly wiring: WiringDocument;
  readonly device: Device;
}

/** What was read back from the kernel (or engine) after the last change. */
export interface ObservedWiring {
  readonly identity: WiringIdentity;
  /** Link on the host; for a tap, the one that the hypervisor opens. */
  readonly hostInterface?: string;
  /** Link inside the machine's namespace. */
  readonly machineInterface?: string;
  readonly macAddress: string;
  readonly mtu?: number;
  /** As `address/prefix length`, in canonical form. Empty for a device whose inside can't be seen. */
  readonly addresses: readonly string[];
  /** The provider's own facts, for people to read. */
  readonly details: JsonObject;
}

/** One departure of what is from what is desired. */
export interface Difference {
  /** What departs, such as `link ppv0123456789ab`. */
  readonly object: string;
  /** Which property of it; `exists` when it is missing. */
  readonly field: string;
  readonly desired: string;
  readonly actual: string;
}

/** Something that this machine lacks. */
export interface MissingRequirement {
  readonly what: string;
  /** What to do about it, such as `apt-get install -y nftables`. */
  readonly remedy: string;
  /** False: things work without, less well. */
  readonly isRequired: boolean;
}

/** An object that `gc` removed, or would remove. */
export interface Leftover {
  /** The provider's word for it: `link`, `bridge`, `nft-chain`… */
  readonly kind: string;
  readonly name: string;
  /** The wiring that it belongs to, where the object still says so. */
  readonly identity?: WiringIdentity;
}

/** Counters of one wiring. */
export interface WiringStatus {
  readonly identity: WiringIdentity;
  /** Frames dropped by reason. */
  readonly droppedFrames: Readonly<Record<string, number>>;
}

/** What a host half says of itself. */
export interface HostStatus {
  readonly wirings: readonly WiringStatus[];
  /** What hinders it, in words; empty when all is well. */
  readonly warnings: readonly string[];
}

/**
 * The half of a provider inside the network agent. The agent calls it with one instruction at a time per vNIC; calls about
 * different vNICs may overlap. Expected failures are `ProviderError`s. It keeps nothing that it can't find again after a
 * restart, and a restart disturbs no traffic.
 */
export interface HostProvider {
  /** The same name as its server half's. */
  readonly name: string;
  /** The SPI versions that it works with. */
  readonly spi: SpiVersionRange;
  /** Says what is missing on this machine and how to get it; empty when all is there. */
  probe(): Promise<readonly MissingRequirement[]>;
  /**
   * Makes the wiring as desired, whatever was there before, and returns only what was then read back. Repeating it changes
   * nothing. Throws `fenced`, changing nothing, when what is wired for this vNIC is newer.
   */
  ensure(wiring: DesiredWiring, signal: AbortSignal): Promise<ObservedWiring>;
  /** Removes the wiring; does nothing when it is gone already, or when what is wired for this vNIC is newer. */
  remove(identity: WiringIdentity, signal: AbortSignal): Promise<void>;
  /** Compares the kernel with the desired state and changes nothing; empty when they agree. */
  check(wiring: DesiredWiring, signal: AbortSignal): Promise<readonly Difference[]>;
  /** Lists the wirings that exist on this host, those of earlier runs included. */
  list(): Promise<readonly WiringIdentity[]>;
  /**
   * Removes everything of this agent instance that belongs to no wiring of the valid set (compared by project, vNIC, port
   * and network; not by fence), and says what that was. With `dryRun` it only says so.
   */
  gc(
    validSet: readonly WiringIdentity[],
    options: { readonly dryRun: boolean },
  ): Promise<readonly Leftover[]>;
  /** Says how things are: counters per wiring and what hinders it. */
  status(): Promise<HostStatus>;
}

/** The identity in something that carries more. */
export function identityOf(source: WiringIdentity): WiringIdentity {
  const { projectId, vnicId, portId, networkId, epoch, generation, placement } = source;
  return { projectId, vnicId, portId, networkId, epoch, generation, placement };
}

/** True when both name the same vNIC, port and network, by whatever order. */
export function isSameWiring(left: WiringIdentity, right: WiringIdentity): boolean {
  return (
    left.projectId === right.projectId &&
    left.vnicId === right.vnicId &&
    left.portId === right.portId &&
    left.networkId === right.networkId
  );
}

/** What an agent instance may be called: it becomes part of kernel names and labels. */
export const instanceForm = /^[a-z0-9-]{1,24}$/;
