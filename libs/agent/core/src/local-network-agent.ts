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
import type { Change } from '@patchpanel/contract-network-southbound';
import type { HostProvider, ProviderLogger } from '@patchpanel/provider';
import { Attendance } from './attendance.ts';
import { canonicalItem, canonicalKey, inWords, resultOf, wiringOf } from './answers.ts';
import { localDevices, type Devices } from './devices.ts';
import { DriftWatch } from './drift-watch.ts';
import { judgeEnsure, judgeRemove } from './fencing.ts';
import { Follower } from './follower.ts';
import { desiredOf, HostProviders, WiringFailure } from './host-providers.ts';
import { Journal, JournalFullError } from './journal.ts';
import type { NetworkService } from './network-service.ts';
import { News } from './news.ts';
import { silentObserver, type AgentObserver } from './observer.ts';
import { everySoOften } from './periodically.ts';
import { Reconciler } from './reconciler.ts';
import { keyText, newRecord, type WiringRecord } from './record.ts';
import type { RetryTiming } from './retries.ts';
import { Workbench } from './workbench.ts';

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
  /** Seconds between comparisons of all wirings with the kernel, ± 20 %. Default 10. */
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
  /** The agent's version, as operators see it. Default `0.0.0`. */
  readonly version?: string;
  /** Gets the changes of security groups that this host's bindings use. */
  readonly groupChanged?: (change: Change) => void;
  /** How many vNICs are remembered, those removed lately included; more are refused. Default 20,000. */
  readonly mostRecords?: number;
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
  readonly #devices: Devices;
  readonly #journal: Journal;
  readonly #providers: HostProviders;
  readonly #workbench: Workbench;
  readonly #news: News;
  readonly #follower: Follower;
  readonly #attendance: Attendance;
  readonly #driftWatch: DriftWatch;
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>[] = [];

  private constructor(options: LocalNetworkAgentOptions) {
    const { logger, networkService, observer = silentObserver, devices = localDevices() } = options;
    const retry = options.retry ?? { firstMilliseconds: 500, mostMilliseconds: 30_000 };
    const closing = this.#closing.signal;
    const journal = Journal.open(join(options.stateDir, journalFolder), logger, {
      ...(options.mostRecords === undefined ? {} : { mostRecords: options.mostRecords }),
    });
    const providers = new HostProviders({
      providers: options.providers,
      logger,
      parallel: options.parallel ?? 8,
      deadlineMilliseconds: options.wiringDeadlineMilliseconds ?? 20_000,
    });
    const attendance = new Attendance({
      networkService,
      providers,
      journal,
      logger,
      version: options.version ?? '0.0.0',
      retrySeconds: retry.mostMilliseconds / 1000,
    });
    const epochNow = (signal: AbortSignal) => attendance.epochNow(signal);
    const shared = {
      journal,
      providers,
      networkService,
      devices,
      observer,
      logger,
      epochNow,
      closing,
      retry,
    };
    const reconciler = new Reconciler(shared);
    const workbench = new Workbench({ ...shared, reconciler });
    const news = new News({ ...shared, reconciler, workbench });
    this.#options = options;
    this.#logger = logger;
    this.#devices = devices;
    this.#journal = journal;
    this.#providers = providers;
    this.#workbench = workbench;
    this.#news = news;
    this.#driftWatch = new DriftWatch({ ...shared, workbench });
    this.#attendance = attendance;
    this.#follower = new Follower({
      networkService,
      logger,
      heard: (told) => news.heard(told),
      gone: (key, bindingId, epoch) => news.gone(key, bindingId, epoch),
      epochNow,
      groupChanged: options.groupChanged ?? (() => undefined),
      ofNetwork: (networkId) => news.ofNetwork(networkId),
      listed: (bindingIds) => {
        observer.resynced();
        return news.unlisted(bindingIds);
      },
      waitSeconds: options.followSeconds ?? 25,
      resyncSeconds: options.resyncSeconds ?? 600,
      retry,
    });
  }

  /** Reads the journal, asks the providers what they lack, and begins to repair, to follow and to watch. */
  static async start(options: LocalNetworkAgentOptions): Promise<LocalNetworkAgent> {
    const agent = new LocalNetworkAgent(options);
    await agent.#providers.probe();
    await agent.#begin();
    return agent;
  }

  async #begin(): Promise<void> {
    const { networkService, driftCheckSeconds = 10 } = this.#options;
    const { signal } = this.#closing;
    this.#journal.forgetOldFences();
    for (const record of this.#journal.all()) this.#workbench.resume(keyText(record));
    networkService.onReachable(() => {
      this.#workbench.hasten();
      this.#attendance.hasten();
    });
    this.#loops.push(
      this.#attendance.run(signal),
      this.#follower.run(signal),
      everySoOften(driftCheckSeconds, () => this.#driftWatch.look(), signal),
    );
  }

  /** Stops working and leaves everything wired as it is. Calls under way reject. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#loops);
    await this.#workbench.close();
  }

  ensure(items: readonly EnsureItem[], signal?: AbortSignal): Promise<WiringResult[]> {
    const work = (item: EnsureItem) =>
      this.#foreseen(item, () => this.#journal.withRoom(item, () => this.#ensureOne(item)));
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
    return this.#asked().map(wiringOf);
  }

  async gc(
    valid: readonly VnicKey[],
    options: { readonly dryRun?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<VnicKey[]> {
    const keys = new Set(valid.map((key) => keyText(canonicalKey(key))));
    const collected = this.#workbench.takeAlone(() => this.#collect(keys, options.dryRun ?? false));
    return waitFor(collected, signal);
  }

  async status(): Promise<AgentStatus> {
    const { state, lastContactAt } = this.#options.networkService.reachability();
    const asked = this.#asked();
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
    if (known === undefined) return resultOf(await this.#workbench.converge(newRecord(item, order)));
    const record: WiringRecord = { ...known, ...(verdict.kind === 'follow' && { order }) };
    // Asking entitles to claim again what was lost, once what is left of it is gone.
    const { isLost: _isLost, ...entitled } = record;
    return resultOf(await this.#workbench.converge(record.wired === undefined ? entitled : record));
  }

  async #removeOne(item: RemoveItem): Promise<WiringResult> {
    const { projectId, vnicId, placement } = item;
    const removed: WiringResult = { projectId, vnicId, status: 'removed' };
    const known = this.#journal.get(item);
    if (judgeRemove(known, placement) === 'stale') return removed;
    const order = { kind: 'remove', placement } as const;
    if (known !== undefined) return resultOf(await this.#workbench.converge({ ...known, order }));
    // An earlier life, whose journal was lost, may have left it in the kernel.
    const found = await this.#providers.find(item);
    if (found.some(({ identity }) => identity.placement > placement)) return removed;
    const removeAll = () => this.#news.removeAll(newRecord(item, order), found);
    // What is in the kernel goes in any case. The fence alone is kept too: an older order may be on its way still.
    const last = await (found.length > 0 ? removeAll() : this.#journal.withRoom(item, removeAll));
    await this.#workbench.tell(last);
    // Then the network service may have a binding of it, too.
    if (found.length > 0) this.#follower.resync();
    return resultOf(last);
  }

  async #checkOne(key: VnicKey): Promise<CheckResult> {
    const { projectId, vnicId } = key;
    const record = this.#journal.get(key);
    if (record?.order.kind !== 'ensure') return { projectId, vnicId, known: false, differences: [] };
    return { projectId, vnicId, known: true, differences: await this.#differences(record) };
  }

  async #differences(record: WiringRecord): Promise<string[]> {
    const desired = desiredOf(record);
    if (desired === undefined) {
      return [`nothing is wired: ${record.problem?.detail ?? 'it was not tried yet'}`.slice(0, 500)];
    }
    try {
      const found = await this.#providers.check(desired.wiring, desired.provider, this.#closing.signal);
      return found.map(inWords).slice(0, 200);
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      return [error.problem.detail.slice(0, 500)];
    }
  }

  /** Everything but the valid set is to go: what was asked for by its own removal, the rest by the providers' collection. */
  async #collect(valid: ReadonlySet<string>, dryRun: boolean): Promise<VnicKey[]> {
    const removed = new Map<string, VnicKey>();
    const add = (key: VnicKey) => removed.set(keyText(key), { projectId: key.projectId, vnicId: key.vnicId });
    const unwanted = this.#asked().filter((record) => !valid.has(keyText(record)));
    unwanted.forEach(add);
    if (!dryRun) await Promise.all(unwanted.map((record) => this.#drop(record)));
    const wirings = [
      ...this.#journal.all().flatMap(({ wired }) => wired ?? []),
      ...(await this.#providers.list()),
    ];
    const kept = wirings.map(({ identity }) => identity).filter((identity) => valid.has(keyText(identity)));
    const leftovers = await this.#providers.gc(kept, { dryRun });
    for (const { identity } of leftovers) if (identity !== undefined) add(identity);
    if (!dryRun && leftovers.length > 0) {
      const objects = leftovers.map(({ kind, name }) => `${kind} ${name}`);
      this.#logger.info({ objects }, 'removed what nobody asked for');
      this.#follower.resync();
    }
    return [...removed.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key);
  }

  #drop(record: WiringRecord): Promise<WiringRecord> {
    const { placement } = record.order;
    return this.#workbench.converge({ ...record, order: { kind: 'remove', placement } });
  }

  #asked(): WiringRecord[] {
    return this.#journal.all().filter(({ order }) => order.kind === 'ensure');
  }

  async #batch<Item extends VnicKey, Result>(
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result[]> {
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const results = items.map((item) => this.#workbench.take(item, () => work(item)));
    return waitFor(Promise.all(results), signal);
  }

  /** One item's failure leaves the others alone, also when it is one of the agent itself (a full disk, say). */
  async #foreseen({ projectId, vnicId }: VnicKey, work: () => Promise<WiringResult>): Promise<WiringResult> {
    try {
      return await work();
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      if (error instanceof JournalFullError) {
        const problem = { code: 'wiring-failed', detail: error.message } as const;
        return { projectId, vnicId, status: 'error', problem };
      }
      this.#workbench.failed(keyText({ projectId, vnicId }), error);
      const detail = `The agent failed: ${error instanceof Error ? error.message : String(error)}`;
      return {
        projectId,
        vnicId,
        status: 'error',
        problem: { code: 'wiring-failed', detail: detail.slice(0, 1000) },
      };
    }
  }
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
