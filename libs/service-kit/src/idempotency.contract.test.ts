import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idempotently, removeExpiredIdempotencyRecords, type IdempotencyClaim } from './idempotency.ts';
import { kitMigrations } from './migrations.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations });
  await database.knex.raw('create table works (id bigint generated always as identity, key text)');
});
afterAll(() => database.close());

function claim(key: string, changes: Partial<IdempotencyClaim> = {}): IdempotencyClaim {
  return { owner: 'project:p', operationId: 'createThing', key, requestHash: 'hash', ...changes };
}

function work(claimed: IdempotencyClaim | undefined) {
  return inTransaction(database, (trx) =>
    idempotently(trx, claimed, async () => {
      const [row] = await trx('works')
        .insert({ key: claimed?.key ?? null })
        .returning('id');
      return { status: 201, headers: { location: `/works/${row.id}` }, body: { z: row.id, a: 'first' } };
    }),
  );
}

const count = async (key: string) => (await database.knex('works').where({ key })).length;

describe(`an idempotency key on ${testEngine()}`, () => {
  it('gets the first answer again, byte for byte, for the same request', async () => {
    const first = await work(claim('same'));
    expect(JSON.stringify(await work(claim('same')))).toBe(JSON.stringify(first));
    expect(await count('same')).toBe(1);
  });

  it('is refused for another request and changes nothing', async () => {
    await work(claim('other'));
    await expect(work(claim('other', { requestHash: 'another' }))).rejects.toMatchObject({
      code: 'idempotency-key-reused',
      status: 422,
    });
    expect(await count('other')).toBe(1);
  });

  it('is one of its project and operation only, and nothing without a key', async () => {
    for (const changes of [{}, { owner: 'project:q' }, { operationId: 'createOther' }])
      await work(claim('apart', changes));
    expect(await count('apart')).toBe(3);
    expect(await work(undefined)).not.toEqual(await work(undefined));
  });

  it('is free again when the work failed, since nothing was done', async () => {
    const failing = inTransaction(database, (trx) =>
      idempotently(trx, claim('failed'), async () => {
        await trx('works').insert({ key: 'failed' });
        throw new Error('no');
      }),
    );
    await expect(failing).rejects.toThrow('no');
    await work(claim('failed'));
    expect(await count('failed')).toBe(1);
  });

  it('does the work once for requests that race, and answers all of them alike', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => work(claim('race'))));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await count('race')).toBe(1);
  });

  it('is forgotten after it expires, by clean-up or by the next use', async () => {
    await work(claim('old'));
    await work(claim('older'));
    await database
      .knex('idempotency_records')
      .whereIn('key', ['old', 'older'])
      .update({ expires_at: '2020-01-01T00:00:00Z' });
    await work(claim('old', { requestHash: 'another' }));
    expect(await count('old')).toBe(2);
    expect(await removeExpiredIdempotencyRecords(database.knex)).toBe(1);
  });

  it('is cleaned up in small steps, until none that has expired is left', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) await work(claim(`expired-${key}`));
    await database
      .knex('idempotency_records')
      .whereLike('key', 'expired-%')
      .update({ expires_at: '2020-01-01T00:00:00Z' });
    await work(claim('kept'));
    const steps: unknown[] = [];
    const note = (query: unknown) => steps.push(query);
    database.knex.on('query', note);
    try {
      expect(await removeExpiredIdempotencyRecords(database.knex, 2)).toBe(5);
    } finally {
      database.knex.off('query', note);
    }
    expect(steps).toHaveLength(3);
    expect(await database.knex('idempotency_records').whereLike('key', 'expired-%')).toEqual([]);
    expect(await database.knex('idempotency_records').where({ key: 'kept' })).toHaveLength(1);
  });
});
