import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { currentCursor, readEvents } from './event-feed.ts';
import type { EventFilter } from './event-filter.ts';
import { appendEvents, type NewEvent } from './events.ts';
import { kitMigrations } from './migrations.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

const project = '019a0000-0000-7000-8000-00000000aaaa';
const other = '019a0000-0000-7000-8000-00000000bbbb';

let database: TestDatabase;
let cursor: string;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations, poolSize: 8 });
  await database.knex.raw('create table members (host text not null, team text not null)');
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.knex('members').delete();
  cursor = await currentCursor(database.knex);
});

function event(resourceId: string, changes: Partial<NewEvent> = {}): NewEvent {
  return { projectId: project, resourceType: 'port', resourceId, revision: 1, change: 'updated', ...changes };
}
const append = (...events: NewEvent[]) => inTransaction(database, (trx) => appendEvents(trx, events));

/** What a host may read: its own events, and those of the teams that it is in. */
const audiencesOf = (host: string): EventFilter => ({
  audiences: {
    query: `select ?::text union all select 'team:' || team from members where host = ?`,
    bindings: [host, host],
  },
});

async function read(filter: EventFilter, from = cursor) {
  const { items, nextCursor } = await readEvents(database, { filter, cursor: from });
  return { ids: items.map(({ resourceId }) => resourceId), nextCursor };
}
const idsOf = async (filter: EventFilter) => (await read(filter)).ids;

describe(`a filter of the feed on ${testEngine()}`, () => {
  it('narrows by types and by ids of resources, both together, and by nothing at all', async () => {
    await append(
      event('p1'),
      event('p2'),
      event('n1', { resourceType: 'network' }),
      event('s1', { resourceType: 'subnet' }),
      event('p1', { projectId: other }),
    );
    expect(await idsOf({ project })).toEqual(['p1', 'p2', 'n1', 's1']);
    expect(await idsOf({ project, resourceTypes: ['port', 'network'] })).toEqual(['p1', 'p2', 'n1']);
    expect(await idsOf({ project, resourceIds: ['p1', 's1'] })).toEqual(['p1', 's1']);
    expect(await idsOf({ project, resourceTypes: ['port'], resourceIds: ['p1', 's1'] })).toEqual(['p1']);
    expect(await idsOf({ project, resourceTypes: [] })).toEqual([]);
    expect(await idsOf({ project: other, resourceIds: ['p2', 'p1'] })).toEqual(['p1']);
  });

  it("gives an operator every project's events, and none that are for southbound readers", async () => {
    await append(event('a'), event('b', { projectId: other }), event('c', { audience: 'host-a' }));
    expect(await idsOf({ everyProject: true })).toEqual(['a', 'b']);
    expect(await idsOf({ everyProject: true, resourceIds: ['b', 'c'] })).toEqual(['b']);
    expect(await idsOf({ everything: true })).toEqual(['a', 'b', 'c']);
  });

  it('moves the cursor past what it leaves out', async () => {
    await append(...Array.from({ length: 20 }, (_, index) => event(`x${index}`)));
    const { ids, nextCursor } = await read({ project, resourceTypes: ['network'] });
    expect(ids).toEqual([]);
    expect(nextCursor).toBe(await currentCursor(database.knex));
  });

  it('reads on through a long run of what it leaves out, in statements that each look at a part', async () => {
    await append(event('first'));
    await database.knex.raw(
      `insert into events (project_id, resource_type, resource_id, revision, change)
       select ?, 'noise', 'x', 1, 'updated' from generate_series(1, 120000)`,
      [other],
    );
    await append(event('last'));
    const statements: unknown[] = [];
    const note = ({ sql }: { sql: string }) => sql.includes('event_horizon') && statements.push(sql);
    database.knex.on('query', note);
    try {
      const first = await read({ project, resourceIds: ['last'] });
      expect(first.ids).toEqual(['last']);
    } finally {
      database.knex.off('query', note);
    }
    expect(statements.length).toBeGreaterThan(2);
  });

  it('asks for the audiences in the very statement that reads their events', async () => {
    await append(event('before', { audience: 'team:red' }));
    expect(await idsOf(audiencesOf('host-a'))).toEqual([]);
    await inTransaction(database, async (trx) => {
      await trx('members').insert({ host: 'host-a', team: 'red' });
      await appendEvents(trx, [event('joined', { audience: 'host-a' })]);
    });
    await append(event('after', { audience: 'team:red' }), event('blue', { audience: 'team:blue' }));
    // A member now, so also of what was told before: harmless, and nothing is passed by.
    expect(await idsOf(audiencesOf('host-a'))).toEqual(['before', 'joined', 'after']);
    expect(await idsOf(audiencesOf('host-b'))).toEqual([]);
  });

  it('misses nothing of an audience that is joined while the reader waits', async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for (let from = cursor; !stop.signal.aborted;) {
        const batch = await readEvents(database, {
          filter: audiencesOf('host-a'),
          cursor: from,
          waitSeconds: 50,
          signal: stop.signal,
        });
        seen.push(...batch.items.map(({ resourceId }) => resourceId));
        from = batch.nextCursor;
      }
    })();
    for (let round = 0; round < 10; round++) {
      await inTransaction(database, async (trx) => {
        await trx('members').insert({ host: 'host-a', team: `t${round}` });
        await appendEvents(trx, [event(`joined-${round}`, { audience: 'host-a' })]);
      });
      await append(event(`told-${round}`, { audience: `team:t${round}` }));
      // Wakes by the audience's own key: quicker than the safety net, which the embedded database has none of.
      const startedAt = performance.now();
      await expect.poll(() => seen, { timeout: 20_000 }).toContain(`told-${round}`);
      expect(performance.now() - startedAt).toBeLessThan(4_000);
    }
    stop.abort();
    await following;
    expect(seen).toEqual(
      Array.from({ length: 10 }, (_, round) => [`joined-${round}`, `told-${round}`]).flat(),
    );
  });

  it('lets readers that wake together look in turns, so that requests find a connection', async () => {
    const at = await currentCursor(database.knex);
    let looking = 0;
    let most = 0;
    const start = ({ sql }: { sql: string }) => {
      if (sql.includes('event_horizon')) most = Math.max(most, ++looking);
    };
    const end = (_answer: unknown, { sql }: { sql: string }) => {
      if (sql.includes('event_horizon')) looking--;
    };
    database.knex.on('query', start).on('query-response', end);
    try {
      const readers = Array.from({ length: 40 }, () =>
        readEvents(database, { filter: { project }, cursor: at, waitSeconds: 30 }),
      );
      await append(event('wake'));
      for (const { items } of await Promise.all(readers)) expect(items).toHaveLength(1);
    } finally {
      database.knex.off('query', start).off('query-response', end);
    }
    expect(most).toBeLessThanOrEqual(2);
  });
});
