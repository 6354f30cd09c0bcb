import {
  createLifetime,
  createLogger,
  createMetrics,
  listen,
  openDatabase,
  tokenAuthenticator,
} from '@patchpanel/service-kit';
import { createComputeApi } from './app.ts';
import { databaseLocation, keySource, readSettings } from './config.ts';
import { migrations } from './migrations/index.ts';

const settings = readSettings();
const logger = createLogger({ name: 'compute-api', level: settings.logLevel });
const lifetime = createLifetime(logger);

const database = await openDatabase(databaseLocation(settings), { migrations, logger });
lifetime.onStop('database', () => database.close());

const api = await createComputeApi({
  database,
  auth: tokenAuthenticator({
    keys: keySource(settings),
    issuer: settings.issuer,
    audience: settings.audience,
  }),
  heartbeatSeconds: settings.heartbeatSeconds,
  logger,
  metrics: createMetrics(),
  stopping: lifetime.stopping,
});
lifetime.onStop('placement', () => api.stop());

const publicListener = await listen(api.publicApi.app, settings.listen);
const southboundListener = await listen(api.southboundApi.app, settings.southboundListen);
lifetime.onStop('listeners', async () => {
  await Promise.all([publicListener.close(), southboundListener.close()]);
});

logger.info({ public: publicListener.url, southbound: southboundListener.url }, 'listening');
