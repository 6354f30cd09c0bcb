import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from './database.ts';
import { raiseEpoch, readIdentity } from './epoch.ts';
import { currentCursor, readEvents } from './event-feed.ts';
import { appendEvents } from './events.ts';
import { silentLogger } from './logger.ts';
import { kitMigrations } from './migrations.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

let database: TestDatabase;
let folder: string;
const made: string[] = [];
const opened: Database[] = [];

beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations });
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-epoch-'));
});
afterEach(async () => {
  for (const other of opened.splice(0)) await other.close();
  for (const name of made.splice(0)) await administer(`drop database if exists ${name} with (force)`);
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const epochOf = async ({ knex }: Database) => (await readIdentity(knex)).epoch;
const tell = (to: Database) =>
  inTransaction(to, (trx) =>
    appendEvents(trx, [{ resourceType: 'port', resourceId: 'x', revision: 1, change: 'created' }]),
  );

function urlOf(name: string): string {
  const url = new URL(database.databaseUrl ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(sql: string, name = 'postgres'): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(name) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function emptyDatabase(from = 'template0'): Promise<string> {
  const name = `patchpanel_epoch_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} template ${from}`);
  made.push(name);
  return name;
}

async function open(name: string): Promise<Database> {
  const other = await openDatabase(
    { databaseUrl: urlOf(name), poolSize: 4 },
    { migrations: kitMigrations, logger: silentLogger() },
  );
  opened.push(other);
  return other;
}

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });

describe(`the epoch on ${testEngine()}`, () => {
  it('stays when nothing was restored, whatever connects, looks or writes', async () => {
    const { databaseId } = await readIdentity(database.knex);
    await database.ping();
    await tell(database);
    await database.knex.raw('vacuum (full, freeze) database_identity');
    await database.ping();
    expect(await readIdentity(database.knex)).toEqual({ databaseId, epoch: 1 });
  });

  it('is raised by hand, and then no cursor of before fits', async () => {
    const cursor = await currentCursor(database.knex);
    const before = await epochOf(database);
    expect(await raiseEpoch(database.knex)).toBe(before + 1);
    await database.ping();
    expect(await epochOf(database)).toBe(before + 1);
    await expect(readEvents(database, { filter: { everything: true }, cursor })).rejects.toThrow(
      'invalid-cursor',
    );
  });

  // What follows takes a server with several databases.
  const onPostgres = testEngine() === 'postgres' ? it : () => undefined;

  onPostgres('stays in a copy of the files, which `create database … template` makes', async () => {
    const original = await open(await emptyDatabase());
    await tell(original);
    await original.close();
    const [name = ''] = made;
    const copy = await open(await emptyDatabase(name));
    expect(await epochOf(copy)).toBe(1);
  });

  onPostgres(
    'is raised once when a dump was restored elsewhere, however many replicas open it at once',
    async () => {
      const name = await emptyDatabase();
      const original = await open(name);
      await tell(original);
      const cursor = await currentCursor(original.knex);
      const dump = join(folder, `${name}.dump`);
      run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${urlOf(name)}`);
      const restored = await emptyDatabase();
      run('pg_restore', `--dbname=${urlOf(restored)}`, dump);
      const replicas = await Promise.all(Array.from({ length: 4 }, () => open(restored)));
      await Promise.all(
        replicas.flatMap((replica) =>
          Array.from({ length: 4 }, () => replica.knex.raw('select pg_sleep(0.05)')),
        ),
      );
      for (const replica of replicas) expect(await epochOf(replica)).toBe(2);
      expect(await epochOf(original)).toBe(1);
      await expect(
        readEvents(replicas[0] ?? original, { filter: { everything: true }, cursor }),
      ).rejects.toThrow('invalid-cursor');
      // Restored from what was restored: again.
      const again = await emptyDatabase();
      run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${urlOf(restored)}`);
      run('pg_restore', `--dbname=${urlOf(again)}`, dump);
      expect(await epochOf(await open(again))).toBe(3);
    },
  );

  onPostgres(
    'is raised when a dump is put back into the same database, seen also by a replica that goes on running',
    async () => {
      const name = await emptyDatabase();
      const running = await open(name);
      await tell(running);
      const dump = join(folder, `${name}.dump`);
      run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${urlOf(name)}`);
      // An epoch that the dump knows nothing of: the next one must be beyond it.
      await raiseEpoch(running.knex);
      await raiseEpoch(running.knex);
      await running.ping();
      run('pg_restore', '--clean', '--if-exists', `--dbname=${urlOf(name)}`, dump);
      await running.ping();
      expect(await epochOf(running)).toBe(4);
      expect(await epochOf(await open(name))).toBe(4);
    },
  );

  onPostgres('is raised when only the rows of a dump are put back', async () => {
    const name = await emptyDatabase();
    const running = await open(name);
    const dump = join(folder, `${name}.sql`);
    run('pg_dump', '--data-only', `--file=${dump}`, `--dbname=${urlOf(name)}`);
    await administer('truncate database_identity, event_horizon, schema_migrations', name);
    run('psql', '--quiet', '--set=ON_ERROR_STOP=1', `--file=${dump}`, `--dbname=${urlOf(name)}`);
    await running.ping();
    expect(await epochOf(running)).toBe(2);
  });

  onPostgres('is raised when a running replica finds less on disk than it has seen there', async () => {
    const name = await emptyDatabase();
    const running = await open(name);
    await running.knex.raw(`select notice_restore(1, '0/0')`);
    expect(await epochOf(running)).toBe(1);
    const ahead: { rows: { epoch: number; is_raised: boolean }[] } = await running.knex.raw(
      `select epoch, is_raised from notice_restore(1, pg_current_wal_flush_lsn() + 1e12::numeric)`,
    );
    expect(ahead.rows).toEqual([{ epoch: 2, is_raised: true }]);
    // Whoever has seen the same, and comes later, finds it done.
    const later: { rows: { epoch: number; is_raised: boolean }[] } = await running.knex.raw(
      `select epoch, is_raised from notice_restore(1, pg_current_wal_flush_lsn() + 1e12::numeric)`,
    );
    expect(later.rows).toEqual([{ epoch: 2, is_raised: false }]);
  });
});
