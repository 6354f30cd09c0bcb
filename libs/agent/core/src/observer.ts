import type { VnicKey } from '@patchpanel/contract-agent';
import type { Difference } from '@patchpanel/provider';

/** What is worth counting; the daemon makes metrics of it. */
export interface AgentObserver {
  /** A wiring was made, changed or found right, and proven. */
  wired(seconds: number): void;
  /** A wiring could not be made or proven. */
  failed(code: string): void;
  /** A wiring was found to depart from what it should be, and is being repaired. */
  drifted(key: VnicKey, differences: readonly Difference[]): void;
  /** The host's bindings were read anew from the network service. */
  resynced(): void;
}

/** Counts nothing. */
export const silentObserver: AgentObserver = {
  wired: () => undefined,
  failed: () => undefined,
  drifted: () => undefined,
  resynced: () => undefined,
};
