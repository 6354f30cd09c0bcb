import type { ProviderLogger } from '@patchpanel/provider';
import type { VnicKey } from '@patchpanel/contract-agent';
import type { Journal } from './journal.ts';
import type { Reconciler } from './reconciler.ts';
import { isHopeful, keyText, type WiringRecord } from './record.ts';
import { pendingReport } from './reporting.ts';
import { Retries, type RetryTiming } from './retries.ts';
import { Turns } from './turns.ts';

export interface WorkbenchParts {
  readonly journal: Journal;
  readonly reconciler: Reconciler;
  readonly logger: ProviderLogger;
  readonly retry: RetryTiming;
  readonly closing: AbortSignal;
}

/** Where work on vNICs is done: one thing at a time for each, and what is left to do again later until it is done. */
export class Workbench {
  readonly #parts: WorkbenchParts;
  readonly #turns = new Turns();
  readonly #retries: Retries;

  constructor(parts: WorkbenchParts) {
    this.#parts = parts;
    this.#retries = new Retries(parts.retry, (key) => this.resume(key));
  }

  /** Work that somebody waits for, in the vNIC's turn. */
  take<Result>(key: VnicKey, work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(keyText(key), work);
  }

  /** Work on everything, while nothing else is done. */
  takeAlone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.takeAlone(work);
  }

  /** Work that nobody waits for: a failure that was not foreseen is logged, and the vNIC tried again. Never rejects. */
  async inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const { closing } = this.#parts;
    if (closing.aborted) return;
    try {
      await this.#turns.take(key, work);
    } catch (error) {
      if (!closing.aborted) this.failed(key, error);
    }
  }

  /** Notes a failure that was not foreseen. */
  failed(key: string, error: unknown): void {
    this.#parts.logger.error(
      { vnic: key, err: error },
      'work on a vNIC failed in a way that was not foreseen',
    );
    this.#retries.schedule(key);
  }

  /** Converges for somebody who waits; the network service is told in a turn of its own, which nobody need wait for. */
  async converge(record: WiringRecord): Promise<WiringRecord> {
    try {
      return await this.#parts.reconciler.converge(record, { isAsked: true });
    } finally {
      const { journal, reconciler } = this.#parts;
      void this.inTurn(keyText(record), async () => {
        const known = journal.get(record);
        if (known !== undefined) this.#plan(await reconciler.tell(known));
      });
    }
  }

  /** Converges because of news, and tells the network service; to be called in the vNIC's turn. */
  async proceed(record: WiringRecord): Promise<void> {
    const { reconciler } = this.#parts;
    await this.tell(await reconciler.converge(record, { isAsked: false }));
  }

  /** Tells the network service what it does not know of the record; to be called in the vNIC's turn. */
  async tell(record: WiringRecord): Promise<void> {
    this.#plan(await this.#parts.reconciler.tell(record));
  }

  /** Takes up what is left to do of a record: at the start, and when it is time to try again. */
  resume(key: string): void {
    void this.inTurn(key, async () => {
      const record = this.#parts.journal.find(key);
      if (record !== undefined) await this.proceed(record);
    });
  }

  /** Tries everything that waits now: there is hope. */
  hasten(): void {
    this.#retries.hasten();
  }

  /** Resolves when nothing is being done; nothing is begun any more once `closing` is aborted. */
  async close(): Promise<void> {
    this.#retries.close();
    await this.#turns.idle();
  }

  #plan(record: WiringRecord): void {
    if (isUnfinished(record)) this.#retries.schedule(keyText(record));
    else this.#retries.settle(keyText(record));
  }
}

/** Whether something of the record is to be tried again later. */
function isUnfinished(record: WiringRecord): boolean {
  const { order, hold, wired, problem, toRelease } = record;
  if (toRelease.length > 0) return true;
  if (order.kind === 'remove') return wired !== undefined;
  // Nobody tells when the vNIC is plugged anew: it is asked for again and again.
  if (record.stranded !== undefined) return true;
  if (pendingReport(record) !== undefined) return true;
  if (problem !== undefined) return isHopeful(problem);
  return hold?.placement !== order.placement;
}
