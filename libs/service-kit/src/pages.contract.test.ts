import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { kitMigrations } from './migrations.ts';
import { encodeOpaque } from './opaque.ts';
import { pageClauses, readPageRequest, selectPage, sortOrders, toPage, type SortOrder } from './pages.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations });
  await database.knex.raw('create table items (id uuid primary key)');
  await database.knex.raw('create table named (id uuid primary key, name text collate "C" not null)');
  await database.knex.raw('create index named_name on named (name, id)');
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

interface Named {
  readonly id: string;
  readonly name: string;
}

/** All of a list, page by page; `between` runs after the first one. */
async function readAll(
  sort: SortOrder,
  readPage: (page: ReturnType<typeof readPageRequest>) => PromiseLike<Named[]>,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Named[]> {
  const seen: Named[] = [];
  let pageToken: string | undefined;
  do {
    const page = readPageRequest({ limit: 7, sort, pageToken }, filters);
    const { items, nextPageToken } = toPage(await readPage(page), page, (row) => row);
    if (seen.length === 0) await between();
    seen.push(...items);
    pageToken = nextPageToken;
  } while (pageToken !== undefined);
  return seen;
}

const byQuery = (page: ReturnType<typeof readPageRequest>): PromiseLike<Named[]> =>
  selectPage(database.knex<Named>('named').select('id', 'name'), page, 'named.id', 'named.name');

const byHand = async (page: ReturnType<typeof readPageRequest>): Promise<Named[]> => {
  const { condition, order, bindings } = pageClauses(page, { id: 'n.id', name: 'n.name' });
  const sql = `select n.* from named n where length(n.name) < :longest and ${condition} order by ${order} limit :pageLimit`;
  const { rows }: { rows: Named[] } = await database.knex.raw(sql, { ...bindings, longest: 1000 });
  return rows;
};

/** As `collate "C"` has it: by code points, whatever the language. */
function compareNamed(one: Named, two: Named): number {
  return (
    Buffer.compare(Buffer.from(one.name), Buffer.from(two.name)) ||
    Buffer.compare(Buffer.from(one.id), Buffer.from(two.id))
  );
}

describe(`sorted pages on ${testEngine()}`, () => {
  const names = [
    '',
    'a',
    'a',
    'a',
    'B',
    'b',
    'ä',
    'z',
    '\u{1f300}',
    '\u{ff5e}',
    "it's",
    'a"\\b',
    '%',
    'x'.repeat(255),
  ];
  const longest = '\u{1f300}'.repeat(255);
  let rows: Named[];
  beforeEach(async () => {
    await database.knex('named').delete();
    rows = [...names, ...names, longest, longest].map((name) => ({ id: uuidv7(), name }));
    await database.knex('named').insert(rows.toSorted(() => Math.random() - 0.5));
  });

  const expected = (sort: SortOrder) => {
    const sorted = sort.endsWith('name') ? rows.toSorted(compareNamed) : rows;
    return sort.startsWith('-') ? sorted.toReversed() : sorted;
  };

  it.each(sortOrders)('by %s come once and in order, built or written by hand', async (sort) => {
    expect(await readAll(sort, byQuery)).toEqual(expected(sort));
    expect(await readAll(sort, byHand)).toEqual(expected(sort));
  });

  it.each(sortOrders)('by %s stay so while items come, go and are renamed', async (sort) => {
    const gone = expected(sort)[10];
    const renamed = expected(sort)[2];
    const seen = await readAll(sort, byQuery, async () => {
      await database.knex('named').where({ id: gone?.id }).delete();
      await database
        .knex('named')
        .where({ id: renamed?.id })
        .update({ name: expected(sort)[1]?.name });
      await database.knex('named').insert({ id: uuidv7(), name: 'm' });
    });
    const known = new Set(rows.map(({ id }) => id));
    const old = seen.filter(({ id }) => known.has(id));
    expect(old).toEqual(expected(sort).filter(({ id }) => id !== gone?.id));
    expect(seen.length - old.length).toBeLessThanOrEqual(1);
  });

  it('refuse a token of another order, and a name that no column can hold', () => {
    const id = uuidv7();
    const digestOf = (sort: SortOrder) => readPageRequest({ sort }, filters).filterDigest;
    const read = (token: object, sort: SortOrder) => () =>
      readPageRequest({ sort, pageToken: encodeOpaque(token) }, filters);
    expect(read({ a: id, n: 'x', f: digestOf('name') }, 'name')).not.toThrow();
    expect(read({ a: id, n: 'x', f: digestOf('name') }, '-name')).toThrow('invalid-page-token');
    expect(read({ a: id, f: digestOf('createdAt') }, 'name')).toThrow('invalid-page-token');
    expect(read({ a: id, f: digestOf('name') }, 'name')).toThrow('invalid-page-token');
    expect(read({ a: id, n: 'a\u0000b', f: digestOf('name') }, 'name')).toThrow('invalid-page-token');
    expect(read({ a: id, n: 5, f: digestOf('name') }, 'name')).toThrow('invalid-page-token');
  });

  it('make tokens that fit where the document lets them, whatever is in a name', () => {
    const page = readPageRequest({ limit: 1, sort: 'name' }, filters);
    for (const name of [longest, '"'.repeat(255), '\u0001'.repeat(255)]) {
      const { nextPageToken = '' } = toPage(
        [
          { id: uuidv7(), name },
          { id: uuidv7(), name },
        ],
        page,
        () => '',
      );
      expect(nextPageToken.length).toBeLessThanOrEqual(3000);
      expect(readPageRequest({ sort: 'name', pageToken: nextPageToken }, filters).afterName).toBe(name);
    }
  });

  it('cost no more in the middle of a long list than at its start, in either direction', async () => {
    await database.knex.raw(
      `insert into named select gen_random_uuid(), 'n' || lpad(n::text, 6, '0') from generate_series(1, 20000) n`,
    );
    await database.knex.raw('analyze named');
    for (const sort of ['name', '-name'] as const) {
      const { filterDigest } = readPageRequest({ sort }, filters);
      const page = { limit: 50, sort, after: uuidv7(), afterName: 'n010000', filterDigest };
      const { sql, bindings } = byQueryOf(page);
      const { rows: plan }: { rows: Record<string, string>[] } = await database.knex.raw(
        `explain (analyze, timing off) ${sql}`,
        bindings,
      );
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toMatch(/named_name/);
      expect(text).not.toMatch(/Sort|Seq Scan|Rows Removed/);
    }
  });
});

function byQueryOf(page: Parameters<typeof pageClauses>[0]) {
  const { sql, bindings } = selectPage(database.knex<Named>('named').select('id', 'name'), page).toSQL();
  return { sql, bindings: [...bindings] };
}
