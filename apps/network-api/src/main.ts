import {
  createLifetime,
  createLogger,
  createMetrics,
  databaseLocationOf,
  isEpochToBeRaised,
  keySourceOf,
  openDatabase,
  raiseEpochAndExit,
  serve,
  startHousekeeping,
  tokenAuthenticator,
} from '@patchpanel/service-kit';
import { createNetworkApp, createSouthboundApp } from './app.ts';
import { readConfig } from './config.ts';
import { migrations } from './migrations/index.ts';
import { selectProvidersInUse } from './networks/store.ts';
import { openProviders } from './providers/catalog.ts';

const config = readConfig();
const logger = createLogger({ name: 'network-api', level: config.logLevel });
const lifetime = createLifetime(logger);
const providers = await openProviders(config.providers, config.defaultProvider);
const database = await openDatabase(databaseLocationOf(config), { migrations, logger });
if (isEpochToBeRaised()) await raiseEpochAndExit(database);
lifetime.onStop('database', () => database.close());
providers.requireAll(await selectProvidersInUse(database.knex));
lifetime.onStop('housekeeping', startHousekeeping(database, logger).stop);

const options = {
  database,
  providers,
  addressRestSeconds: config.addressRestSeconds,
  auth: tokenAuthenticator({ keys: keySourceOf(config), issuer: config.issuer, audience: 'network' }),
  logger,
  metrics: createMetrics(),
  stopping: lifetime.stopping,
  docsAssets: config.docsAssets,
};
const { app } = await createNetworkApp(options);
const { app: southboundApp } = await createSouthboundApp(options);
await serve(
  {
    public: { app, address: config.listen },
    southbound: { app: southboundApp, address: config.southboundListen },
  },
  { lifetime, logger },
);
