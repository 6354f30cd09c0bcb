import type { Database } from '@patchpanel/service-kit';
import type { ProviderCatalog } from './providers/catalog.ts';
import type { QuotaDefaults } from './quotas/resources.ts';

/** What every room of the service works with. */
export interface Parts {
  readonly database: Database;
  readonly providers: ProviderCatalog;
  /** How long a released address rests, counted from when its hosts have confirmed that they no longer use it. */
  readonly addressRestSeconds: number;
  /** How long nothing was heard of an agent when it counts as silent. */
  readonly agentSilenceSeconds: number;
  /** How often agents are to report. */
  readonly agentHeartbeatSeconds: number;
  /** How many of each resource a project may have that has no limits of its own. */
  readonly quotaDefaults: QuotaDefaults;
}
