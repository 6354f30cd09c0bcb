import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { isDatabaseUnavailable } from './database-errors.ts';
import { openDatabase } from './database.ts';
import { currentCursor, readEvents, type EventBatch } from './event-feed.ts';
import { appendEvents } from './events.ts';
import { silentLogger } from './logger.ts';
import { kitMigrations } from './migrations.ts';
import { testDatabase, testEngine } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe(`a database on ${testEngine()} that is away`, () => {
  it('is told apart from a mistake of ours', async () => {
    const nobodyThere = openDatabase(
      { databaseUrl: 'postgres://postgres@127.0.0.1:1/none' },
      { migrations: kitMigrations, logger: silentLogger() },
    );
    expect(isDatabaseUnavailable(await failureOf(nobodyThere))).toBe(true);
    const database = await testDatabase({ migrations: kitMigrations });
    try {
      expect(
        isDatabaseUnavailable(await failureOf(Promise.resolve(database.knex.raw('select nonsense')))),
      ).toBe(false);
    } finally {
      await database.close();
    }
  });

  it('fails what was running, and serves again when it is back, feed included', async () => {
    const database = await testDatabase({ migrations: kitMigrations });
    const { databaseUrl } = database;
    try {
      if (databaseUrl === undefined) return;
      const cursor = await currentCursor(database.knex);
      const follow = (triesLeft: number): Promise<EventBatch> =>
        readEvents(database, { filter: { everything: true }, cursor, waitSeconds: 20 }).catch(
          (error: unknown) => {
            if (triesLeft > 0 && isDatabaseUnavailable(error)) return follow(triesLeft - 1);
            throw error;
          },
        );
      const following = follow(3);
      const cut = inTransaction(database, async (trx) => {
        await trx.raw('select 1');
        await cutConnections(databaseUrl);
        await trx.raw('select 1');
      });
      const failure = await failureOf(cut);
      expect(isDatabaseUnavailable(failure), String(failure)).toBe(true);
      await database.ping();
      await inTransaction(database, (trx) =>
        appendEvents(trx, [{ resourceType: 'port', resourceId: 'x', revision: 1, change: 'created' }]),
      );
      expect((await following).items).toHaveLength(1);
    } finally {
      await database.close();
    }
  });

  it('has a pool that runs dry with an error that says so', { timeout: 60_000 }, async () => {
    const database = await testDatabase({ migrations: kitMigrations, poolSize: 1 });
    try {
      const taken = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      const holding = inTransaction(database, async () => {
        taken.resolve();
        await release.promise;
      });
      await taken.promise;
      expect(isDatabaseUnavailable(await failureOf(Promise.resolve(database.knex.raw('select 1'))))).toBe(
        true,
      );
      release.resolve();
      await holding;
    } finally {
      await database.close();
    }
  });
});

async function cutConnections(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
}
