import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from './database.ts';
import { readIdentity } from './epoch.ts';
import { currentCursor, readEvents } from './event-feed.ts';
import { eventChannel } from './event-signals.ts';
import { silentLogger } from './logger.ts';
import { listen, type Listener } from './server.ts';
import { fixtureApp, fixtureHandlers, fixtureMigrations } from './testing/fixture-api.ts';
import { mintTokens, openStream, testEngine, type TestIssuer } from './testing/index.ts';
import { makeTestCluster, postgresPrograms, type TestCluster } from './testing/test-cluster.ts';

const projectId = '019a0000-0000-7000-8000-00000000aaaa';
const isPossible = testEngine() === 'postgres' && postgresPrograms() !== undefined;

let cluster: TestCluster;
let issuer: TestIssuer;
let headers: { authorization: string };
const replicas: { database: Database; listener: Listener }[] = [];

beforeAll(async () => {
  if (!isPossible) return;
  cluster = makeTestCluster();
  await cluster.start();
  issuer = await mintTokens();
  headers = {
    authorization: `Bearer ${await issuer.userToken({ projectId, audience: 'network', roles: ['member'] })}`,
  };
});
beforeEach(async () => {
  if (isPossible) replicas.push(await serve(), await serve());
});
afterEach(async () => {
  for (const { listener, database } of replicas.splice(0)) {
    await listener.close(0);
    await database.close();
  }
});
afterAll(async () => {
  if (isPossible) await cluster.remove();
});

async function serve() {
  const database = await openDatabase(
    { databaseUrl: cluster.url, poolSize: 6 },
    { migrations: fixtureMigrations, logger: silentLogger() },
  );
  const { app } = await fixtureApp(database, {
    auth: issuer.authenticator('network'),
    handlers: fixtureHandlers(database, { idleSeconds: 0.3 }),
  });
  return { database, listener: await listen(app, { host: '127.0.0.1', port: 0 }) };
}

function replica(index: number) {
  const found = replicas[index % replicas.length];
  if (!found) throw new Error('there is no replica');
  return found;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly id?: string; readonly code?: string };
  readonly retryAfter: string | null;
}

