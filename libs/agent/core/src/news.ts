import type { VnicKey } from '@patchpanel/contract-agent';
import type { ProviderLogger } from '@patchpanel/provider';
import type { NamedBinding } from './follower.ts';
import { gone, heard } from './hearing.ts';
import type { HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import type { Reconciler } from './reconciler.ts';
import { isSameAttachment, keyText, newRecord, type KnownBinding, type WiringRecord } from './record.ts';
import type { Workbench } from './workbench.ts';

export interface NewsParts {
  readonly journal: Journal;
  readonly providers: HostProviders;
  readonly reconciler: Reconciler;
  readonly workbench: Workbench;
  readonly logger: ProviderLogger;
}

/** What the follower hears, brought to the vNICs that it is about. */
export class News {
  readonly #parts: NewsParts;

  constructor(parts: NewsParts) {
    this.#parts = parts;
  }

  /** A binding is so now. */
  heard(told: KnownBinding): void {
    const { journal, workbench } = this.#parts;
    void workbench.inTurn(keyText(told), async () => {
      const known = journal.get(told);
      if (known === undefined) return this.#heardOfUnknown(told);
      const next = heard(known, told);
      if (next === undefined) return;
      const isOldNews =
        known.hold !== undefined && next.hold !== undefined && isSameAttachment(known.hold, next.hold);
      if (!isOldNews) return workbench.proceed(next);
      await journal.put(next, { isDurable: false });
      await workbench.tell(next);
    });
  }

  /** A binding is not there any more. */
  gone(key: VnicKey, bindingId: string, epoch: number): void {
    const { journal, workbench } = this.#parts;
    void workbench.inTurn(keyText(key), async () => {
      const known = journal.get(key);
      const next = known && gone(known, bindingId, epoch);
      if (next !== undefined) await workbench.proceed(next);
    });
  }

  /** Of what is held here, what was not among all that were listed: it was lost, or claimed since. The service is to be asked. */
  unlisted(bindingIds: ReadonlySet<string>): NamedBinding[] {
    return this.#parts.journal.all().flatMap(({ hold, projectId, vnicId }) => {
      const isListed = hold === undefined || bindingIds.has(hold.bindingId);
      return isListed ? [] : [{ projectId, vnicId, bindingId: hold.bindingId }];
    });
  }

  /** What of a network is held here. */
  ofNetwork(networkId: string): NamedBinding[] {
    return this.#parts.journal.all().flatMap(({ hold, projectId, vnicId }) => {
      const isOf = hold?.attachment.networkId === networkId;
      return isOf ? [{ projectId, vnicId, bindingId: hold.bindingId }] : [];
    });
  }

  /**
   * A binding of this host that the journal knows nothing of: its journal was lost. When nothing of it is in the kernel it
   * is released; compute's next `ensure` claims it again. When something is, a machine may be using it: then it stays as it is
   * until compute says what it wants (`ensure`, `remove`, `gc`), unless the network service wants it gone.
   */
  async #heardOfUnknown(told: KnownBinding): Promise<void> {
    const { providers, workbench, logger } = this.#parts;
    const { projectId, vnicId, epoch, generation, placement } = told;
    const facts = { projectId, vnicId, bindingId: told.id };
    const found = await providers.find(told);
    if (found.length > 0 && told.desired === 'present') {
      logger.warn(
        facts,
        'a wiring that the journal does not know is left as it is until compute asks for it',
      );
      return;
    }
    logger.info(facts, 'releasing a binding that the journal does not know');
    const record: WiringRecord = {
      ...newRecord(told, { kind: 'remove', placement }),
      toRelease: [{ bindingId: told.id, placement }],
    };
    const wirings = found.map(({ provider, identity }) => ({
      provider,
      identity: { ...identity, epoch, generation },
    }));
    await workbench.tell(await this.removeAll(record, wirings));
  }

  /** Takes down wirings of one vNIC that are in the kernel without the journal's knowing. Gives the record as it is then. */
  async removeAll(
    record: WiringRecord,
    wirings: readonly NonNullable<WiringRecord['wired']>[],
  ): Promise<WiringRecord> {
    const { reconciler } = this.#parts;
    let last = record;
    for (const wired of wirings) {
      last = await reconciler.converge({ ...last, wired }, { isAsked: false });
      if (last.wired !== undefined) return last;
    }
    return wirings.length > 0 ? last : reconciler.converge(last, { isAsked: false });
  }
}
