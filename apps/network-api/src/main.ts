import {
  createLifetime,
  createLogger,
  createMetrics,
  databaseLocationOf,
  isEpochToBeRaised,
  isToMigrate,
  keySourceOf,
  measureDatabase,
  migrateAndExit,
  openDatabase,
  raiseEpochAndExit,
  serve,
  startHousekeeping,
  tokenAuthenticator,
} from '@patchpanel/service-kit';
import { followRecovery } from './agents/recovery.ts';
import { startAgentUpkeep } from './agents/upkeep.ts';
import { createNetworkApp, createSouthboundApp } from './app.ts';
import { quotaDefaultsOf, readConfig } from './config.ts';
import { startLeaseSweep } from './leases/sweep.ts';
import { migrations } from './migrations/index.ts';
import { startPoolKeeping } from './pools/rest.ts';
import { openProviders } from './providers/catalog.ts';
import { prepareProviders } from './providers/start.ts';
import { startRealisation } from './realisation/worker.ts';

const config = readConfig();
const logger = createLogger({ name: 'network-api', level: config.logLevel });
const lifetime = createLifetime(logger);
const providers = await openProviders(config.providers, config.defaultProvider);
const location = databaseLocationOf(config);
if (isToMigrate()) await migrateAndExit(location, { migrations, logger });
const database = await openDatabase(location, {
  migrations,
  logger,
  migrateOnStart: config.migrateOnStart,
  prepare: isEpochToBeRaised() ? undefined : (opened) => prepareProviders(opened, providers),
});
if (isEpochToBeRaised()) await raiseEpochAndExit(database);
lifetime.onStop('database', () => database.close());
lifetime.onStop('housekeeping', startHousekeeping(database, logger).stop);

const metrics = createMetrics();
measureDatabase(metrics, database);
const options = {
  database,
  providers,
  addressRestSeconds: config.addressRestSeconds,
  agentSilenceSeconds: config.agentSilenceSeconds,
  agentHeartbeatSeconds: config.agentHeartbeatSeconds,
  quotaDefaults: quotaDefaultsOf(config),
  auth: tokenAuthenticator({ keys: keySourceOf(config), issuer: config.issuer, audience: 'network' }),
  logger,
  metrics,
  stopping: lifetime.stopping,
  docsAssets: config.docsAssets,
};
lifetime.onStop('pools', startPoolKeeping(options, logger).stop);
lifetime.onStop('realisation', startRealisation(options, { logger }).stop);
await followRecovery(options);
lifetime.onStop('agents', startAgentUpkeep(options, logger).stop);
lifetime.onStop('leases', startLeaseSweep(options, logger).stop);
const { app } = await createNetworkApp(options);
const { app: southboundApp } = await createSouthboundApp(options);
await serve(
  {
    public: { app, address: config.listen },
    southbound: { app: southboundApp, address: config.southboundListen },
  },
  { lifetime, logger },
);
