import { join } from 'node:path';
import type { NetworkAgent } from '@patchpanel/agent-api';
import type {
  AgentStatus,
  CheckResult,
  EnsureItem,
  RemoveItem,
  VnicKey,
  Wiring,
  WiringResult,
} from '@patchpanel/contract-agent';
import type { Difference, HostProvider, ProviderLogger, WiringIdentity } from '@patchpanel/provider';
import { localDevices, type Devices } from './devices.ts';
import { judgeEnsure, judgeRemove } from './fencing.ts';
import { Follower } from './follower.ts';
import { desiredOf, HostProviders, WiringFailure } from './host-providers.ts';
import { Journal } from './journal.ts';
import { NetworkServiceError, type NetworkService } from './network-service.ts';
import { silentObserver, type AgentObserver } from './observer.ts';
import { everySoOften } from './periodically.ts';
import { Reconciler } from './reconciler.ts';
import { isHopeful, keyText, newRecord, type KnownBinding, type WiringRecord } from './record.ts';
import { pendingReport } from './reporting.ts';
import { Retries, type RetryTiming } from './retries.ts';
import { Turns } from './turns.ts';

export interface LocalNetworkAgentOptions {
  /** This host's name, as in the agent's token. */
  readonly hostName: string;
  /** Folder that outlives restarts, this agent's alone; the journal is in it. */
  readonly stateDir: string;
  readonly providers: ReadonlyMap<string, HostProvider>;
  readonly networkService: NetworkService;
  readonly logger: ProviderLogger;
  readonly observer?: AgentObserver;
  readonly devices?: Devices;
  /** Seconds between comparisons of all wirings with the kernel, ± 20 %. Default 15. */
  readonly driftCheckSeconds?: number;
  /** Seconds that the network service may hold a request for changes. Default 25. */
  readonly followSeconds?: number;
  /** Seconds between listings of all bindings though nothing asks for it. Default 600. */
  readonly resyncSeconds?: number;
  /** Waits before what failed is tried again. Default 0.5 s to 30 s. */
  readonly retry?: RetryTiming;
  /** Calls into providers at once. Default 8. */
  readonly parallel?: number;
  /** Longest time that one call into a provider may take. Default 20,000. */
  readonly wiringDeadlineMilliseconds?: number;
}

/** Folder of the journal within the state folder. */
export const journalFolder = 'wirings';

/**
 * The network agent itself: takes what compute asks, learns from the network service what that means, has the providers wire
 * it, proves it, reports it, and keeps it so. See `NetworkAgent` for what callers are promised.
 *
 * What it must not forget is in the journal. It starts with everything there as desired again, repairs what departs and
 * touches nothing that is right; `close` leaves all wiring in place.
 */
export class LocalNetworkAgent implements NetworkAgent {
  readonly #options: LocalNetworkAgentOptions;
  readonly #logger: ProviderLogger;
  readonly #observer: AgentObserver;
  readonly #devices: Devices;
  readonly #journal: Journal;
  readonly #providers: HostProviders;
  readonly #reconciler: Reconciler;
  readonly #follower: Follower;
  readonly #retries: Retries;
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>[] = [];