async function ask(
  index: number,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(`${replica(index).listener.url}${path}`, {
    ...init,
    headers: { ...headers, ...init.headers },
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text === '' ? {} : JSON.parse(text),
    retryAfter: answer.headers.get('retry-after'),
  };
}

/** Clients that make things without end, each asking again with the same key until it gets an answer that is no 503. */
function startLoad(clients: number) {
  const made = new Map<string, string>();
  const wrong: Answer[] = [];
  const state = { isOver: false, refused: 0 };
  const work = async (client: number) => {
    for (let round = 0; !state.isOver; round++) {
      const name = `thing-${client}-${round}-${randomUUID().slice(0, 8)}`;
      const body = JSON.stringify({ name });
      const more = { 'idempotency-key': name, 'content-type': 'application/json' };
      for (;;) {
        const answer = await ask(client, '/v1/things', { method: 'POST', body, headers: more });
        if (answer.status === 201) {
          made.set(name, answer.body.id ?? '');
          break;
        }
        state.refused++;
        if (
          answer.status !== 503 ||
          answer.body.code !== 'service-unavailable' ||
          answer.retryAfter === null
        ) {
          wrong.push(answer);
          return;
        }
        await delay(20);
      }
      const list = await ask(client + 1, '/v1/things?limit=5');
      if (list.status !== 200 && (list.status !== 503 || list.retryAfter === null)) wrong.push(list);
    }
  };
  const working = Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  return { made, wrong, state, end: () => ((state.isOver = true), working) };
}

/** What a stream has told, until it is closed. */
async function record(index: number) {
  const { listener } = replica(index);
  const stream = await openStream(`${listener.url}/v1/events`, headers);
  await stream.next();
  const told: string[] = [];
  const reading = (async () => {
    for (;;) {
      const message = await stream.nextEvent();
      if (!message) return 'ended';
      told.push(JSON.parse(message.data).resourceId);
    }
  })().catch(() => 'closed');
  return { told, stream, reading };
}

describe.runIf(isPossible)('a service whose PostgreSQL falls over under load', () => {
  it(
    'refuses with 503 meanwhile, recovers by itself, and has kept what it said, feeds included',
    { timeout: 180_000 },
    async () => {
      const recorders = await Promise.all([record(0), record(1)]);
      const load = startLoad(8);
      for (let outage = 1; outage <= 2; outage++) {
        const enough = load.made.size + 20;
        await expect.poll(() => load.made.size, { timeout: 60_000 }).toBeGreaterThan(enough);
        const polling = ask(0, '/v1/events?waitSeconds=20&resourceType=no-such');
        await cluster.crash();
        const refused = load.state.refused + 20;
        await expect.poll(() => load.state.refused, { timeout: 60_000 }).toBeGreaterThan(refused);
        const ready = await ask(0, '/readyz');
        expect([ready.status, ready.body.code]).toEqual([503, 'service-unavailable']);
        await cluster.start();
        const served = load.made.size + 20;
        await expect.poll(() => load.made.size, { timeout: 60_000 }).toBeGreaterThan(served);
        expect([200, 503]).toContain((await polling).status);
      }
      await load.end();
      expect(load.wrong).toEqual([]);
      const { database } = replica(0);
      const stored: { id: string; name: string }[] = await database.knex('things').select('id', 'name');
      const byName = new Map(stored.map(({ id, name }) => [name, id]));
      for (const [name, id] of load.made) expect([name, byName.get(name)]).toEqual([name, id]);
      expect(byName.size).toBe(load.made.size);
      // Each stream went through both outages, and told of each thing once, in the order of the commits.
      const order: string[] = await database
        .knex('events')
        .where('project_id', projectId)
        .orderBy('position')
        .pluck('resource_id');
      for (const { told, stream, reading } of recorders) {
        await expect.poll(() => told.length, { timeout: 30_000 }).toBe(order.length);
        expect(told).toEqual(order);
        expect(stream.comments.length).toBeGreaterThan(0);
        await stream.close();
        await reading;
      }
      expect(await readIdentity(database.knex)).toMatchObject({ epoch: 1 });
    },
  );

  it(
    'hears other replicas again afterwards, without waiting for its safety net',
    { timeout: 120_000 },
    async () => {
      const { database } = replica(0);
      const key = `project:${randomUUID()}`;
      const hears = async () => {
        const { woken, cancel } = database.signals.subscribe([key]);
        try {
          await replica(1).database.knex.raw('select pg_notify(?, ?)', [eventChannel, key]);
          return await Promise.race([woken.then(() => true), delay(300).then(() => false)]);
        } catch {
          return false;
        } finally {
          cancel();
        }
      };
      await expect.poll(hears, { timeout: 30_000 }).toBe(true);
      await cluster.crash();
      await cluster.start();
      await expect.poll(hears, { timeout: 30_000 }).toBe(true);
    },
  );

  it(
    'has its epoch raised when a standby has taken over, for what was acknowledged may be lost',
    { timeout: 120_000 },
    async () => {
      const { database } = replica(0);
      const cursor = await currentCursor(database.knex);
      const { epoch } = await readIdentity(database.knex);
      await cluster.crash();
      await cluster.promote();
      await expect
        .poll(
          () =>
            Promise.all(
              replicas.map((one) =>
                one.database.ping().then(
                  () => 'ok',
                  () => 'away',
                ),
              ),
            ),
          {
            timeout: 30_000,
          },
        )
        .toEqual(['ok', 'ok']);
      expect(await readIdentity(database.knex)).toMatchObject({ epoch: epoch + 1 });
      await expect(readEvents(database, { filter: { everything: true }, cursor })).rejects.toThrow(
        'invalid-cursor',
      );
    },
  );
});
