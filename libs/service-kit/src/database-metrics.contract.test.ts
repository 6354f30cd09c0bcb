import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureDatabase } from './database-metrics.ts';
import { appendEvents } from './events.ts';
import { listen, type Listener } from './server.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { fixtureApp, fixtureMigrations } from './testing/fixture-api.ts';
import { mintTokens, openStream, testDatabase, testEngine, type TestDatabase } from './testing/index.ts';
import { inTransaction } from './transactions.ts';

const projectId = '019a0000-0000-7000-8000-00000000aaaa';

let database: TestDatabase;
let metrics: Metrics;
let listener: Listener;
let headers: { authorization: string };
beforeAll(async () => {
  database = await testDatabase({ migrations: fixtureMigrations });
  metrics = createMetrics({ defaults: false });
  measureDatabase(metrics, database);
  const issuer = await mintTokens();
  const { app } = await fixtureApp(database, { auth: issuer.authenticator('network'), metrics });
  listener = await listen(app, { host: '127.0.0.1', port: 0 });
  headers = { authorization: `Bearer ${await issuer.userToken({ projectId, audience: 'network' })}` };
});
afterAll(async () => {
  await listener.close(0);
  await database.close();
});

/** The value of a line such as `name{label="value"}`. */
async function valueOf(line: string): Promise<number> {
  const { text } = await supertest(listener.server).get('/metrics').expect(200);
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return Number(found?.split(' ').at(-1) ?? 0);
}

describe(`the metrics of a database on ${testEngine()}`, () => {
  it('count connections, transactions by their outcome, and tries that the database asked for', async () => {
    await expect.poll(() => valueOf('database_pool_connections{state="used"}')).toBe(0);
    expect(await valueOf('database_pool_connections{state="free"}')).toBeGreaterThan(0);
    expect(await valueOf('database_pool_awaited')).toBe(0);
    const waited = await valueOf('database_pool_wait_seconds_count');
    const committed = await valueOf('database_transaction_duration_seconds_count{outcome="committed"}');
    let runs = 0;
    await inTransaction(database, async (trx) => {
      if (++runs < 3) await trx.raw(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    });
    expect(await valueOf('database_transaction_duration_seconds_count{outcome="committed"}')).toBe(
      committed + 1,
    );
    expect(await valueOf('database_transaction_duration_seconds_count{outcome="rolled-back"}')).toBe(2);
    expect(await valueOf('database_transaction_retries_total{reason="40001"}')).toBe(2);
    expect(await valueOf('database_pool_wait_seconds_count')).toBe(waited + 3);
  });

  it('count events that were committed, and how late those who follow are given them', async () => {
    const past = await valueOf('event_delivery_seconds_count');
    const appended = await valueOf('events_appended_total');
    const tell = (count: number) =>
      inTransaction(database, (trx) =>
        appendEvents(
          trx,
          Array.from({ length: count }, () => ({
            projectId,
            resourceType: 'port',
            resourceId: 'x',
            revision: 1,
            change: 'created',
          })),
        ),
      );
    await tell(5);
    const lost = inTransaction(database, async (trx) => {
      await appendEvents(trx, [
        { projectId, resourceType: 'port', resourceId: 'y', revision: 1, change: 'created' },
      ]);
      throw new Error('no');
    });
    await expect(lost).rejects.toThrow('no');
    expect(await valueOf('events_appended_total')).toBe(appended + 5);
    const stream = await openStream(`${listener.url}/v1/events`, headers);
    try {
      await stream.next();
      await tell(3);
      for (let count = 0; count < 3; count++) await stream.nextEvent();
    } finally {
      await stream.close();
    }
    expect(await valueOf('event_delivery_seconds_count')).toBe(past + 3);
    expect(await valueOf('event_delivery_seconds_sum')).toBeLessThan(10);
  });

  it('count answers that were given again, and the time of each operation by its status', async () => {
    const create = () =>
      supertest(listener.server)
        .post('/v1/things')
        .set(headers)
        .set('idempotency-key', 'k')
        .send({ name: 'n' });
    await create().expect(201);
    await create().expect(201);
    await supertest(listener.server).post('/v1/things').set(headers).send({ name: 'n' }).expect(409);
    expect(await valueOf('idempotency_replays_total{operationId="createThing"}')).toBe(1);
    const series = (status: number) =>
      `http_request_duration_seconds_count{operationId="createThing",status="${status}"}`;
    expect(await valueOf(series(201))).toBe(2);
    expect(await valueOf(series(409))).toBe(1);
  });
});
