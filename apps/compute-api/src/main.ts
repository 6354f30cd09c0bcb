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
import { createComputeApp, createSouthboundApp } from './app.ts';
import { readConfig } from './config.ts';
import { startPlacing } from './instances/placing.ts';
import { migrations } from './migrations/index.ts';
import { randomMacAddress } from './vnics/mac-address.ts';

const config = readConfig();
const { heartbeatSeconds } = config;
const logger = createLogger({ name: 'compute-api', level: config.logLevel });
const lifetime = createLifetime(logger);
const location = databaseLocationOf(config);
if (isToMigrate()) await migrateAndExit(location, { migrations, logger });
const { migrateOnStart } = config;
const database = await openDatabase(location, { migrations, logger, migrateOnStart });
if (isEpochToBeRaised()) await raiseEpochAndExit(database);
lifetime.onStop('database', () => database.close());
const housekeeping = startHousekeeping(database, logger);
lifetime.onStop('housekeeping', housekeeping.stop);
const placing = startPlacing({ database, heartbeatSeconds }, logger);
lifetime.onStop('placing', placing.stop);

const metrics = createMetrics();
measureDatabase(metrics, database);
const options = {
  database,
  heartbeatSeconds,
  randomMacAddress,
  wakePlacement: placing.wake,
  auth: tokenAuthenticator({ keys: keySourceOf(config), issuer: config.issuer, audience: 'compute' }),
  logger,
  metrics,
  stopping: lifetime.stopping,
  docsAssets: config.docsAssets,
};
const { app } = await createComputeApp(options);
const { app: southboundApp } = await createSouthboundApp(options);
await serve(
  {
    public: { app, address: config.listen },
    southbound: { app: southboundApp, address: config.southboundListen },
  },
  { lifetime, logger },
);