  private constructor(options: LocalNetworkAgentOptions) {
    const { logger, networkService, providers } = options;
    const retry = options.retry ?? { firstMilliseconds: 500, mostMilliseconds: 30_000 };
    this.#options = options;
    this.#logger = logger;
    this.#observer = options.observer ?? silentObserver;
    this.#devices = options.devices ?? localDevices();
    this.#journal = Journal.open(join(options.stateDir, journalFolder), logger);
    this.#providers = new HostProviders({
      providers,
      logger,
      parallel: options.parallel ?? 8,
      deadlineMilliseconds: options.wiringDeadlineMilliseconds ?? 20_000,
    });
    this.#reconciler = new Reconciler({
      journal: this.#journal,
      providers: this.#providers,
      networkService,
      devices: this.#devices,
      observer: this.#observer,
      logger,
      closing: this.#closing.signal,
    });
    this.#retries = new Retries(retry, (key) => this.#continue(key));
    this.#follower = new Follower({
      networkService,
      logger,
      heard: (told) => this.#heard(told),
      gone: (key, bindingId) => this.#gone(key, bindingId),
      listed: (bindingIds) => this.#listed(bindingIds),
      waitSeconds: options.followSeconds ?? 25,
      resyncSeconds: options.resyncSeconds ?? 600,
      retry,
    });
  }

  /** Reads the journal, asks the providers what they lack, and begins to repair, to follow and to watch. */
  static async start(options: LocalNetworkAgentOptions): Promise<LocalNetworkAgent> {
    const agent = new LocalNetworkAgent(options);
    await agent.#journal.forgetOldFences();
    await agent.#providers.probe();
    for (const record of agent.#journal.all()) agent.#continue(keyText(record));
    options.networkService.onReachable(() => agent.#retries.hasten());
    const { signal } = agent.#closing;
    agent.#loops.push(
      agent.#follower.run(signal),
      everySoOften(options.driftCheckSeconds ?? 15, () => agent.#watch(), signal),
    );
    return agent;
  }

  /** Stops working and leaves everything wired as it is. Calls under way reject. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#retries.close();
    await Promise.all(this.#loops);
    await this.#turns.idle();
  }

  ensure(items: readonly EnsureItem[], signal?: AbortSignal): Promise<WiringResult[]> {
    const work = (item: EnsureItem) => this.#foreseen(item, () => this.#ensureOne(item));
    return this.#batch(items.map(canonicalItem), work, signal);
  }

  remove(items: readonly RemoveItem[], signal?: AbortSignal): Promise<WiringResult[]> {
    const work = (item: RemoveItem) => this.#foreseen(item, () => this.#removeOne(item));
    return this.#batch(items.map(canonicalKey), work, signal);
  }

  check(keys: readonly VnicKey[], signal?: AbortSignal): Promise<CheckResult[]> {
    return this.#batch(keys.map(canonicalKey), (key) => this.#checkOne(key), signal);
  }

  async list(): Promise<Wiring[]> {
    return this.#journal.all().filter(isAsked).map(wiringOf);
  }

  async gc(
    valid: readonly VnicKey[],
    options: { readonly dryRun?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<VnicKey[]> {
    const keys = new Set(valid.map((key) => keyText(canonicalKey(key))));
    const collected = this.#turns.takeAlone(() => this.#collect(keys, options.dryRun ?? false));
    return waitFor(collected, signal);
  }

  async status(): Promise<AgentStatus> {
    const { state, lastContactAt } = this.#options.networkService.reachability();
    const asked = this.#journal.all().filter(isAsked);
    const count = (wanted: Wiring['status']) => asked.filter(({ status }) => status === wanted).length;
    return {
      hostName: this.#options.hostName,
      networkService: state,
      ...(lastContactAt === undefined ? {} : { lastContactAt: lastContactAt.toISOString() }),
      providers: this.#providers.status(),
      wirings: { active: count('active'), wiring: count('wiring'), error: count('error') },
    };
  }

  async #ensureOne(item: EnsureItem): Promise<WiringResult> {
    const { projectId, vnicId, placement, macAddress, device } = item;
    const known = this.#journal.get(item);
    const verdict = judgeEnsure(known, item, (other) => this.#devices.isGone(other));
    if (verdict.kind === 'refuse') return { projectId, vnicId, status: 'error', problem: verdict.problem };
    const order = { kind: 'ensure', placement, macAddress, device } as const;
    const record: WiringRecord =
      known === undefined
        ? newRecord(item, order)
        : { ...known, ...(verdict.kind === 'follow' && { order }) };
    const { isLost: _isLost, ...asked } = record;
    return resultOf(await this.#converge(asked, { isAsked: true }));
  }

  async #removeOne(item: RemoveItem): Promise<WiringResult> {
    const { projectId, vnicId, placement } = item;
    const removed: WiringResult = { projectId, vnicId, status: 'removed' };
    const known = this.#journal.get(item);
    if (judgeRemove(known, placement) === 'stale') return removed;
    const order = { kind: 'remove', placement } as const;
    if (known === undefined) return (await this.#removeUnknown(newRecord(item, order))) ?? removed;
    return resultOf(await this.#converge({ ...known, order }, { isAsked: true }));
  }

  /** The journal knows nothing of it, but an earlier life, whose journal was lost, may have left it in the kernel. */
  async #removeUnknown(record: WiringRecord): Promise<WiringResult | undefined> {
    const found = await this.#providers.find(record);
    if (found.some(({ identity }) => identity.placement > record.order.placement)) return undefined;
    let last = record;
    for (const wired of found.length > 0 ? found : [undefined]) {
      const asked = wired === undefined ? last : { ...last, wired };
      last = await this.#converge(asked, { isAsked: true });
      if (last.status !== 'removed') break;
    }
    if (found.length > 0) this.#follower.resync();
    return resultOf(last);
  }

  async #checkOne(key: VnicKey): Promise<CheckResult> {
    const { projectId, vnicId } = key;
    const record = this.#journal.get(key);
    if (record === undefined || !isAsked(record)) return { projectId, vnicId, known: false, differences: [] };
    return { projectId, vnicId, known: true, differences: await this.#differences(record) };
  }

  async #differences(record: WiringRecord): Promise<string[]> {
    const desired = desiredOf(record);
    if (desired === undefined || record.hold === undefined) {
      return [`nothing is wired: ${record.problem?.detail ?? 'it was not tried yet'}`.slice(0, 500)];
    }
    try {
      const found = await this.#providers.check(
        desired,
        record.hold.attachment.provider,
        this.#closing.signal,
      );
      return found.map(inWords).slice(0, 200);
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      return [error.problem.detail.slice(0, 500)];
    }
  }

  async #collect(valid: ReadonlySet<string>, dryRun: boolean): Promise<VnicKey[]> {
    const removed = new Map<string, VnicKey>();
    const add = (key: VnicKey) => removed.set(keyText(key), { projectId: key.projectId, vnicId: key.vnicId });
    for (const record of this.#journal.all()) {
      if (!isAsked(record) || valid.has(keyText(record))) continue;
      add(record);
      if (dryRun) continue;
      const order = { kind: 'remove', placement: record.order.placement } as const;
      await this.#converge({ ...record, order }, { isAsked: true });
    }
    const staying = [
      ...this.#wiredIdentities(),
      ...(await this.#providers.list()).map(({ identity }) => identity),
    ];
    const kept = staying.filter((identity) => valid.has(keyText(identity)));
    const leftovers = await this.#providers.gc(kept, { dryRun });
    for (const { identity } of leftovers) if (identity !== undefined) add(identity);
    if (!dryRun && leftovers.length > 0) {
      this.#logger.info(
        { leftovers: leftovers.map(({ kind, name }) => `${kind} ${name}`) },
        'removed what nobody asked for',
      );
      this.#follower.resync();
    }
    return [...removed.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key);
  }

  #wiredIdentities(): WiringIdentity[] {
    return this.#journal.all().flatMap(({ wired }) => (wired === undefined ? [] : [wired.identity]));
  }

  /** Converges, and sees to it that the network service is told and that what is left to do is done later. */
  async #converge(record: WiringRecord, how: { readonly isAsked: boolean }): Promise<WiringRecord> {
    try {
      return await this.#reconciler.converge(record, how);
    } finally {
      this.#tellLater(record);
    }
  }

  /** In a turn of its own: whoever asked need not wait for the network service to be told. */
  #tellLater(key: VnicKey): void {
    void this.#inTurn(keyText(key), async () => {
      const record = this.#journal.get(key);
      if (record !== undefined) this.#plan(await this.#reconciler.tell(record));
    });
  }

  /** Takes up what is left to do of a record: at the start, and when it is time to try again. */
  #continue(key: string): void {
    void this.#inTurn(key, async () => {
      const record = this.#journal.find(key);
      if (record === undefined) return;
      const converged = await this.#reconciler.converge(record, { isAsked: false });
      this.#plan(await this.#reconciler.tell(converged));
    });
  }

  #heard(told: KnownBinding): void {
    void this.#inTurn(keyText(told), async () => {
      const known = this.#journal.get(told);
      if (known === undefined) return this.#heardOfUnknown(told);
      const next = this.#reconciler.heard(known, told);
      if (next === undefined) return;
      const isSettled = next.hold !== undefined && attachmentText(known) === attachmentText(next);
      if (isSettled) await this.#journal.put(next, { isDurable: false });
      const converged = isSettled ? next : await this.#reconciler.converge(next, { isAsked: false });
      this.#plan(await this.#reconciler.tell(converged));
    });
  }

  /**
   * A binding of this host that the journal knows nothing of: its journal was lost. When nothing of it is in the kernel it
   * is released; compute's next `ensure` claims it again. When something is, a machine may be using it: then it stays as it is
   * until compute says what it wants (`ensure`, `remove`, `gc`), unless the network service wants it gone.
   */
  async #heardOfUnknown(told: KnownBinding): Promise<void> {
    const found = await this.#providers.find(told);
    const facts = { projectId: told.projectId, vnicId: told.vnicId, bindingId: told.id };
    if (found.length > 0 && told.desired === 'present') {
      this.#logger.warn(
        facts,
        'a wiring that the journal does not know is left as it is until compute asks for it',
      );
      return;
    }
    this.#logger.info(facts, 'releasing a binding that the journal does not know');
    const { epoch, generation, placement } = told;
    const release = [{ bindingId: told.id, placement }];
    let record: WiringRecord = { ...newRecord(told, { kind: 'remove', placement }), toRelease: release };
    for (const { provider, identity } of found) {
      const wired = { provider, identity: { ...identity, epoch, generation } };
      record = await this.#reconciler.converge({ ...record, wired }, { isAsked: false });
    }
    if (found.length === 0) record = await this.#reconciler.converge(record, { isAsked: false });
    this.#plan(await this.#reconciler.tell(record));
  }

  #gone(key: VnicKey, bindingId: string): void {
    void this.#inTurn(keyText(key), () => this.#isGone(key, bindingId));
  }

  async #isGone(key: VnicKey, bindingId: string): Promise<void> {
    const known = this.#journal.get(key);
    const next = known && this.#reconciler.gone(known, bindingId);
    if (next === undefined) return;
    const converged = await this.#reconciler.converge(next, { isAsked: false });
    this.#plan(await this.#reconciler.tell(converged));
  }

  /** What is held here but was not listed was lost, or was claimed since the list was read: the service is asked. */
  async #listed(bindingIds: ReadonlySet<string>): Promise<void> {
    this.#observer.resynced();
    const { networkService } = this.#options;
    for (const { hold, projectId, vnicId } of this.#journal.all()) {
      if (hold === undefined || bindingIds.has(hold.bindingId)) continue;
      try {
        await networkService.getBinding(hold.bindingId, this.#closing.signal);
      } catch (error) {
        if (!(error instanceof NetworkServiceError) || error.code !== 'binding-not-found') throw error;
        this.#gone({ projectId, vnicId }, hold.bindingId);
      }
    }
  }

  /** Compares everything that is wired with the kernel, and repairs what departs. */
  async #watch(): Promise<void> {
    await this.#journal.forgetOldFences();
    const active = this.#journal.all().filter(({ status }) => status === 'active');
    await Promise.all(active.map((record) => this.#inTurn(keyText(record), () => this.#inspect(record))));
  }

  async #inspect(key: VnicKey): Promise<void> {
    const record = this.#journal.get(key);
    const desired = record && desiredOf(record);
    if (record?.status !== 'active' || desired === undefined || record.hold === undefined) return;
    const isGone = record.order.kind === 'ensure' && this.#devices.isGone(record.order.device);
    const differences = isGone ? [] : await this.#compare(desired, record.hold.attachment.provider);
    if (!isGone && differences.length === 0) return;
    if (differences.length > 0) {
      this.#observer.drifted(key, differences);
      const { projectId, vnicId } = key;
      this.#logger.warn(
        { projectId, vnicId, differences },
        'a wiring departs from what it should be: repairing it',
      );
    }
    const converged = await this.#reconciler.converge(record, { isAsked: false });
    this.#plan(await this.#reconciler.tell(converged));
  }

  async #compare(
    desired: NonNullable<ReturnType<typeof desiredOf>>,
    provider: string,
  ): Promise<readonly Difference[]> {
    try {
      return await this.#providers.check(desired, provider, this.#closing.signal);
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      return [{ object: 'wiring', field: 'check', desired: 'possible', actual: error.problem.detail }];
    }
  }

  /** Decides whether something of the record is to be tried again later. */
  #plan(record: WiringRecord): void {
    if (isUnfinished(record)) this.#retries.schedule(keyText(record));
    else this.#retries.settle(keyText(record));
  }

  async #batch<Item extends VnicKey, Result>(
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result[]> {
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const results = items.map((item) => this.#turns.take(keyText(item), () => work(item)));
    return waitFor(Promise.all(results), signal);
  }

  /** One item's failure leaves the others alone, also when it is one of the agent itself (a full disk, say). */
  async #foreseen({ projectId, vnicId }: VnicKey, work: () => Promise<WiringResult>): Promise<WiringResult> {
    try {
      return await work();
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      this.#logger.error(
        { projectId, vnicId, err: error },
        'work on a vNIC failed in a way that was not foreseen',
      );
      this.#retries.schedule(keyText({ projectId, vnicId }));
      const detail = `The agent failed: ${error instanceof Error ? error.message : String(error)}`.slice(
        0,
        1000,
      );
      return { projectId, vnicId, status: 'error', problem: { code: 'wiring-failed', detail } };
    }
  }

  /** Work that nobody waits for: a failure that was not foreseen is logged, and tried again. */
  async #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#closing.signal.aborted) return;
    try {
      await this.#turns.take(key, work);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#logger.error({ vnic: key, err: error }, 'work on a vNIC failed in a way that was not foreseen');
      this.#retries.schedule(key);
    }
  }
}

