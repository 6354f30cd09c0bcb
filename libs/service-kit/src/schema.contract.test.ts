import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database, type DatabaseOptions } from './database.ts';
import { silentLogger } from './logger.ts';
import { fixtureApp, fixtureMigrations } from './testing/fixture-api.ts';
import { mintTokens, testDatabase, testEngine, type TestDatabase, type TestIssuer } from './testing/index.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('testing/migrating-program.ts', import.meta.url));
const projectId = '019a0000-0000-7000-8000-00000000aaaa';

let anchor: TestDatabase;
let issuer: TestIssuer;
const made: string[] = [];
const opened: Database[] = [];

beforeAll(async () => {
  anchor = await testDatabase({ migrations: fixtureMigrations });
  issuer = await mintTokens();
});
afterAll(async () => {
  for (const database of opened) await database.close();
  for (const name of made) await administer(`drop database if exists ${name} with (force)`);
  await anchor.close();
});

function urlOf(name: string): string {
  const url = new URL(anchor.databaseUrl ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function emptyDatabase(): Promise<string> {
  const name = `patchpanel_schema_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} template template0`);
  made.push(name);
  return urlOf(name);
}

async function open(databaseUrl: string, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const database = await openDatabase(
    { databaseUrl, poolSize: 4 },
    { migrations: fixtureMigrations, logger: silentLogger(), ...options },
  );
  opened.push(database);
  return database;
}

const migrateBy = async (databaseUrl: string) =>
  (await run(process.execPath, [program], { env: { ...process.env, DATABASE_URL: databaseUrl } })).stdout;

async function apiOf(database: Database) {
  const { app } = await fixtureApp(database, { auth: issuer.authenticator('network') });
  const token = await issuer.userToken({ projectId, audience: 'network' });
  return {
    ready: () => supertest(app).get('/readyz'),
    list: () => supertest(app).get('/v1/things').set('authorization', `Bearer ${token}`),
    follow: () => supertest(app).get('/v1/events').set('authorization', `Bearer ${token}`),
  };
}

// The embedded database has one program, which migrates it.
describe.runIf(testEngine() === 'postgres')('the schema of a shared database', () => {
  it('is brought up to date once by many programs that start at once', { timeout: 90_000 }, async () => {
    const databaseUrl = await emptyDatabase();
    const said = await Promise.all(Array.from({ length: 4 }, () => migrateBy(databaseUrl)));
    const applied = said.flatMap((text) => /^Applied (.*)\.$/m.exec(text)?.[1]?.split(', ') ?? []);
    expect(applied.toSorted()).toEqual(fixtureMigrations.map(({ name }) => name).toSorted());
    expect(await migrateBy(databaseUrl)).toBe('The schema was up to date.\n');
    const database = await open(databaseUrl, { migrateOnStart: false });
    expect(await database.knex('schema_migrations').orderBy('position').pluck('name')).toEqual(
      fixtureMigrations.map(({ name }) => name),
    );
  });

  it('keeps a program that does not migrate from working until it is there, and then lets it', async () => {
    const databaseUrl = await emptyDatabase();
    const prepared: string[] = [];
    const database = await open(databaseUrl, {
      migrateOnStart: false,
      prepare: async ({ knex }) => void prepared.push(...(await knex('schema_migrations').pluck('name'))),
    });
    const api = await apiOf(database);
    const refused = await api.ready().expect(503).expect('retry-after', /\d/);
    expect(refused.body.detail).toBe(
      'The database lacks kit-001-extensions, kit-002-identity, kit-003-idempotency, kit-004-events, things-001. Run this program with --migrate, or let it migrate when it starts.',
    );
    for (const answer of [await api.list().expect(503), await api.follow().expect(503)]) {
      expect(answer.body).toMatchObject({ code: 'service-unavailable', detail: refused.body.detail });
      expect(answer.headers['retry-after']).toBe('5');
    }
    expect(prepared).toEqual([]);
    await migrateBy(databaseUrl);
    await expect.poll(async () => (await api.list()).status, { timeout: 10_000 }).toBe(200);
    await api.ready().expect(200);
    expect(prepared).toHaveLength(fixtureMigrations.length);
  });

  it('lets an older program go on, unless the newer one says that it can not', async () => {
    const databaseUrl = await emptyDatabase();
    const database = await open(databaseUrl);
    const api = await apiOf(database);
    const harmless = { name: 'things-002', up: async () => undefined };
    const breaking = { name: 'things-003', breaksOlderPrograms: true, up: async () => undefined };
    await open(databaseUrl, { migrations: [...fixtureMigrations, harmless] });
    await api.ready().expect(200);
    await api.list().expect(200);
    await open(databaseUrl, { migrations: [...fixtureMigrations, harmless, breaking] });
    // Also without anybody who asks whether it is ready.
    await expect.poll(async () => (await api.list()).status, { timeout: 15_000 }).toBe(503);
    const { body } = await api.ready().expect(503);
    expect(body.detail).toBe(
      "The database is newer than this program, which can't work with it since things-003. Start a newer one.",
    );
    // One that is started now says the same, and does not touch what it does not know.
    const late = await apiOf(await open(databaseUrl));
    expect((await late.ready().expect(503)).body.detail).toBe(body.detail);
  });

  it('has to be prepared before it is used, or the program does not start', async () => {
    const databaseUrl = await emptyDatabase();
    const prepare = () => Promise.reject(new Error('a provider is missing'));
    await expect(open(databaseUrl, { prepare })).rejects.toThrow('a provider is missing');
    await expect(open(databaseUrl, { prepare, migrateOnStart: false })).rejects.toThrow(
      'a provider is missing',
    );
  });
});
