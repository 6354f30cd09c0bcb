import type { VnicKey, WiringProblem } from '@patchpanel/contract-agent';
import type { ProviderLogger } from '@patchpanel/provider';
import type { Devices } from './devices.ts';
import { isFromBeforeRestore, isOutdated, isPluggedAnew } from './fencing.ts';
import {
  forgotten,
  gone,
  heard,
  macMismatch,
  notPlugged,
  refused,
  restoredProblem,
  strandedBy,
} from './hearing.ts';
import { desiredWiring, WiringFailure, type HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import { NetworkServiceError, type NetworkService } from './network-service.ts';
import type { AgentObserver } from './observer.ts';
import {
  holdOf,
  isHopeful,
  isSameAttachment,
  readAttachment,
  readBinding,
  withHold,
  withoutHold,
  withoutWired,
  withRelease,
  withState,
  type Hold,
  type KnownBinding,
  type Order,
  type Stranded,
  type WiringRecord,
} from './record.ts';
import { pendingReport, withTold } from './reporting.ts';

export interface ReconcilerParts {
  readonly journal: Journal;
  readonly providers: HostProviders;
  readonly networkService: NetworkService;
  readonly devices: Devices;
  readonly observer: AgentObserver;
  readonly logger: ProviderLogger;
  /** The epoch in which the network service is now. It is asked, so that what it said just before was said in no newer one. */
  readonly epochNow: (signal: AbortSignal) => Promise<number>;
  /** Aborted when the agent closes. */
  readonly closing: AbortSignal;
}

type EnsureOrder = Extract<Order, { kind: 'ensure' }>;

/**
 * Brings one vNIC from wherever it is to where it should be. Everything is derived from the record; each step is written to
 * the journal before its effect where forgetting it would leave something behind, so that a crash between any two
 * steps is continued by the next call. Calls about one vNIC must not overlap: its turn is the caller's to take.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /**
   * Goes as far as it can now and returns the record as it is then; what went wrong is in the record.
   * @param isAsked compute asks: then an attachment that this host lost may be claimed again as it is; by itself the agent
   * claims it again only when it was plugged anew (a host that was relieved by force must not snatch it back)
   */
  async converge(record: WiringRecord, { isAsked }: { isAsked: boolean }): Promise<WiringRecord> {
    return record.order.kind === 'ensure'
      ? this.#realise(record, record.order, isAsked)
      : this.#dismantle(withoutHold(record));
  }

  /** Tells the network service what it does not know yet: reports and releases. What can't be told now stays in the record. */
  async tell(record: WiringRecord): Promise<WiringRecord> {
    return this.#release(await this.#report(record));
  }

  async #realise(record: WiringRecord, order: EnsureOrder, isAsked: boolean): Promise<WiringRecord> {
    const { devices } = this.#parts;
    if (devices.isGone(order.device)) {
      return this.#fail(record, {
        code: 'device-missing',
        detail:
          'The process that the device names has ended. Ask again with the device of a running machine.',
      });
    }
    const current = record.stranded === undefined ? record : await this.#claimNewerPlug(record, order);
    const claimed =
      current.hold?.placement === order.placement ? current : await this.#claim(current, order, isAsked);
    // What the service says is out of date: what is wired stays as it is until it says something newer.
    const isStale =
      claimed.problem?.code === 'stale-generation' && claimed.hold?.placement !== order.placement;
    if (isStale) return this.#keep(claimed);
    if (claimed.hold !== undefined) return this.#wire(claimed, order, claimed.hold);
    // The agent could not ask: what is wired is left as it is until it can, unless it was told to take it down.
    const isUnasked = claimed.problem?.code === 'network-service-unavailable' && claimed.isLost === undefined;
    return isUnasked ? this.#keep(claimed) : this.#dismantle(claimed);
  }

  /** Binds the attachment to this host for this placement. The record that comes back has a hold, or a problem. */
  async #claim(record: WiringRecord, order: EnsureOrder, isAsked: boolean): Promise<WiringRecord> {
    const { networkService, closing } = this.#parts;
    const { projectId, vnicId } = record;
    const { macAddress, placement } = order;
    if (!isAsked && record.problem !== undefined && !isHopeful(record.problem)) return record;
    try {
      if (!isAsked && !(await this.#isPluggedAnew(record))) return record;
      const claim = { projectId, vnicId, macAddress, placement };
      const told = readBinding(await networkService.claim(claim, closing));
      if (told.desired === 'present') return this.#claimed(record, order, told);
      // The last plug is being taken down: only when that is done can the next one be bound.
      const cleared = await this.#clear(record, told);
      if (cleared.toRelease.length > 0 || cleared.wired !== undefined) return cleared;
      return this.#claimed(cleared, order, readBinding(await networkService.claim(claim, closing)));
    } catch (error) {
      if (!(error instanceof NetworkServiceError)) throw error;
      return await this.#claimFailed(record, error);
    }
  }

  /**
   * What is here is not known to the restored service: nothing tells this host of it, so it asks whether the vNIC was plugged anew.
   * As long as it was not, what is wired is kept.
   */
  async #claimNewerPlug(record: WiringRecord, order: EnsureOrder): Promise<WiringRecord> {
    const { networkService, closing } = this.#parts;
    const { projectId, vnicId } = record;
    const { macAddress, placement } = order;
    try {
      const attachment = readAttachment(await networkService.resolve({ projectId, vnicId }, closing));
      if (!isPluggedAnew(record, attachment)) return record;
      const claim = { projectId, vnicId, macAddress, placement };
      return this.#claimed(record, order, readBinding(await networkService.claim(claim, closing)));
    } catch (error) {
      if (!(error instanceof NetworkServiceError)) throw error;
      return record;
    }
  }

  #claimed(record: WiringRecord, order: EnsureOrder, told: KnownBinding): WiringRecord {
    const { attachment } = told;
    const release = { bindingId: told.id, placement: told.placement };
    if (attachment === undefined || told.desired === 'absent') {
      return refused(withRelease(withoutHold(record), release), notPlugged);
    }
    if (attachment.macAddress !== order.macAddress) {
      return refused(withRelease(withoutHold(record), release), macMismatch);
    }
    if (isOutdated(record.newest, attachment)) {
      return refused(record, {
        code: 'stale-generation',
        detail: `The network service speaks of generation ${attachment.generation} (epoch ${attachment.epoch}), but newer was wired here.`,
      });
    }
    if (isFromBeforeRestore(record, attachment)) return strandedBy(record, told, attachment) ?? record;
    return withHold(record, holdOf(told, attachment));
  }

  async #claimFailed(record: WiringRecord, error: NetworkServiceError): Promise<WiringRecord> {
    const { code, message } = error;
    if (record.hold !== undefined && (code === 'attachment-not-found' || code === 'bound-elsewhere')) {
      const kept = await this.#keptThroughRestore(record, record.hold);
      if (kept !== undefined) return kept;
    }
    switch (code) {
      case 'attachment-not-found':
      case 'bound-elsewhere':
      case 'mac-mismatch':
      case 'stale-placement':
        return refused(withoutHold(record), { code, detail: message });
      default:
        this.#parts.logger.warn({ ...keyOf(record), code, reason: message }, 'could not claim a binding');
        // What was bound to this host before still is, for all that is known: it serves the new placement, too.
        if (record.hold !== undefined) return record;
        return refused(record, { code: 'network-service-unavailable', detail: message });
    }
  }

  /** The record when the service refuses only because a restore made it forget: what is held then serves newer placements, too. */
  async #keptThroughRestore(record: WiringRecord, hold: Hold): Promise<WiringRecord | undefined> {
    if (record.stranded !== undefined) return record;
    try {
      const epoch = await this.#parts.epochNow(this.#parts.closing);
      return epoch > hold.attachment.epoch ? forgotten(record, epoch) : undefined;
    } catch (error) {
      if (!(error instanceof NetworkServiceError)) throw error;
      return record; // in doubt nothing is taken down
    }
  }

  /** After the loss of a binding, only a newer plug is claimed unasked. */
  async #isPluggedAnew(record: WiringRecord): Promise<boolean> {
    const { networkService, closing } = this.#parts;
    const { projectId, vnicId, newest, isLost } = record;
    if (isLost === undefined || newest === undefined) return true;
    return isPluggedAnew(
      record,
      readAttachment(await networkService.resolve({ projectId, vnicId }, closing)),
    );
  }

  /** Takes down and releases a binding that is to be absent, so that the attachment can be claimed anew. */
  async #clear(record: WiringRecord, told: KnownBinding): Promise<WiringRecord> {
    const release = { bindingId: told.id, placement: told.placement };
    const down = await this.#dismantle(refused(withRelease(withoutHold(record), release), notPlugged));
    return this.#release(down);
  }

  async #wire(record: WiringRecord, order: EnsureOrder, hold: Hold): Promise<WiringRecord> {
    const { journal, providers, observer, closing } = this.#parts;
    const startedAt = performance.now();
    const { attachment } = hold;
    if (attachment.macAddress !== order.macAddress) {
      return this.#dismantle(refused(withoutHold(record), macMismatch));
    }
    const desired = desiredWiring(attachment, order);
    const { projectId, vnicId, portId, networkId, epoch, generation, placement } = desired.attachment;
    const identity = { projectId, vnicId, portId, networkId, epoch, generation, placement };
    let attempted = record;
    try {
      await providers.ready(attachment.provider);
      if (record.wired !== undefined && record.wired.provider !== attachment.provider) {
        await providers.remove(
          { ...record.wired.identity, ...fenceOf(record, identity) },
          record.wired.provider,
          closing,
        );
      }
      const ipAddresses = attachment.fixedIps.map(({ ipAddress }) => ipAddress);
      const wired = {
        provider: attachment.provider,
        identity,
        macAddress: attachment.macAddress,
        ipAddresses,
      };
      const intended: WiringRecord = { ...record, wired };
      attempted = intended;
      await journal.put(isUnchanged(record, intended) ? record : withState(intended, { status: 'wiring' }));
      const observed = await providers.ensure(desired, attachment.provider, closing);
      observer.wired((performance.now() - startedAt) / 1000);
      const active = withState(intended, {
        status: 'active',
        deviceName: observed.hostInterface,
        mtu: observed.mtu,
        provenRevision: attachment.revision,
      });
      await journal.put(active);
      return active;
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      this.#parts.logger.warn({ ...keyOf(record), err: error.cause ?? error }, 'a vNIC could not be wired');
      return this.#fail(attempted, this.#refine(error.problem, order));
    }
  }

  /** A device that was refused because its process is gone is missing. */
  #refine(problem: WiringProblem, order: EnsureOrder): WiringProblem {
    const isMissing = problem.code === 'device-refused' && this.#parts.devices.isGone(order.device);
    return isMissing ? { ...problem, code: 'device-missing' } : problem;
  }

  /** Takes down what may be in the kernel. */
  async #dismantle(record: WiringRecord): Promise<WiringRecord> {
    const { journal, providers, closing } = this.#parts;
    const { wired, order } = record;
    if (wired === undefined) {
      const settled = order.kind === 'remove' ? withState(record, { status: 'removed' }) : record;
      await journal.put(settled);
      return settled;
    }
    await journal.put(order.kind === 'remove' ? withState(record, { status: 'wiring' }) : record);
    try {
      await providers.remove(
        { ...wired.identity, ...fenceOf(record, wired.identity) },
        wired.provider,
        closing,
      );
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      this.#parts.logger.warn(
        { ...keyOf(record), err: error.cause ?? error },
        'a wiring could not be taken down',
      );
      return this.#fail(record, error.problem);
    }
    const { deviceName: _deviceName, mtu: _mtu, provenRevision: _proven, ...rest } = withoutWired(record);
    const down = order.kind === 'remove' ? withState(rest, { status: 'removed' }) : rest;
    await journal.put(down);
    return down;
  }

  async #report(record: WiringRecord): Promise<WiringRecord> {
    const { journal, networkService, closing } = this.#parts;
    const { hold } = record;
    if (record.stranded !== undefined) return this.#answerRestored(record, record.stranded);
    const report = pendingReport(record);
    if (hold === undefined || report === undefined) return record;
    try {
      const told = readBinding(await networkService.report(hold.bindingId, report, closing));
      const next = heard(record, told) ?? record;
      // The answer may bring news: then there is more to do than to note that the report was taken.
      if (next.hold === undefined || !isSameAttachment(next.hold, hold)) {
        return await this.converge(next, { isAsked: false });
      }
      const known = { ...next, hold: withTold(next.hold, report) };
      await journal.put(known, { isDurable: false });
      return known;
    } catch (error) {
      if (!(error instanceof NetworkServiceError)) throw error;
      return this.#reportFailed(record, hold, error);
    }
  }

  /** Says why what the restored service tells is not realised. */
  async #answerRestored(record: WiringRecord, { epoch, told }: Stranded): Promise<WiringRecord> {
    const { journal, networkService, closing, logger } = this.#parts;
    if (told === undefined || told.isAnswered) return record;
    const { code, detail } = restoredProblem(record);
    const { generation } = told.attachment;
    const statusReason = `${code}: ${detail}`.slice(0, 1000);
    const report = { status: 'error', generation, epoch: told.attachment.epoch, statusReason } as const;
    try {
      await networkService.report(told.bindingId, report, closing);
    } catch (error) {
      if (!(error instanceof NetworkServiceError)) throw error;
      logger.info(
        { ...keyOf(record), code: error.code, reason: error.message },
        'a report is kept for later',
      );
      return record;
    }
    const answered: WiringRecord = { ...record, stranded: { epoch, told: { ...told, isAnswered: true } } };
    await journal.put(answered, { isDurable: false });
    return answered;
  }

  async #reportFailed(record: WiringRecord, hold: Hold, error: NetworkServiceError): Promise<WiringRecord> {
    const { networkService, closing, logger } = this.#parts;
    try {
      if (error.code === 'binding-not-found') {
        const epoch = await this.#parts.epochNow(closing);
        return await this.converge(gone(record, hold.bindingId, epoch) ?? record, { isAsked: false });
      }
      if (error.code === 'stale-generation') {
        const told = readBinding(await networkService.getBinding(hold.bindingId, closing));
        const next = heard(record, told);
        return next === undefined ? record : await this.converge(next, { isAsked: false });
      }
    } catch (second) {
      if (!(second instanceof NetworkServiceError)) throw second;
    }
    logger.info({ ...keyOf(record), code: error.code, reason: error.message }, 'a report is kept for later');
    return record;
  }

  async #release(record: WiringRecord): Promise<WiringRecord> {
    const { journal, networkService, closing, logger } = this.#parts;
    // A binding ends when nothing of it is left here: either nothing is, or all of it belongs to the binding that is held.
    if (record.wired !== undefined && record.status !== 'active') return record;
    let rest = record;
    for (const { bindingId, placement } of record.toRelease) {
      try {
        await networkService.release(bindingId, placement, closing);
      } catch (error) {
        if (!(error instanceof NetworkServiceError)) throw error;
        // A newer placement of it was claimed since: that one's record, or the next resynchronisation, looks after it.
        if (error.code !== 'stale-placement' && error.code !== 'binding-not-found') {
          logger.info(
            { ...keyOf(record), code: error.code, reason: error.message },
            'a release is kept for later',
          );
          continue;
        }
      }
      rest = { ...rest, toRelease: rest.toRelease.filter((release) => release.bindingId !== bindingId) };
    }
    await journal.put(rest, { isDurable: false });
    return rest;
  }

  async #fail(record: WiringRecord, problem: WiringProblem): Promise<WiringRecord> {
    this.#parts.observer.failed(problem.code);
    const failed = refused(record, problem);
    await this.#parts.journal.put(failed);
    return failed;
  }

  async #keep(record: WiringRecord): Promise<WiringRecord> {
    await this.#parts.journal.put(record);
    return record;
  }
}

function keyOf({ projectId, vnicId }: VnicKey): VnicKey {
  return { projectId, vnicId };
}

/** The fence for a removal: at least that of what is wired, at least that of what is asked. */
function fenceOf(
  record: WiringRecord,
  wired: { epoch: number; generation: number; placement: number },
): { epoch: number; generation: number; placement: number } {
  const placement = Math.max(wired.placement, record.order.placement);
  const { epoch, generation } = wired;
  return { epoch, generation, placement };
}

/** Whether the journal knows already that exactly this is (or may be) wired. */
function isUnchanged(record: WiringRecord, intended: WiringRecord): boolean {
  return record.status === 'active' && JSON.stringify(record.wired) === JSON.stringify(intended.wired);
}
