import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDatabase, type Database } from './database.ts';
import { eventChannel } from './event-signals.ts';
import { raiseEpoch } from './epoch.ts';
import { currentCursor, readEvents, type FeedEvent } from './event-feed.ts';
import { appendEvents, forgetEvents, type NewEvent } from './events.ts';
import { silentLogger } from './logger.ts';
import { kitMigrations } from './migrations.ts';
import { encodeOpaque } from './opaque.ts';
import { testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

const project = '019a0000-0000-7000-8000-00000000aaaa';
const other = '019a0000-0000-7000-8000-00000000bbbb';
const everything = { everything: true } as const;

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations: kitMigrations, poolSize: 20 });
});
afterAll(() => database.close());

let cursor: string;
beforeEach(async () => {
  cursor = await currentCursor(database.knex);
});

function event(resourceId: string, changes: Partial<NewEvent> = {}): NewEvent {
  return { projectId: project, resourceType: 'port', resourceId, revision: 1, change: 'updated', ...changes };
}

/** Reads the feed; `hasLooked` resolves when the reader, having subscribed, has found nothing and begins to wait. */
function watched(readFrom: Database, options: Parameters<typeof readEvents>[1]) {
  const looked = Promise.withResolvers<void>();
  const note = (_answer: unknown, { sql }: { readonly sql: string }) => {
    if (sql.includes('event_horizon')) looked.resolve();
  };
  readFrom.knex.on('query-response', note);
  const reading = readEvents(readFrom, options).finally(() => readFrom.knex.off('query-response', note));
  return { reading, hasLooked: looked.promise };
}

/** Resolves when a replica hears what others announce: what it has not heard by then, it would hear of only by its safety net. */
async function isListening({ signals }: Database): Promise<void> {
  const key = 'project:019a0000-0000-7000-8000-00000000cccc';
  await vi.waitUntil(
    async () => {
      const { woken, cancel } = signals.subscribe([key]);
      try {
        await database.knex.raw('select pg_notify(?, ?)', [eventChannel, key]);
        return await Promise.race([woken.then(() => true), delay(200).then(() => false)]);
      } finally {
        cancel();
      }
    },
    { timeout: 10_000 },
  );
}

const append = (...events: NewEvent[]) => inTransaction(database, (trx) => appendEvents(trx, events));
const idsOf = (items: readonly FeedEvent[]) => items.map((item) => item.resourceId);

