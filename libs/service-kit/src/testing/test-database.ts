import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { isRecord } from '../opaque.ts';
import { openDatabase, type Database } from '../database.ts';
import { dumpFreshDatabase } from '../embedded-postgres.ts';
import { silentLogger, type Logger } from '../logger.ts';
import type { Migration } from '../migrate.ts';
import { identifyProcess } from '../process-identity.ts';

const templatePrefix = 'patchpanel_template_';

export interface TestDatabaseOptions {
  readonly migrations: readonly Migration[];
  readonly logger?: Logger | undefined;
  /** Overrides PATCHPANEL_TEST_DB. */
  readonly engine?: 'postgres' | 'pglite' | undefined;
  readonly poolSize?: number | undefined;
}

/** A fresh database of this test's own; `close` removes it. On PostgreSQL, `databaseUrl` lets a second replica in. */
export interface TestDatabase extends Database {
  readonly databaseUrl: string | undefined;
}

/**
 * Opens a new, migrated, empty database: embedded unless PATCHPANEL_TEST_DB is `postgres`, which needs
 * PATCHPANEL_TEST_POSTGRES_URL to name a server and a user that may create databases.
 */
export async function testDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const engine = options.engine ?? testEngine();
  return engine === 'postgres' ? testPostgres(options) : testPglite(options);
}

/** The engine that tests run on now. */
export function testEngine(): 'postgres' | 'pglite' {
  const value = process.env['PATCHPANEL_TEST_DB'] ?? 'pglite';
  if (value !== 'postgres' && value !== 'pglite')
    throw new Error(`PATCHPANEL_TEST_DB is "${value}": postgres or pglite`);
  return value;
}

async function testPglite(options: TestDatabaseOptions): Promise<TestDatabase> {
  const snapshot = await freshSnapshot();
  const location = { memory: true, snapshot } as const;
  const database = await openDatabase(location, {
    migrations: options.migrations,
    logger: options.logger ?? silentLogger(),
  });
  return { ...database, databaseUrl: undefined };
}

let snapshotInMemory: Promise<Blob> | undefined;

/** An initialised, empty data folder, made once per PGlite version and user and kept in the temporary folder. */
function freshSnapshot(): Promise<Blob> {
  return (snapshotInMemory ??= loadOrMakeSnapshot());
}

async function loadOrMakeSnapshot(): Promise<Blob> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const packageFile: unknown = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8'));
  const version = isRecord(packageFile) ? String(packageFile['version']) : '0';
  const folder = join(tmpdir(), `patchpanel-test-${userInfo().uid}`);
  const file = join(folder, `fresh-database-${version}.tar`);
  if (existsSync(file)) return new Blob([readFileSync(file)], { type: 'application/x-tar' });
  const snapshot = await dumpFreshDatabase();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, Buffer.from(await snapshot.arrayBuffer()));
  renameSync(draft, file);
  return snapshot;
}

async function testPostgres(options: TestDatabaseOptions): Promise<TestDatabase> {
  const adminUrl = process.env['PATCHPANEL_TEST_POSTGRES_URL'];
  if (!adminUrl) throw new Error('PATCHPANEL_TEST_POSTGRES_URL must name a PostgreSQL server for tests');
  const template = await ensureTemplate(adminUrl, options);
  const name = `patchpanel_test_${randomBytes(8).toString('hex')}`;
  await administer(adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  const databaseUrl = urlOf(adminUrl, name);
  const drop = () =>
    administer(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
  try {
    const database = await openDatabase(
      { databaseUrl, poolSize: options.poolSize },
      { migrations: options.migrations, logger: options.logger ?? silentLogger() },
    );
    // A copy would be the same database to cursors: give each its own identity.
    await database.knex('database_identity').update({ database_id: database.knex.raw('gen_random_uuid()') });
    return {
      ...database,
      databaseUrl,
      async close() {
        await database.close();
        await drop();
      },
    };
  } catch (error) {
    await drop();
    throw error;
  }
}

const templates = new Map<string, Promise<string>>();

/** A migrated database to copy from, one per list of migrations and test run, shared by the run's worker processes. */
function ensureTemplate(adminUrl: string, options: TestDatabaseOptions): Promise<string> {
  const text = options.migrations.map(({ name, up }) => `${name}\n${up.toString()}`).join('\n');
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const name = `${templatePrefix}${digest}_${process.ppid}`;
  const made = templates.get(name) ?? makeTemplate(adminUrl, name, options);
  templates.set(name, made);
  return made;
}

async function makeTemplate(adminUrl: string, name: string, options: TestDatabaseOptions): Promise<string> {
  await administer(adminUrl, async (client) => {
    await client.query('select pg_advisory_lock(7277003)');
    await dropTemplates(client, (pid) => identifyProcess(pid) === undefined);
    // Marked as a template only when it is complete.
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [
      name,
    ]);
    if (rowCount !== null && rowCount > 0) return;
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name} encoding 'UTF8' template template0`);
    const database = await openDatabase(
      { databaseUrl: urlOf(adminUrl, name), poolSize: 1 },
      { migrations: options.migrations, logger: options.logger ?? silentLogger() },
    );
    await database.close();
    await client.query(`alter database ${name} is_template true`);
  });
  return name;
}

/** Drops this run's templates. Call it when the last test is over: in the teardown of vitest's `globalSetup`. */
export async function dropTestTemplates(): Promise<void> {
  const adminUrl = process.env['PATCHPANEL_TEST_POSTGRES_URL'];
  if (!adminUrl) return;
  await administer(adminUrl, (client) =>
    dropTemplates(client, (pid) => pid === process.pid || pid === process.ppid),
  );
  templates.clear();
}

async function dropTemplates(client: pg.Client, isTheirs: (pid: number) => boolean): Promise<void> {
  const { rows }: { rows: { datname: string }[] } = await client.query(
    'select datname from pg_database where starts_with(datname, $1)',
    [templatePrefix],
  );
  for (const { datname } of rows.filter((row) => isTheirs(Number(row.datname.split('_').at(-1))))) {
    await client.query(`alter database ${datname} is_template false`);
    await client.query(`drop database ${datname} with (force)`);
  }
}

async function administer(adminUrl: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
