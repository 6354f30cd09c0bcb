import knexFactory, { type Knex } from 'knex';
import { watchPool, type DatabaseActivity } from './activity.ts';
import { columnTypes } from './column-types.ts';
import { startEmbeddedPostgres, type EmbeddedStorage } from './embedded-postgres.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import { epochFlags } from './epoch.ts';
import { createEventSignals, type EventSignals } from './event-signals.ts';
import type { Logger } from './logger.ts';
import { migrate, type Migration } from './migrate.ts';
import { watchForRestores } from './restores.ts';
import { closeUntilFit, isUnfit, type SchemaGate } from './schema-gate.ts';
import { prepareSession, type SessionClient } from './sessions.ts';
import { refuseQueriesBesideTransactions } from './transaction-scope.ts';

/** An open database. Services get it whole; stores get `knex` or a transaction of it. */
export interface Database {
  readonly knex: Knex;
  readonly engine: 'postgres' | 'pglite';
  /** Wakes feed readers when events are committed. */
  readonly signals: EventSignals;
  /** What goes on in it, for `measureDatabase`. */
  readonly activity: DatabaseActivity;
  /** Fails unless the database answers within the time given. */
  ping(timeoutMs?: number): Promise<void>;
  /** Waits for nothing: end your transactions first. */
  close(): Promise<void>;
}

/** Where the database is: a PostgreSQL, or an embedded one in a folder or in memory. */
export type DatabaseLocation =
  { readonly databaseUrl: string; readonly poolSize?: number | undefined } | EmbeddedStorage;

export interface DatabaseOptions {
  readonly migrations: readonly Migration[];
  readonly logger: Logger;
  /** Whether opening brings the schema up to date. Without it nobody gets through to the database until somebody else has. */
  readonly migrateOnStart?: boolean | undefined;
  /** What has to be done with an up-to-date schema before anybody else gets through. */
  readonly prepare?: ((database: Database) => Promise<void>) | undefined;
}

/** Longest time that a request waits for a connection of the pool, in milliseconds. */
const acquireTimeoutMs = 10_000;

/**
 * Opens the database and, unless told otherwise, brings its schema up to date. Both kinds speak through knex and pg; the embedded one has
 * exactly one connection, so a query outside an open transaction would wait for ever: it is refused instead.
 */
export async function openDatabase(location: DatabaseLocation, options: DatabaseOptions): Promise<Database> {
  if ('databaseUrl' in location) return openPostgres(location.databaseUrl, location.poolSize ?? 10, options);
  const embedded = await startEmbeddedPostgres(location);
  try {
    return await connect(
      { host: embedded.socketFolder, port: 5432, user: 'postgres', database: 'postgres', ssl: false },
      { engine: 'pglite', poolSize: 1, stop: () => embedded.stop(), ...options },
    );
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

function openPostgres(databaseUrl: string, poolSize: number, options: DatabaseOptions): Promise<Database> {
  return connect(
    { connectionString: databaseUrl, connectionTimeoutMillis: 5_000, keepAlive: true },
    { engine: 'postgres', poolSize, stop: () => Promise.resolve(), ...options },
  );
}

interface Connecting extends DatabaseOptions {
  readonly engine: Database['engine'];
  readonly poolSize: number;
  stop(): Promise<void>;
}

async function connect(connection: Record<string, unknown>, options: Connecting): Promise<Database> {
  const { engine, logger } = options;
  const settings = { ...connection, types: columnTypes, application_name: 'patchpanel' };
  const restores = watchForRestores(logger);
  const knex = knexFactory({
    client: 'pg',
    connection: settings,
    acquireConnectionTimeout: acquireTimeoutMs,
    pool: {
      min: engine === 'pglite' ? 1 : 0,
      max: options.poolSize,
      afterCreate: (client: SessionClient, done: (error: unknown, client: SessionClient) => void) => {
        prepareSession(client, engine, restores).then(
          () => done(null, client),
          (error: unknown) => done(error, client),
        );
      },
    },
    log: {
      warn: (message: unknown) => logger.warn({ source: 'knex' }, String(message)),
      error: (message: unknown) => logger.error({ source: 'knex' }, String(message)),
      deprecate: (message: unknown) => logger.warn({ source: 'knex' }, String(message)),
      debug: (message: unknown) => logger.debug({ source: 'knex' }, String(message)),
    },
  });
  const signals = createEventSignals({
    listenTo: engine === 'postgres' ? settings : undefined,
    looksAtOnce: Math.max(1, Math.floor(options.poolSize / 4)),
    logger,
  });
  let gate: SchemaGate | undefined;
  const ping = async () => {
    await gate?.check();
    await restores.look((sql) => knex.raw(sql));
  };
  const database: Database = {
    knex,
    engine,
    signals,
    activity: watchPool(knex),
    ping: (timeoutMs = 2_000) => within(timeoutMs, ping),
    async close() {
      gate?.close();
      await signals.close();
      await knex.destroy();
      await options.stop();
    },
  };
  try {
    const { migrations, migrateOnStart = true } = options;
    if (migrateOnStart) await migrate(knex, migrations, logger);
    refuseQueriesBesideTransactions(knex);
    const prepare = () => options.prepare?.(database) ?? Promise.resolve();
    gate = closeUntilFit(knex, { migrations, logger, prepare, isShared: engine === 'postgres' });
    await gate.check().catch((error: unknown) => {
      // The gate says so to whoever asks, and looks again by itself.
      const mayPass = isUnfit(error) || (!migrateOnStart && isDatabaseUnavailable(error));
      if (!mayPass) throw error;
    });
  } catch (error) {
    gate?.close();
    await signals.close();
    await knex.destroy();
    throw error;
  }
  return database;
}

async function within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the database did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([work(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The arguments of a service's program that are about its database, and what they do, for `--help`. */
export const databaseFlags = {
  '--migrate':
    'Brings the schema of the database up to date, says what that took and ends. Any number may run at once, beside programs that serve.',
  ...epochFlags,
};

/** Whether the process was started to migrate the database, and not to serve. */
export function isToMigrate(argv: readonly string[] = process.argv.slice(2)): boolean {
  return argv.includes('--migrate');
}

/** The whole of such a run: brings the schema up to date, says what that took and ends the process. */
export async function migrateAndExit(location: DatabaseLocation, options: DatabaseOptions): Promise<never> {
  const done: string[] = [];
  const migrations = options.migrations.map((migration) => ({
    ...migration,
    up: async (connection: Knex) => {
      await migration.up(connection);
      done.push(migration.name);
    },
  }));
  const database = await openDatabase(location, { ...options, migrations, migrateOnStart: true });
  await database.close();
  const said = done.length === 0 ? 'The schema was up to date.' : `Applied ${done.join(', ')}.`;
  process.stdout.write(`${said}\n`);
  process.exit(0);
}
