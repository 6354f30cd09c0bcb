import type { VnicKey } from '@patchpanel/contract-agent';
import type { Difference, ProviderLogger } from '@patchpanel/provider';
import type { Devices } from './devices.ts';
import { desiredOf, WiringFailure, type Desired, type HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import type { AgentObserver } from './observer.ts';
import { keyText } from './record.ts';
import { Slots } from './turns.ts';
import type { Workbench } from './workbench.ts';

/** How many wirings are looked at side by side: few, so that what somebody waits for never queues behind a look at everything. */
const parallelLooks = 2;

/** How many differences of one wiring are logged, and how much of each. */
const most = { differences: 20, characters: 300 };

export interface DriftWatchParts {
  readonly journal: Journal;
  readonly providers: HostProviders;
  readonly workbench: Workbench;
  readonly devices: Devices;
  readonly observer: AgentObserver;
  readonly logger: ProviderLogger;
  readonly closing: AbortSignal;
}

/**
 * Compares everything that is wired with the kernel. What departs is told as a difference, counted and repaired; a machine
 * that died is no difference to be repaired, but an error to be reported.
 */
export class DriftWatch {
  readonly #parts: DriftWatchParts;
  readonly #slots = new Slots(parallelLooks);

  constructor(parts: DriftWatchParts) {
    this.#parts = parts;
  }

  /** Looks once at everything. */
  async look(): Promise<void> {
    const { journal, workbench } = this.#parts;
    journal.forgetOldFences();
    const active = journal.all().filter(({ status }) => status === 'active');
    // The slot first: a vNIC whose turn is taken while it waits for a slot could not be worked on.
    const inspect = (record: VnicKey) => workbench.inTurn(keyText(record), () => this.#inspect(record));
    await Promise.all(active.map((record) => this.#slots.run(() => inspect(record))));
  }

  async #inspect({ projectId, vnicId }: VnicKey): Promise<void> {
    const { journal, workbench, devices, observer, logger } = this.#parts;
    const record = journal.get({ projectId, vnicId });
    const desired = record && desiredOf(record);
    if (record?.status !== 'active' || record.order.kind !== 'ensure' || desired === undefined) return;
    if (devices.isGone(record.order.device)) return workbench.proceed(record);
    const differences = await this.#compare(desired);
    if (differences.length === 0) return;
    observer.drifted({ projectId, vnicId }, differences);
    logger.warn(
      { projectId, vnicId, count: differences.length, differences: excerpt(differences) },
      'a wiring departs from what it should be: repairing it',
    );
    await workbench.proceed(record);
  }

  async #compare({ wiring, provider }: Desired): Promise<readonly Difference[]> {
    try {
      return await this.#parts.providers.check(wiring, provider, this.#parts.closing);
    } catch (error) {
      if (!(error instanceof WiringFailure)) throw error;
      return [{ object: 'wiring', field: 'check', desired: 'possible', actual: error.problem.detail }];
    }
  }
}

/** What is fit for the log: a machine may have made any number of differences of any length. */
function excerpt(differences: readonly Difference[]): Difference[] {
  const clip = (text: string) => text.slice(0, most.characters);
  return differences.slice(0, most.differences).map(({ object, field, desired, actual }) => ({
    object: clip(object),
    field: clip(field),
    desired: clip(desired),
    actual: clip(actual),
  }));
}
