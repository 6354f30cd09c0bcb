import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appendEvents, forgetEvents, type NewEvent } from './events.ts';
import { currentCursor } from './event-feed.ts';
import { listen, type Listener } from './server.ts';
import { fixtureApp, fixtureHandlers, fixtureMigrations } from './testing/fixture-api.ts';
import {
  mintTokens,
  openStream,
  testDatabase,
  testEngine,
  type StreamReader,
  type TestDatabase,
  type TestIssuer,
} from './testing/index.ts';
import { inTransaction } from './transactions.ts';

const projectId = '019a0000-0000-7000-8000-00000000aaaa';
const audience = 'network';

let database: TestDatabase;
let issuer: TestIssuer;
let stopping: AbortController;
let listener: Listener;
let headers: { authorization: string };
const open: StreamReader[] = [];

beforeAll(async () => {
  database = await testDatabase({ migrations: fixtureMigrations });
  issuer = await mintTokens();
  headers = { authorization: `Bearer ${await issuer.userToken({ projectId, audience })}` };
  await serve();
});
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.close();
});
afterAll(async () => {
  await listener.close(0);
  await database.close();
});

async function serve(): Promise<void> {
  stopping = new AbortController();
  const { app } = await fixtureApp(database, {
    auth: issuer.authenticator(audience),
    handlers: fixtureHandlers(database, { idleSeconds: 0.3 }),
    stopping: stopping.signal,
  });
  listener = await listen(app, { host: '127.0.0.1', port: 0 });
}

function event(resourceId: string, changes: Partial<NewEvent> = {}): NewEvent {
  return { projectId, resourceType: 'port', resourceId, revision: 1, change: 'updated', ...changes };
}
const append = (...events: NewEvent[]) => inTransaction(database, (trx) => appendEvents(trx, events));
const cursorNow = () => currentCursor(database.knex);

async function follow(query = '', more: Record<string, string> = {}): Promise<StreamReader> {
  const reader = await openStream(`${listener.url}/v1/events${query}`, { ...headers, ...more });
  open.push(reader);
  return reader;
}

async function idsOf(reader: StreamReader, count: number): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  while (ids.length < count) {
    const message = await reader.nextEvent();
    ids.push(message && JSON.parse(message.data).resourceId);
  }
  return ids;
}

