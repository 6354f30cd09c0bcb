import { AgentCallError, type NetworkAgent } from '@patchpanel/agent-api';
import { bulkhead } from 'cockatiel';
import type { Logger } from 'pino';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { ComputeCallError, type ComputeService } from './compute-service.ts';
import type { MachineDriver } from './drivers/driver.ts';
import { DriverError } from './drivers/driver-error.ts';
import type { Assignment, InstanceReport } from './generated/index.ts';
import { pause } from './pause.ts';
import {
  reconcileInstance,
  type PassOutcome,
  type Standing,
  type WantedInstance,
} from './reconcile-instance.ts';

export interface ReconcilerOptions {
  readonly driver: MachineDriver;
  readonly agent: NetworkAgent;
  readonly compute: Pick<ComputeService, 'reportStatus'>;
  readonly log: Logger;
  readonly stopGraceSeconds: number;
  /** How many instances are worked on at the same time. */
  readonly parallel: number;
  readonly retry: BackoffOptions;
  /** Ends all work; machines stay as they are. */
  readonly signal: AbortSignal;
}

/** What the reconciler knows of one instance between passes. */
interface Entry {
  /** Another object whenever somebody wants something, be it the same as before. */
  wanted: WantedInstance;
  /** The work on this instance, one pass after another; undefined when it is settled. */
  work: Promise<void> | undefined;
  /** Cuts the wait before the next attempt short. */
  wake: AbortController;
  /** As compute-api knows it, so that it is told each thing once. */
  reported: InstanceReport | undefined;
}

