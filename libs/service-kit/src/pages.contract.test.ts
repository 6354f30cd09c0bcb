import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { kitMigrations } from './migrations.ts';
import { encodeOpaque } from './opaque.ts';
import { readPageRequest, selectPage, toPage } from './pages.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations });
  await database.knex.raw('create table items (id uuid primary key)');
});
afterAll(() => database.close());

const filters = { project: 'p' };

async function read(query: { limit?: number; pageToken?: string | undefined }) {
  const page = readPageRequest(query, filters);
  const rows: { id: string }[] = await selectPage(database.knex('items'), page);
  return toPage(rows, page, (row) => row.id);
}

describe(`pages on ${testEngine()}`, () => {
  it('cover a list once and in order, while items come and go', async () => {
    const ids = Array.from({ length: 25 }, () => uuidv7()).sort();
    await database.knex('items').insert(ids.map((id) => ({ id })));
    const seen: string[] = [];
    let pageToken: string | undefined;
    let pages = 0;
    do {
      const page = await read({ limit: 10, pageToken });
      seen.push(...page.items);
      pageToken = page.nextPageToken;
      if (pages++ === 0) {
        await database.knex('items').where({ id: ids[3] }).delete();
        await database.knex('items').insert({ id: '00000000-0000-7000-8000-000000000000' });
      }
    } while (pageToken !== undefined);
    expect(seen).toEqual(ids);
    expect(pages).toBe(3);
  });

  it('end without a token when the last page is just full', async () => {
    const total = (await database.knex('items').select('id')).length;
    expect(await read({ limit: total })).not.toHaveProperty('nextPageToken');
  });

  it('refuse a token that is made up, or from a list with other filters', async () => {
    const { nextPageToken = '' } = await read({ limit: 1 });
    for (const [token, under] of [
      [nextPageToken, { project: 'q' }],
      ['nonsense', filters],
      [encodeOpaque({ a: "'; drop table items", f: 'x' }), filters],
    ] as const) {
      expect(() => readPageRequest({ pageToken: token }, under)).toThrow('invalid-page-token');
    }
    expect(
      readPageRequest({ pageToken: nextPageToken }, { ...filters, name: undefined }).after,
    ).toBeDefined();
  });
});