describe(`a stream of events on ${testEngine()}`, () => {
  it('gives each event with its cursor, its type and change, and its JSON, with the headers of every answer', async () => {
    const cursor = await cursorNow();
    await append(event('a', { data: { text: 'line\nbreak' } }));
    const reader = await follow(`?cursor=${cursor}`);
    expect(reader.response.headers.get('cache-control')).toBe('no-store');
    expect(reader.response.headers.get('x-content-type-options')).toBe('nosniff');
    const message = await reader.next();
    expect(message).toMatchObject({ id: await cursorNow(), event: 'port.updated' });
    expect(JSON.parse(message?.data ?? '')).toEqual({ resourceId: 'a', data: { text: 'line\nbreak' } });
    await append(event('b', { resourceType: 'network', change: 'created' }));
    expect(await reader.nextEvent()).toMatchObject({ event: 'network.created' });
  });

  it('begins now without a cursor, at once with a bookmark to come back to', async () => {
    await append(event('before'));
    const reader = await follow();
    const bookmark = await reader.next();
    expect(bookmark).toEqual({
      id: await cursorNow(),
      event: 'bookmark',
      data: JSON.stringify({ cursor: await cursorNow() }),
    });
    await append(event('after'));
    expect(await idsOf(reader, 1)).toEqual(['after']);
  });

  it('goes on behind Last-Event-ID, without a gap and without a repetition, wherever it was cut', async () => {
    const cursor = await cursorNow();
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    for (const name of names) await append(event(name));
    const seen: string[] = [];
    let last = cursor;
    while (seen.length < names.length) {
      const reader = await follow(`?cursor=${cursor}`, { 'last-event-id': last });
      for (let taken = 0; taken < 4 && seen.length < names.length; taken++) {
        const message = await reader.nextEvent();
        seen.push(JSON.parse(message?.data ?? '{}').resourceId);
        last = message?.id ?? last;
      }
      await reader.close();
    }
    expect(seen).toEqual(names);
  });

  it('gives bookmarks while nothing comes, past what the filter leaves out', async () => {
    const reader = await follow('?resourceType=network');
    const first = await reader.next();
    await append(event('left out'), event('and this'));
    const moved = await cursorNow();
    expect(moved).not.toBe(first?.id);
    for (let id = first?.id; id !== moved;) {
      const message = await reader.next();
      expect(message?.event).toBe('bookmark');
      id = message?.id;
    }
    await append(event('wanted', { resourceType: 'network' }));
    expect(await idsOf(reader, 1)).toEqual(['wanted']);
  });

  it('is a problem like any other when the cursor is wrong', async () => {
    const cursor = await cursorNow();
    await expect(follow('?cursor=nonsense')).rejects.toThrow(/400 .*invalid-cursor/);
    await append(event('x'), event('y'));
    await forgetEvents(database.knex, '2999-01-01T00:00:00Z');
    await expect(follow(`?cursor=${cursor}`)).rejects.toThrow(/410 .*events-compacted/);
    await expect(follow('', { 'last-event-id': cursor })).rejects.toThrow(/410 .*events-compacted/);
  });

  it('is a list for those who do not ask for a stream', async () => {
    const cursor = await cursorNow();
    await append(event('listed'));
    for (const accept of ['*/*', 'application/json', 'application/json, text/event-stream;q=0.5']) {
      const answer = await fetch(`${listener.url}/v1/events?cursor=${cursor}`, {
        headers: { ...headers, accept },
      });
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await answer.json()).toEqual({
        items: [{ resourceId: 'listed' }],
        nextCursor: await cursorNow(),
      });
    }
  });

  it('ends with a problem when the token ends', async () => {
    const token = await issuer.userToken({ projectId, audience, expiresInSeconds: 1 });
    const reader = await follow('', { authorization: `Bearer ${token}` });
    const problem = await reader.nextEvent();
    expect(problem).toMatchObject({ id: undefined, event: 'problem' });
    expect(JSON.parse(problem?.data ?? '')).toMatchObject({ code: 'unauthenticated', status: 401 });
    expect(await reader.next()).toBeUndefined();
  });

  it('ends with a problem when its place is compacted away under it', async () => {
    const reader = await follow('?resourceType=nothing-of-it');
    await reader.next();
    await append(event('x'));
    await database.knex('event_horizon').update({ forgotten_through: 1e12 });
    try {
      const problem = await reader.nextEvent();
      expect(JSON.parse(problem?.data ?? '')).toMatchObject({ code: 'events-compacted', status: 410 });
      expect(await reader.next()).toBeUndefined();
    } finally {
      await database.knex('event_horizon').update({ forgotten_through: 0 });
    }
  });

  it('makes a slow reader wait, not the process remember, and loses it nothing', async () => {
    const cursor = await cursorNow();
    const count = 3_000;
    const data = { padding: 'x'.repeat(5_000) };
    for (let start = 0; start < count; start += 500)
      await append(...Array.from({ length: 500 }, (_, index) => event(`s${start + index}`, { data })));
    let looks = 0;
    const note = (_answer: unknown, { sql }: { sql: string }) => {
      if (sql.includes('event_horizon')) looks++;
    };
    database.knex.on('query-response', note);
    const { port } = new URL(listener.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      socket.write(
        `GET /v1/events?cursor=${cursor} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: ${headers.authorization}\r\n\r\n`,
      );
      // Nobody reads: it looks until the buffers on the way are full (some MiB of the kernel's), and then no more.
      let before = -1;
      await expect
        .poll(() => [before, (before = looks)], { interval: 400, timeout: 20_000 })
        .toSatisfy(([then, now]: number[]) => then === now && Number(now) > 0);
      expect(looks).toBeLessThan(count / 100);
      let text = '';
      socket.on('data', (piece) => (text += piece.toString('latin1')));
      await expect.poll(() => text.includes(`"s${count - 1}"`), { timeout: 30_000 }).toBe(true);
      const seen = [...text.matchAll(/"resourceId":"(s\d+)"/g)].map(([, id]) => id);
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => `s${index}`));
    } finally {
      database.knex.off('query-response', note);
      socket.destroy();
    }
  });

  it('ends when the process stops, cleanly and at once, as a long poll does', async () => {
    const readers = [await follow(), await follow('?resourceType=network')];
    for (const reader of readers) await reader.next();
    const hasArrived = once(listener.server, 'request');
    const polling = fetch(`${listener.url}/v1/events?waitSeconds=50`, { headers });
    await hasArrived;
    const startedAt = performance.now();
    stopping.abort();
    await listener.close(10_000);
    for (const reader of readers) expect(await reader.nextEvent()).toBeUndefined();
    expect((await polling).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await serve();
  });
});
