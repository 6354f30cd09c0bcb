import type { Device } from '@patchpanel/contract-agent';

/**
 * What compute-host asks of whatever runs its machines.
 *
 * A machine's life has two halves with the network's turn between them, because drivers differ in what must exist first:
 *
 * | driver    | `prepare` makes                     | the agent then               | `start` does                      |
 * |-----------|-------------------------------------|------------------------------|-----------------------------------|
 * | netns     | the namespace and its init process  | puts a veth end inside       | notes that the machine runs       |
 * | qemu      | disks, a run folder; no process     | makes a tap for the VM's uid | opens the taps and boots the VM   |
 * | simulated | a record                            | pretends                     | flips the record                  |
 *
 * So `prepare` answers with what the agent needs to know of each card's place (a process, a user, nothing), and `start`
 * is given what the agent made of it (a tap's name, or nothing new).
 *
 * Rules for every method but `probe` and `close`:
 * - level-triggered and idempotent: it says what shall be, repeats cheaply, and finishes what a crash interrupted;
 * - it resolves when the new state is true of the machine, not when it was asked for;
 * - expected failures are {@link DriverError}s, and after one the call may be repeated as it stands;
 * - calls for one instance must not overlap (the reconciler serialises them); calls for different instances may;
 * - machines outlive the process that made them: all that is needed to find them again is in the driver's state folder.
 */
export interface MachineDriver {
  /** As in configuration, for example `netns`. */
  readonly name: string;

  /** Says what is missing on this host and how to get it. Changes nothing that lasts. */
  probe(): Promise<DriverProbe>;

  /** Every machine on record, those that an earlier process left included, each checked against the kernel or engine. */
  list(): Promise<MachineStatus[]>;

  /** One machine as it is now; phase `absent` for one that was never made or is destroyed. */
  inspect(instanceId: string): Promise<MachineStatus>;

  /**
   * Makes all that must exist before the machine's network cards do, and says where each card shall go.
   *
   * On a machine that lives already this changes nothing but its cards and answers the same devices. A machine of an older
   * placement is another life of the instance: it is destroyed first.
   * @throws DriverError `stale-placement`, `invalid-machine`, `unsupported-host`, `launch-failed`, `timed-out`
   */
  prepare(machine: Machine): Promise<VnicDevice[]>;

  /**
   * Runs a prepared machine on the devices that the agent wired. On a running machine it changes nothing.
   * @throws DriverError `not-prepared`, `stale-placement`, `launch-failed`, `timed-out`
   */
  start(machine: Machine, wired: readonly WiredVnic[]): Promise<void>;

  /**
   * Asks the machine to end, and after the grace makes it. It keeps its record (and, where it has them, its disks). On a
   * stopped or absent machine this changes nothing.
   * @throws DriverError `timed-out`
   */
  stop(instanceId: string, options: { readonly graceSeconds: number }): Promise<void>;

  /**
   * Ends the machine at once and removes all trace of it; resolves when nothing is left that could send a packet. On an
   * absent machine this changes nothing.
   * @throws DriverError `timed-out`
   */
  destroy(instanceId: string): Promise<void>;

  /** Lets go of timers and files. Machines stay as they are; calls under way fail with `closed`. */
  close(): Promise<void>;
}

/** What shall run. */
export interface Machine {
  readonly instanceId: string;
  /** Whose it is: kept so that its cards can still be unplugged when the assignment is gone. */
  readonly projectId: string;
  /** Becomes the host name, as far as host names allow. */
  readonly name: string;
  /** Which life of the instance this is: opaque but ordered; older never beats newer. */
  readonly placement: number;
  /** In the order in which the machine sees them. */
  readonly vnics: readonly MachineVnic[];
}

export interface MachineVnic {
  readonly vnicId: string;
  readonly macAddress: string;
}

/**
 * Where a card goes, in the words of the agent API: into the namespace of a process, onto a tap for a user, or nowhere for
 * machines that only pretend.
 */
export interface VnicDevice {
  readonly vnicId: string;
  readonly device: Device;
}

/** What the agent made of a device. */
export interface WiredVnic {
  readonly vnicId: string;
  /** The host's device that a VM opens; absent where the card is inside the machine already. */
  readonly hostDeviceName?: string;
  /** Octets. */
  readonly mtu?: number;
}

/**
 * - `absent`: no record.
 * - `prepared`: between `prepare` and `start`.
 * - `running`: started and alive.
 * - `stopped`: on record, nothing runs: never came up, was stopped, or ended by itself (`reason` tells).
 */
export type MachinePhase = 'absent' | 'prepared' | 'running' | 'stopped';

export interface MachineStatus {
  readonly instanceId: string;
  readonly phase: MachinePhase;
  /** As last given to `prepare`; absent when the phase is. */
  readonly machine?: Machine;
  /** Why it is as it is, when that was not asked for, for people. */
  readonly reason?: string;
}

export interface DriverProbe {
  /** True when machines can be run here. */
  readonly ok: boolean;
  readonly problems: readonly DriverProblem[];
}

export interface DriverProblem {
  /** What is missing, as a sentence. */
  readonly problem: string;
  /** What an operator can do about it, as a command where there is one. */
  readonly remedy: string;
}
