import { join } from 'node:path';
import {
  createLifetime,
  createLogger,
  createMetrics,
  listen,
  openDatabase,
  startHousekeeping,
  tokenAuthenticator,
  type DatabaseLocation,
  type KeySource,
} from '@patchpanel/service-kit';
import { createComputeApp, createSouthboundApp } from './app.ts';
import { readConfig, type Config } from './config.ts';
import { startPlacing } from './instances/placing.ts';
import { migrations } from './migrations/index.ts';
import { randomMacAddress } from './vnics/mac-address.ts';

const config = readConfig();
const { heartbeatSeconds } = config;
const logger = createLogger({ name: 'compute-api', level: config.logLevel });
const lifetime = createLifetime(logger);
const database = await openDatabase(locationOf(config), { migrations, logger });
lifetime.onStop('database', () => database.close());
const housekeeping = startHousekeeping(database, logger);
lifetime.onStop('housekeeping', housekeeping.stop);
const placing = startPlacing({ database, heartbeatSeconds }, logger);
lifetime.onStop('placing', placing.stop);

const options = {
  database,
  heartbeatSeconds,
  randomMacAddress,
  wakePlacement: placing.wake,
  auth: tokenAuthenticator({ keys: keysOf(config), issuer: config.issuer, audience: 'compute' }),
  logger,
  metrics: createMetrics(),
  stopping: lifetime.stopping,
  docsAssets: config.docsAssets,
};
const { app } = await createComputeApp(options);
const { app: southboundApp } = await createSouthboundApp(options);
const listener = await listen(app, config.listen);
lifetime.onStop('listener', () => listener.close());
const southboundListener = await listen(southboundApp, config.southboundListen);
lifetime.onStop('southbound listener', () => southboundListener.close());
logger.info({ public: listener.url, southbound: southboundListener.url }, 'listening');

function locationOf({ databaseUrl, databasePoolSize, dataDir }: Config): DatabaseLocation {
  if (databaseUrl !== undefined) return { databaseUrl, poolSize: databasePoolSize };
  if (dataDir === undefined) throw new Error('neither databaseUrl nor dataDir is set');
  return { dataDir: join(dataDir, 'db') };
}

function keysOf({ jwksFile, jwksUrl }: Config): KeySource {
  if (jwksFile !== undefined) return { jwksFile };
  if (jwksUrl === undefined) throw new Error('neither jwksFile nor jwksUrl is set');
  return { jwksUrl };
}