describe(`the event feed on ${testEngine()}`, () => {
  it('gives what was appended behind the cursor, oldest first, and goes on from its answer', async () => {
    await append(event('a', { data: { name: 'x' } }), event('b'));
    await append(event('c'));
    const first = await readEvents(database, { filter: everything, cursor, limit: 2 });
    expect(idsOf(first.items)).toEqual(['a', 'b']);
    expect(first.items[0]).toMatchObject({
      projectId: project,
      revision: 1,
      change: 'updated',
      data: { name: 'x' },
    });
    expect(first.items[0]?.occurredAt).toMatch(/^\d{4}-.*Z$/);
    const second = await readEvents(database, { filter: everything, cursor: first.nextCursor });
    expect(idsOf(second.items)).toEqual(['c']);
    expect((await readEvents(database, { filter: everything, cursor: second.nextCursor })).items).toEqual([]);
  });

  it("shows a project its own events and an audience its own, never each other's", async () => {
    await append(event('mine'), event('theirs', { projectId: other }), event('host', { audience: 'host-a' }));
    const read = async (filter: Parameters<typeof readEvents>[1]['filter']) =>
      idsOf((await readEvents(database, { filter, cursor })).items);
    expect(await read({ project })).toEqual(['mine']);
    expect(await read({ project: other })).toEqual(['theirs']);
    expect(await read({ audiences: ['host-a', 'host-b'] })).toEqual(['host']);
    expect(await read({ audiences: ['host-b'] })).toEqual([]);
  });

  it('tells nothing of a transaction that rolled back', async () => {
    const failing = inTransaction(database, async (trx) => {
      await appendEvents(trx, [event('lost')]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await readEvents(database, { filter: everything, cursor })).items).toEqual([]);
  });

  it('starts at now without a cursor, and wakes a waiting reader by a commit at once', async () => {
    await append(event('before'));
    const { reading: waiting, hasLooked } = watched(database, { filter: { project }, waitSeconds: 20 });
    await hasLooked;
    const startedAt = performance.now();
    await append(event('foreign', { projectId: other }));
    await append(event('after'));
    expect(idsOf((await waiting).items)).toEqual(['after']);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('ends a wait when its time is over or its signal says so, with a cursor to go on from', async () => {
    const late = await readEvents(database, { filter: everything, cursor, waitSeconds: 0.2 });
    expect(late.items).toEqual([]);
    const abort = new AbortController();
    const { reading: waiting, hasLooked } = watched(database, {
      filter: everything,
      cursor,
      waitSeconds: 50,
      signal: abort.signal,
    });
    await hasLooked;
    abort.abort();
    expect((await waiting).items).toEqual([]);
    await append(event('next'));
    expect(
      idsOf((await readEvents(database, { filter: everything, cursor: late.nextCursor })).items),
    ).toEqual(['next']);
  });

  it('refuses a cursor that is made up, beyond the end, compacted, or from before a restore', async () => {
    await append(event('x'), event('y'));
    const refused = (text: string, code = 'invalid-cursor', status = 400) =>
      expect(readEvents(database, { filter: everything, cursor: text })).rejects.toMatchObject({
        code,
        status,
      });
    const { database_id: id, epoch } = await database.knex('database_identity').first();
    const made = (position: unknown) => encodeOpaque({ d: id.slice(0, 8), e: epoch, p: position });
    for (const text of ['', 'nonsense', encodeOpaque([]), made(-1), made('1'), made(1.5), made(1e12)])
      await refused(text);
    await forgetEvents(database.knex, '2999-01-01T00:00:00Z');
    await refused(cursor, 'events-compacted', 410);
    const current = await currentCursor(database.knex);
    expect((await readEvents(database, { filter: everything, cursor: current })).items).toEqual([]);
    await raiseEpoch(database.knex);
    await refused(current);
  });

  it('forgets old events in small steps, until none is left but the newest', async () => {
    await append(...Array.from({ length: 7 }, (_, index) => event(`old-${index}`)));
    const steps: unknown[] = [];
    const note = (query: unknown) => steps.push(query);
    database.knex.on('query', note);
    try {
      await forgetEvents(database.knex, '2999-01-01T00:00:00Z', 2);
    } finally {
      database.knex.off('query', note);
    }
    expect(await database.knex('events').pluck('resource_id')).toEqual(['old-6']);
    expect(steps.length).toBeGreaterThan(3);
    const { forgotten_through: forgotten } = await database.knex('event_horizon').first();
    expect(forgotten).toBe((await database.knex('events').first('position')).position - 1);
  });

  it(
    'loses nothing and keeps the order of commits while many write at once',
    { timeout: 60_000 },
    async () => {
      const writers = testEngine() === 'postgres' ? 10 : 4;
      const rounds = 15;
      let isOver = false;
      // One that is always at the end, where a late lower position would be missed, and one that lags in small batches.
      const follow = async (limit: number) => {
        const seen: FeedEvent[] = [];
        for (let from = cursor; ;) {
          const wasOver = isOver;
          const batch = await readEvents(database, {
            filter: everything,
            cursor: from,
            waitSeconds: 0.05,
            limit,
          });
          seen.push(...batch.items);
          from = batch.nextCursor;
          if (wasOver && batch.items.length === 0) return seen;
        }
      };
      const pause = (trx: { raw(sql: string, values: number[]): PromiseLike<unknown> }) =>
        Math.random() < 0.5 ? trx.raw('select pg_sleep(?)', [Math.random() / 200]) : Promise.resolve();
      const write = async (writer: number) => {
        for (let round = 1; round <= rounds; round++) {
          const rollsBack = Math.random() < 0.1;
          await inTransaction(database, async (trx) => {
            await pause(trx);
            const events = [
              event(`w${writer}`, { revision: round }),
              event(`w${writer}-twin`, { revision: round }),
            ];
            await appendEvents(trx, rollsBack ? [event('ghost')] : events);
            // Delays after the positions are given out are what loses events in a naive feed.
            await pause(trx);
            if (rollsBack) throw new Error('rolled back on purpose');
          }).catch((error: unknown) => {
            if (!rollsBack) throw error;
            round--;
          });
        }
      };
      const following = Promise.all([follow(1000), follow(7)]);
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      isOver = true;
      for (const seen of await following) {
        expect(seen.length).toBe(writers * rounds * 2);
        const positions = seen.map((item) => item.position);
        expect(positions).toEqual(positions.toSorted((one, other) => one - other));
        for (const name of new Set(seen.map((item) => item.resourceId))) {
          const revisions = seen.filter((item) => item.resourceId === name).map((item) => item.revision);
          expect(revisions).toEqual(Array.from({ length: rounds }, (_, index) => index + 1));
        }
      }
    },
  );

  // The embedded database has no replicas.
  const onPostgres = testEngine() === 'postgres' ? it : () => undefined;
  onPostgres('gives a reader at the end also what got its position first and committed last', async () => {
    const hasAppended = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const slow = inTransaction(database, async (trx) => {
      await appendEvents(trx, [event('slow')]);
      hasAppended.resolve();
      await mayCommit.promise;
    });
    await hasAppended.promise;
    let isCommitted = false;
    const quick = append(event('quick')).then(() => {
      isCommitted = true;
    });
    const isWaiting = async () => {
      const waiting = database.knex('pg_locks').where({ locktype: 'advisory', granted: false });
      const rows: unknown[] = await waiting.select('pid');
      return rows.length > 0;
    };
    await vi.waitUntil(async () => isCommitted || (await isWaiting()), { timeout: 10_000 });
    const meanwhile = await readEvents(database, { filter: everything, cursor });
    mayCommit.resolve();
    await Promise.all([slow, quick]);
    const after = await readEvents(database, { filter: everything, cursor: meanwhile.nextCursor });
    expect(idsOf([...meanwhile.items, ...after.items])).toEqual(['slow', 'quick']);
  });

  onPostgres('wakes readers of another replica', async () => {
    const replica = await openDatabase(
      { databaseUrl: database.databaseUrl ?? '' },
      { migrations: kitMigrations, logger: silentLogger() },
    );
    try {
      const { reading: waiting, hasLooked } = watched(replica, {
        filter: { project },
        cursor: await currentCursor(replica.knex),
        waitSeconds: 30,
      });
      await Promise.all([hasLooked, isListening(replica)]);
      const startedAt = performance.now();
      await append(event('from-afar'));
      expect(idsOf((await waiting).items)).toEqual(['from-afar']);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    } finally {
      await replica.close();
    }
  });
});
