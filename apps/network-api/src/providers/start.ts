import { appendEvents, type Database } from '@patchpanel/service-kit';
import { selectProvidersInUse } from '../networks/store.ts';
import { preparePools } from '../pools/declaration.ts';
import { noteWiringChanged } from '../networks/wiring.ts';
import type { ProviderCatalog } from './catalog.ts';

/**
 * Brings what is stored in line with the providers that the service is started with. Throws, with the reason, when stored
 * networks need a provider that is not loaded, or numbers that it no longer declares.
 */
export async function prepareProviders(database: Database, providers: ProviderCatalog): Promise<void> {
  providers.requireAll(await selectProvidersInUse(database.knex));
  await preparePools(database, providers.all, async (trx, networkIds) => {
    const events = [];
    for (const networkId of networkIds) events.push(...(await noteWiringChanged(trx, networkId)));
    await appendEvents(trx, events);
  });
}
