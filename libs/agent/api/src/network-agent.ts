import type {
  AgentStatus,
  CheckResult,
  EnsureItem,
  RemoveItem,
  VnicKey,
  Wiring,
  WiringResult,
} from '@patchpanel/contract-agent';

/**
 * The one door from compute to the network on a host. The caller says "this vNIC, this device" and learns "wired" or why
 * not; what is behind it (addresses, networks, providers, credentials) is none of the caller's business.
 *
 * Promises of every method:
 * - Level-triggered: a call says how things are to be, not what to do; any call may be repeated at any time, after an
 *   error, a lost answer or a restart of either side, and what is right already stays untouched.
 * - Batches: one result for each item, in the order of the items; one item's failure leaves the others alone. Items about
 *   the same vNIC are taken in their order, others side by side. An empty batch is answered by an empty list.
 * - Fencing: the highest placement that was seen for a vNIC stands, through restarts. What is older never overwrites it.
 * - A promise rejects only when there is no answer (`AgentCallError`), or with the signal's reason when that is
 *   aborted. Aborting ends the waiting, not the work: repeat the call, or `remove`, to know where things stand.
 *
 * `projectId`, `vnicId` and `macAddress` may come in either letter case; results have them in lower case.
 */
export interface NetworkAgent {
  /**
   * Sees to it that each vNIC is wired to its device. The status of a result is:
   * - `active`: wired completely, and read back from the kernel; `deviceName` is the host's end (for a tap: the device to
   *   hand to the machine) and `mtu` what the card is to have, where the provider names them.
   * - `error`: not wired, or not proven; `problem.code` says why:
   *   - `attachment-not-found`, `mac-mismatch`, `bound-elsewhere`, `stale-generation`: the network service refused;
   *     what was wired before for this vNIC may be taken down.
   *   - `stale-placement`: a newer placement is known; nothing was changed.
   *   - `device-refused`: the device is not one that the agent may touch, or this placement is wired to another device
   *     that is still there (for another device of a living machine, raise the placement).
   *   - `device-missing`: the device's process is not there (any more).
   *   - `provider-unavailable`: this host lacks the provider or what that needs.
   *   - `network-service-unavailable`: the agent could not ask, and has no answer from before.
   *   - `wiring-failed`: the kernel refused, or what was read back is not what was to be.
   *
   * `networkData` is for the agent alone and is handed on unread. Nothing that it says is needed yet: the network service is
   * asked for everything.
   *
   * What was asked stands until `remove`, a newer placement or `gc`. The agent goes on by itself where that can help
   * (everything but `mac-mismatch`, `bound-elsewhere`, `stale-*`, `device-refused`, `device-missing`: these wait
   * for the next `ensure`), follows changes of the port and repairs what others break; ask again, or `list`, to learn of
   * it. A vNIC that this agent wired stays `active` while the network service is away.
   */
  ensure(items: readonly EnsureItem[], signal?: AbortSignal): Promise<WiringResult[]>;

  /**
   * Takes wirings down. `removed` means that nothing of it is left on this host, or that a newer placement is known than the
   * one to remove (then nothing was changed). That the network service has been told is not awaited: the agent
   * remembers, and tells it when it can. `error` (`wiring-failed`): something is left; the agent goes on trying.
   */
  remove(items: readonly RemoveItem[], signal?: AbortSignal): Promise<WiringResult[]>;

  /**
   * Compares wirings with the kernel and changes nothing. `known` is false, and `differences` empty, for a vNIC that the
   * agent was not asked to wire.
   */
  check(keys: readonly VnicKey[], signal?: AbortSignal): Promise<CheckResult[]>;

  /** Everything that the agent was asked to wire, wired or not, ordered by project and vNIC. */
  list(signal?: AbortSignal): Promise<Wiring[]>;

  /**
   * Takes down every wiring of this agent whose vNIC is not in `valid` (also those that it was never asked for, left by
   * an earlier life), and says which those were. With `dryRun` it only says so.
   *
   * `valid` may hold at most 10,000 vNICs.
   */
  gc(
    valid: readonly VnicKey[],
    options?: { readonly dryRun?: boolean },
    signal?: AbortSignal,
  ): Promise<VnicKey[]>;

  /** How the agent stands: whether it reaches the network service, what its providers lack, how many wirings it keeps. */
  status(signal?: AbortSignal): Promise<AgentStatus>;
}
