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
import { createNetworkApp, createSouthboundApp } from './app.ts';
import { readConfig, type Config } from './config.ts';
import { migrations } from './migrations/index.ts';
import { selectProvidersInUse } from './networks/store.ts';
import { openProviders } from './providers.ts';

const config = readConfig();
const logger = createLogger({ name: 'network-api', level: config.logLevel });
const lifetime = createLifetime(logger);
const providers = await openProviders(config.providers, config.defaultProvider);
const database = await openDatabase(locationOf(config), { migrations, logger });
lifetime.onStop('database', () => database.close());
providers.requireAll(await selectProvidersInUse(database.knex));
lifetime.onStop('housekeeping', startHousekeeping(database, logger).stop);

const options = {
  database,
  providers,
  addressRestSeconds: config.addressRestSeconds,
  auth: tokenAuthenticator({ keys: keysOf(config), issuer: config.issuer, audience: 'network' }),
  logger,
  metrics: createMetrics(),
  stopping: lifetime.stopping,
  docsAssets: config.docsAssets,
};
const { app } = await createNetworkApp(options);
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
