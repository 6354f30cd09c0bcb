/** A program of its own for tests: serves the small API on the database of DATABASE_URL, as services do, and says where. */
import {
  createLifetime,
  createLogger,
  createMetrics,
  measureDatabase,
  openDatabase,
  serve,
  startHousekeeping,
  tokenAuthenticator,
} from '../index.ts';
import { fixtureApp, fixtureMigrations } from './fixture-api.ts';

const logger = createLogger({ name: 'fixture' });
const lifetime = createLifetime(logger);
const database = await openDatabase(
  { databaseUrl: process.env['DATABASE_URL'] ?? '', poolSize: 5 },
  { migrations: fixtureMigrations, logger },
);
lifetime.onStop('database', () => database.close());
lifetime.onStop('housekeeping', startHousekeeping(database, logger).stop);
const metrics = createMetrics();
measureDatabase(metrics, database);
const { app } = await fixtureApp(database, {
  auth: tokenAuthenticator({
    keys: { jwks: JSON.parse(process.env['JWKS'] ?? '') },
    issuer: 'https://issuer.test',
    audience: 'network',
  }),
  logger,
  metrics,
  stopping: lifetime.stopping,
});
const side = { app, address: { host: '127.0.0.1', port: 0 } };
await serve({ public: side, southbound: side }, { lifetime, logger });
