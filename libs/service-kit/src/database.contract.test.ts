import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { silentLogger } from './logger.ts';
import { migrate } from './migrate.ts';
import { kitMigrations } from './migrations.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { afterCommit, inTransaction } from './transactions.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations });
}, 60_000);
afterAll(() => database.close());

describe(`a database on ${testEngine()}`, () => {
  it('gives timestamps as RFC 3339 UTC text, safe bigints as numbers, addresses and numerics as text', async () => {
    const { rows } = await database.knex.raw(`select
      '2026-02-03 04:05:06.789123+02'::timestamptz as moment, 42::bigint as count, '10.0.0.1'::inet as address,
      '10.0.0.0/24'::cidr as range, 1.50::numeric as amount, array[1, 2]::bigint[] as counts, null::timestamptz as never`);
    expect(rows[0]).toEqual({
      moment: '2026-02-03T02:05:06.789Z',
      count: 42,
      address: '10.0.0.1',
      range: '10.0.0.0/24',
      amount: '1.50',
      counts: [1, 2],
      never: null,
    });
  });

  it('refuses a bigint that a number cannot hold', async () => {
    await expect(database.knex.raw(`select 9007199254740993::bigint`)).rejects.toThrow(
      'does not fit a number',
    );
  });

  it('has exclusion constraints over plain columns', async () => {
    await database.knex.raw(
      `create table spans (id uuid, span int4range, exclude using gist (id with =, span with &&))`,
    );
    const id = '019a0000-0000-7000-8000-000000000001';
    await database.knex('spans').insert({ id, span: '[1,5]' });
    await expect(database.knex('spans').insert({ id, span: '[5,6]' })).rejects.toMatchObject({
      code: '23P01',
    });
  });

  it('rolls back when the work fails, and runs callbacks only after a commit', async () => {
    await database.knex.raw('create table notes (text text not null)');
    const ran: string[] = [];
    await expect(
      inTransaction(database, async (trx) => {
        afterCommit(trx, () => ran.push('rolled back'));
        await trx('notes').insert({ text: 'lost' });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await inTransaction(database, async (trx) => {
      afterCommit(trx, () => ran.push('committed'));
      await trx('notes').insert({ text: 'kept' });
      expect(ran).toEqual([]);
    });
    expect(ran).toEqual(['committed']);
    expect(await database.knex('notes').pluck('text')).toEqual(['kept']);
  });

  it('refuses a nested transaction and a query beside the open one, instead of hanging', async () => {
    await expect(inTransaction(database, () => inTransaction(database, async () => 1))).rejects.toThrow(
      'do not nest',
    );
    await expect(inTransaction(database, async () => database.knex.raw('select 1'))).rejects.toThrow(
      'pass it the trx',
    );
    await expect(database.knex.raw('select 1')).resolves.toBeDefined();
  });

  it('runs the work again after a serialization failure or deadlock, but not for ever', async () => {
    let runs = 0;
    const fail = (trx: { raw(sql: string): PromiseLike<unknown> }) =>
      trx.raw(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    await inTransaction(database, async (trx) => {
      if (++runs < 3) await fail(trx);
    });
    expect(runs).toBe(3);
    await expect(inTransaction(database, async (trx) => fail(trx), { attempts: 2 })).rejects.toMatchObject({
      code: '40001',
    });
  });

  it('lets a migration take as long as it needs', async () => {
    const limits = async (connection: Knex) => {
      const { rows }: { rows: unknown[] } = await connection.raw(
        `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
      );
      return rows[0];
    };
    const seen: unknown[] = [];
    const slow = { name: 'app-slow', up: async (trx: Knex) => void seen.push(await limits(trx)) };
    // What sessions on PostgreSQL have anyway; the embedded database knows the settings too.
    await database.knex.raw(`set statement_timeout to '30s'; set lock_timeout to '20s'`);
    await migrate(database.knex, [...kitMigrations, slow], silentLogger());
    expect(seen).toEqual([{ statement: '0', lock: '0' }]);
    expect(await limits(database.knex)).toEqual({ statement: '30s', lock: '20s' });
    await database.knex('schema_migrations').where({ name: 'app-slow' }).delete();
  });

  it('refuses migrations in another order', async () => {
    if (!database.databaseUrl) return;
    const swapped = [{ name: 'app-001', up: async () => undefined }, ...kitMigrations];
    const opening = openDatabase(
      { databaseUrl: database.databaseUrl },
      { migrations: swapped, logger: silentLogger() },
    );
    await expect(opening).rejects.toThrow('out of order');
  });
});