/**
 * Makes each instance on this host what compute-api wants it to be, and keeps it so. Level-triggered: it is told what is
 * wanted, never what to do. Instances are worked on side by side, each by one pass at a time; what fails is tried again with
 * growing, jittered waits, for ever.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #limit;
  /** Whether wirings of no instance here are still to be looked for; not before the full list was taken over. */
  #isSweepDue: boolean | undefined;
  /** A look for them that is under way: meanwhile no work begins, as it might be on an instance that it does not know. */
  #sweeping: Promise<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#limit = bulkhead(options.parallel, Infinity);
  }

  /** Says what one instance is to be. An assignment of an older placement than one known is ignored. */
  assign(assignment: Assignment): void {
    const known = this.#entries.get(assignment.instanceId)?.wanted.assignment;
    if (known !== undefined && known.placement > assignment.placement) return;
    this.#want({ instanceId: assignment.instanceId, assignment });
  }

  /** Says that an instance has no business on this host; what there is of it is removed. */
  unassign(instanceId: string): void {
    this.#want({ instanceId });
  }

  /**
   * Says what all instances are to be: machines of this host's state folder that are not among them are removed. Everything is
   * reported anew. The first time, wirings that belong to no instance here, as after the loss of the state folder, are
   * taken down; if the agent is away, `lookAround` does it as soon as it is back.
   */
  async assignAll(assignments: readonly Assignment[]): Promise<void> {
    const machines = await this.#options.driver.list();
    const assigned = new Set(assignments.map(({ instanceId }) => instanceId));
    for (const entry of this.#entries.values()) entry.reported = undefined;
    for (const assignment of assignments) this.assign(assignment);
    for (const instanceId of [...this.#entries.keys(), ...machines.map((machine) => machine.instanceId)]) {
      if (!assigned.has(instanceId)) this.unassign(instanceId);
    }
    this.#isSweepDue ??= true;
    await this.#sweepWirings();
  }

  /** Cuts all waits short, as when a service that was away is back. */
  retryNow(): void {
    for (const entry of this.#entries.values()) entry.wake.abort();
  }

  /**
   * Looks for machines that ended by themselves and for wirings that are not what they were, and sets to work on them.
   * The agent being away is no reason to touch a machine.
   */
  async lookAround(): Promise<void> {
    const { driver, agent, signal, log } = this.#options;
    const machines = new Map((await driver.list()).map((machine) => [machine.instanceId, machine]));
    let wirings: Map<string, string> | undefined;
    try {
      wirings = new Map((await agent.list(signal)).map(({ vnicId, status }) => [vnicId, status]));
      await this.#sweepWirings();
    } catch (cause) {
      if (!(cause instanceof AgentCallError) && !signal.aborted) throw cause;
      log.debug({ err: cause }, 'the network agent can not be asked');
    }
    for (const { work, wanted } of this.#entries.values()) {
      const { assignment } = wanted;
      if (work !== undefined || assignment?.desired !== 'running') continue;
      const runs = machines.get(wanted.instanceId)?.phase === 'running';
      const isWired = assignment.vnics.every(
        ({ vnicId }) => wirings === undefined || wirings.get(vnicId) === 'active',
      );
      if (!runs || !isWired) this.#want(wanted);
    }
  }

  /** Resolves when no instance is being worked on; with one that can not succeed, never. */
  async settled(): Promise<void> {
    for (;;) {
      const work = [...this.#entries.values()].flatMap((entry) => entry.work ?? []);
      if (work.length === 0) return;
      await Promise.all(work);
    }
  }

  /** Once, takes down the wirings that belong to no instance known here; when the agent is away it is still to be done. */
  async #sweepWirings(): Promise<void> {
    if (this.#isSweepDue === true) {
      this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    }
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { agent, signal, log } = this.#options;
    const valid = [...this.#entries.values()].flatMap(({ wanted: { assignment } }) =>
      assignment === undefined
        ? []
        : assignment.vnics.map(({ vnicId }) => ({ projectId: assignment.projectId, vnicId })),
    );
    try {
      // More is not what one call of the agent takes.
      const removed = valid.length > 10_000 ? [] : await agent.gc(valid, {}, signal);
      if (removed.length > 0) log.warn({ removed }, 'took down wirings of no instance here');
      this.#isSweepDue = false;
    } catch (cause) {
      if (!(cause instanceof AgentCallError) && !signal.aborted) throw cause;
      log.warn({ err: cause }, 'wirings of no instance here could not be looked for');
    }
  }

  #want(wanted: WantedInstance): void {
    if (this.#options.signal.aborted) return;
    let entry = this.#entries.get(wanted.instanceId);
    if (entry === undefined) {
      entry = { wanted, work: undefined, wake: new AbortController(), reported: undefined };
      this.#entries.set(wanted.instanceId, entry);
    }
    entry.wanted = wanted;
    entry.wake.abort();
    entry.work ??= this.#work(entry);
  }

  async #work(entry: Entry): Promise<void> {
    const { signal, retry } = this.#options;
    const backoff = new Backoff(retry);
    while (!signal.aborted) {
      const { wanted } = entry;
      const isDone = await this.#limit.execute(() => this.#attempt(entry, wanted));
      if (entry.wanted !== wanted) {
        backoff.reset();
        continue;
      }
      if (isDone) break;
      entry.wake = new AbortController();
      await pause(backoff.nextMs(), AbortSignal.any([signal, entry.wake.signal]));
    }
    entry.work = undefined;
  }

  /** @returns whether nothing is left to do for what is wanted now */
  async #attempt(entry: Entry, wanted: WantedInstance): Promise<boolean> {
    await this.#sweeping?.catch(() => undefined); // its own caller gets the failure
    if (this.#options.signal.aborted) return false;
    const log = this.#options.log.child({ instanceId: wanted.instanceId });
    const outcome = await this.#pass(entry, wanted, log);
    if (outcome === undefined) return false;
    if (outcome.kind === 'obsolete') {
      log.info({ placement: wanted.assignment?.placement }, 'a newer placement is known here');
      return true;
    }
    const isDone = outcome.kind !== 'unsettled';
    const isHeard = await this.#report(entry, wanted, outcome.standing, log);
    if (!isDone || !isHeard) return false;
    if (outcome.kind === 'gone' && entry.wanted === wanted) this.#entries.delete(wanted.instanceId);
    return true;
  }

  async #pass(entry: Entry, wanted: WantedInstance, log: Logger): Promise<PassOutcome | undefined> {
    const { driver, agent, stopGraceSeconds, signal } = this.#options;
    try {
      return await reconcileInstance(wanted, {
        driver,
        agent,
        stopGraceSeconds,
        signal,
        onStep: async (standing) => {
          log.info(standing, 'working on an instance');
          await this.#reportStep(entry, wanted, standing, log);
        },
      });
    } catch (cause) {
      if (signal.aborted) return undefined;
      return { kind: 'unsettled', standing: this.#standingAfter(cause, wanted, log) };
    }
  }

  /** How to tell compute-api of a pass that failed. */
  #standingAfter(cause: unknown, wanted: WantedInstance, log: Logger): Standing {
    const underWay = standingUnderWay(wanted);
    if (cause instanceof AgentCallError) {
      log.warn({ err: cause }, 'the network agent gave no answer');
      return { status: underWay, statusReason: `the network agent gave no answer: ${cause.message}` };
    }
    if (cause instanceof DriverError) {
      log.warn({ err: cause }, 'the driver failed');
      return { status: 'error', statusReason: `${cause.message} (${cause.code})` };
    }
    // A defect, or a full disk: it concerns this instance, so the others go on.
    log.error({ err: cause }, 'working on an instance failed');
    return { status: 'error', statusReason: 'compute-host failed; its log says why' };
  }

  /** Tells of a step, as a courtesy: no harm is done if nobody hears it, and an error stands until it is mended. */
  async #reportStep(entry: Entry, wanted: WantedInstance, standing: Standing, log: Logger): Promise<void> {
    const isMending =
      entry.reported?.status === 'error' && entry.reported.observedRevision === wanted.assignment?.revision;
    if (!isMending) await this.#report(entry, wanted, standing, log);
  }

  /** @returns false when it has to be said again */
  async #report(entry: Entry, wanted: WantedInstance, standing: Standing, log: Logger): Promise<boolean> {
    const { compute, signal } = this.#options;
    if (wanted.assignment === undefined) return true;
    const { placement, revision } = wanted.assignment;
    const report: InstanceReport = { ...clip(standing), placement, observedRevision: revision };
    if (isSame(entry.reported, report)) return true;
    try {
      await compute.reportStatus(wanted.instanceId, report, signal);
    } catch (cause) {
      if (!(cause instanceof ComputeCallError)) throw cause;
      return this.#takeRefusal(entry, wanted, cause, log);
    }
    log.info(report, 'reported');
    entry.reported = report;
    return true;
  }

  /** What follows from a report that compute-api did not take. */
  #takeRefusal(entry: Entry, wanted: WantedInstance, cause: ComputeCallError, log: Logger): boolean {
    if (cause.code === 'stale-placement') {
      log.info('compute-api knows a newer placement; its feed will tell');
      return true;
    }
    if (cause.code === 'assignment-not-found') {
      log.info('the instance is no longer assigned to this host');
      if (entry.wanted === wanted && wanted.assignment?.desired !== 'absent')
        this.unassign(wanted.instanceId);
      return true;
    }
    log.debug({ err: cause }, 'a report was not taken');
    return false;
  }
}

function standingUnderWay({ assignment }: WantedInstance): Standing['status'] {
  if (assignment?.desired === 'running') return 'starting';
  return assignment?.desired === 'stopped' ? 'stopping' : 'deleting';
}

/** A reason is a line or two: the API takes 1000 characters. */
function clip({ status, statusReason }: Standing): Standing {
  return statusReason === undefined ? { status } : { status, statusReason: statusReason.slice(0, 1000) };
}

function isSame(one: InstanceReport | undefined, other: InstanceReport): boolean {
  return (
    one !== undefined &&
    one.status === other.status &&
    one.statusReason === other.statusReason &&
    one.placement === other.placement &&
    one.observedRevision === other.observedRevision
  );
}
