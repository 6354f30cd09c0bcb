import type { VnicKey } from '@patchpanel/contract-agent';
import type { Difference, ProviderLogger } from '@patchpanel/provider';
import type { Devices } from './devices.ts';
import { desiredOf, WiringFailure, type Desired, type HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import type { AgentObserver } from './observer.ts';
import { keyText } from './record.ts';
import type { Workbench } from './workbench.ts';

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

  constructor(parts: DriftWatchParts) {
    this.#parts = parts;
  }

  /** Looks once at everything. */
  async look(): Promise<void> {
    const { journal, workbench } = this.#parts;
    await journal.forgetOldFences();
    const active = journal.all().filter(({ status }) => status === 'active');
    await Promise.all(active.map((record) => workbench.inTurn(keyText(record), () => this.#inspect(record))));
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
    logger.warn({ projectId, vnicId, differences }, 'a wiring departs from what it should be: repairing it');
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
