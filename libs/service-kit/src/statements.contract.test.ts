import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kitMigrations } from './migrations.ts';
import { queryRows, queryWideRows } from './statements.ts';
import { testDatabase, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations, poolSize: 1 });
  await database.knex.raw('create table things (id integer primary key, name text)');
  await database.knex.raw("insert into things select id, 'n' || id from generate_series(1, 10) as id");
});
afterAll(() => database.close());

describe('a statement', () => {
  it('takes values by name, the same one in places of different types, and arrays', async () => {
    const sql = `select id, cast(:id as text) as text, cast('1'::text as integer) as one
                 from things where id = :id or name = any(cast(:names as text[])) order by id`;
    expect(await queryRows(database.knex, sql, { id: 3, names: ['n5', "n'7", null] })).toEqual([
      { id: 3, text: '3', one: 1 },
      { id: 5, text: '3', one: 1 },
    ]);
  });

  it('gives wide rows in the same form and order', async () => {
    const sql = `select id, name, timestamptz '2026-02-03 04:05:06.7891+02' + make_interval(secs => id) as made,
                 null::timestamptz as never, jsonb_build_object('a', array[id]) as more
                 from things where id < :before order by id desc`;
    const wide = await queryWideRows<{ made: string; never: null }>(database.knex, sql, { before: 4 }, [
      'made',
      'never',
    ]);
    expect(wide).toEqual(await queryRows(database.knex, sql, { before: 4 }));
    expect(wide[0]).toMatchObject({ id: 3, made: '2026-02-03T02:05:09.789Z', never: null });
    expect(await queryWideRows<{ made: string }>(database.knex, sql, { before: 0 }, ['made'])).toEqual([]);
  });

  it('is prepared once on its connection', async () => {
    const sql = 'select name from things where id = :id';
    for (const id of [1, 2, 3]) await queryRows(database.knex, sql, { id });
    const { rows } = await database.knex.raw(
      "select name from pg_prepared_statements where statement = 'select name from things where id = $1'",
    );
    expect(rows).toHaveLength(1);
  });

  it('misses no value silently', async () => {
    await expect(queryRows(database.knex, 'select :there, :missing', { there: 1 })).rejects.toThrow(
      ':missing',
    );
  });

  it('runs in the transaction it is given, and not after its end', async () => {
    const late = await inTransaction(database, async (trx) => {
      await queryRows(trx, "insert into things values (:id, 'new')", { id: 99 });
      return trx;
    });
    expect(await queryRows(database.knex, 'select name from things where id = :id', { id: 99 })).toEqual([
      { name: 'new' },
    ]);
    await expect(queryRows(late, 'select 1')).rejects.toThrow('ended');
  });

  it('outlives a migration that changes what it gives, within a transaction and outside', async () => {
    const read = 'select * from things where id = :id';
    const readAgain = () => inTransaction(database, (trx) => queryRows(trx, read, { id: 1 }));
    await queryRows(database.knex, read, { id: 1 });
    await database.knex.raw('alter table things add column extra integer');
    expect(await queryRows(database.knex, read, { id: 1 })).toEqual([{ id: 1, name: 'n1', extra: null }]);
    await database.knex.raw('alter table things add column more integer');
    expect(await readAgain()).toEqual([{ id: 1, name: 'n1', extra: null, more: null }]);
  });
});