function isUnfinished(record: WiringRecord): boolean {
  const { order, hold, wired, problem, toRelease } = record;
  if (toRelease.length > 0) return true;
  if (order.kind === 'remove') return wired !== undefined;
  if (pendingReport(record) !== undefined) return true;
  if (problem !== undefined) return isHopeful(problem);
  return hold?.placement !== order.placement;
}

function isAsked(record: WiringRecord): boolean {
  return record.order.kind === 'ensure';
}

function wiringOf({ projectId, vnicId, order, hold, status, deviceName, problem }: WiringRecord): Wiring {
  return {
    projectId,
    vnicId,
    placement: order.placement,
    generation: hold?.attachment.generation ?? 0,
    status,
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function resultOf({ projectId, vnicId, status, deviceName, mtu, problem }: WiringRecord): WiringResult {
  return {
    projectId,
    vnicId,
    status,
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function attachmentText({ hold }: WiringRecord): string {
  return JSON.stringify(hold?.attachment);
}

function inWords({ object, field, desired, actual }: Difference): string {
  return `${object}: ${field} is ${actual}, not ${desired}`.slice(0, 500);
}

function canonicalKey<Key extends VnicKey>(key: Key): Key {
  return { ...key, projectId: key.projectId.toLowerCase(), vnicId: key.vnicId.toLowerCase() };
}

function canonicalItem(item: EnsureItem): EnsureItem {
  return { ...canonicalKey(item), macAddress: item.macAddress.toLowerCase() };
}

/** Waits for the work, or until the caller does not want to any more; the work goes on. */
function waitFor<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
