import type { Database } from '@patchpanel/service-kit';
import type { ProviderCatalog } from './providers/catalog.ts';

/** What every room of the service works with. */
export interface Parts {
  readonly database: Database;
  readonly providers: ProviderCatalog;
  /** How long a released address rests, counted from when its hosts have confirmed that they no longer use it. */
  readonly addressRestSeconds: number;
}
