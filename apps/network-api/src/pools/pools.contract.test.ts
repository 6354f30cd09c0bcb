import { randomUUID } from 'node:crypto';
import { ProviderError, type PoolDeclaration } from '@patchpanel/provider';
import { openDatabase, silentLogger, type Database } from '@patchpanel/service-kit';
import { recordingAgent } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetworkApp } from '../app.ts';
import { migrations } from '../migrations/index.ts';
import { prepareProviders } from '../providers/start.ts';
import { catalogOf } from '../providers/catalog.ts';
import { startRealisation } from '../realisation/worker.ts';
import {
  callerOf,
  networkDocument,
  openStage,
  type Stage,
  type TestHost,
  type TestUser,
} from '../testing/stage.ts';
import { testEngine } from '../testing/test-engine.ts';
import { allFeatures, testProvider } from '../testing/test-providers.ts';
import { startPoolRest } from './store.ts';

const engine = testEngine();
let stage: Stage;
let user: TestUser;
let host: TestHost;

const poolOf = (min: number, max: number, name = 'vni'): PoolDeclaration => ({
  name,
  description: 'Names the network in its tunnels.',
  min,
  max,
});
const withPools = (name: string, ...pools: PoolDeclaration[]) =>
  testProvider(name, [4, 6], allFeatures, { pools });

const providers = [
  testProvider('plain'),
  withPools('wide', poolOf(100, 1_000_000), poolOf(1, 1_000_000, 'segment')),
  withPools('five', poolOf(7, 11)),
  withPools('two', poolOf(1, 2)),
  withPools('raced', poolOf(1, 20)),
  withPools('rested', poolOf(1, 1)),
  testProvider('engined', [4], [], { pools: [poolOf(1, 1)], lifecycle: engine }),
];

beforeAll(async () => {
  stage = await openStage({ providers });
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

const waiting = { timeout: 15_000, interval: 20 };

const make = (provider: string, caller: Pick<TestUser, 'post'> = user) =>
  caller.post('/v1/networks', { provider });

const remove = (id: string) => user.delete(`/v1/networks/${id}`).expect(204);

/** The numbers that a network has, as its row and as the truth say; they must agree. */
async function numbersOf(networkId: string): Promise<Record<string, number>> {
  const { knex } = stage.database;
  const { allocations } = await knex('networks').where({ id: networkId }).first();
  const rows = await knex('network_allocations').where({ network_id: networkId });
  expect(Object.fromEntries(rows.map(({ pool, value }) => [pool, value]))).toEqual(allocations);
  return allocations;
}

async function restingOf(provider: string): Promise<{ value: number; rest_until: string | null }[]> {
  return stage.database
    .knex('resting_pool_values')
    .where({ provider })
    .select('value', 'rest_until')
    .orderBy('value');
}

async function freeOf(provider: string): Promise<[number, number][]> {
  const rows = await stage.database.knex('provider_pool_ranges').where({ provider }).orderBy('last');
  return rows.map(({ first, last }) => [first, last]);
}

describe('a number of a pool', () => {
  it('is given to each network with its making, one per pool, lowest first, and told to its provider', async () => {
    const one = await user.network({ provider: 'wide' });
    const other = await user.network({ provider: 'wide' });
    expect(await numbersOf(one.id)).toEqual({ vni: 100, segment: 1 });
    expect(await numbersOf(other.id)).toEqual({ vni: 101, segment: 2 });
    const port = await user.port(other.id, { fixedIps: [] });
    const binding = await host.claim(await user.plug(port.id, randomUUID()));
    expect(binding.attachment?.wiring.document).toMatchObject({ vni: 101, segment: 2 });
  });

  it('is of no network whose provider declares no pool', async () => {
    const network = await user.network({ provider: 'plain' });
    expect(await numbersOf(network.id)).toEqual({});
  });

  it('is refused when there is none left, and nothing is made', async () => {
    await make('two').expect(201);
    await make('two').expect(201);
    const key = randomUUID();
    const refused = await make('two').set('idempotency-key', key).expect(409);
    expect(refused.body).toMatchObject({
      code: 'provider-pool-exhausted',
      detail: expect.stringMatching(/provider two has no vni left/),
    });
    const listed = await user.get('/v1/networks?provider=two').expect(200);
    expect(listed.body.items).toHaveLength(2);
    // The refusal is no answer to keep: with a number free the same key makes the network.
    await remove(listed.body.items[0].id);
    await make('two').set('idempotency-key', key).expect(201);
  });

  it('goes to one network each, whoever asks at the same time and wherever', async () => {
    const { databaseUrl } = stage.database;
    const replica =
      databaseUrl === undefined
        ? stage.database
        : await openDatabase({ databaseUrl, poolSize: 5 }, { migrations, logger: silentLogger() });
    try {
      const { app } = await createNetworkApp({ ...stage.options, database: replica });
      const api = recordingAgent(app, 'network', networkDocument);
      // Of a project each: those of one project wait for its quota.
      const callers = await Promise.all(
        Array.from({ length: 32 }, async (_, index) => {
          const token = await stage.issuer.userToken({ projectId: randomUUID(), audience: 'network' });
          return callerOf(index % 2 === 0 ? stage.publicApi : api, token);
        }),
      );
      const answers = await Promise.all(callers.map((caller) => make('raced', caller)));
      const made = answers.filter(({ status }) => status === 201);
      const numbers = await Promise.all(made.map(async ({ body }) => (await numbersOf(body.id))['vni']));
      expect(numbers.toSorted((one = 0, two = 0) => one - two)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused.map(({ body }) => body.code)).toEqual(Array(12).fill('provider-pool-exhausted'));
    } finally {
      if (replica !== stage.database) await replica.close();
    }
  });

  it('joins its free neighbours when it returns', async () => {
    const networks = [];
    for (let index = 0; index < 5; index++) networks.push(await user.network({ provider: 'five' }));
    expect(await freeOf('five')).toEqual([]);
    for (const index of [1, 3, 2]) await remove(networks[index]?.id ?? '');
    const next = await user.network({ provider: 'five' });
    expect(await numbersOf(next.id)).toEqual({ vni: 8 });
    expect(await freeOf('five')).toEqual([[9, 10]]);
    await remove(networks[4]?.id ?? '');
    const joined = await user.network({ provider: 'five' });
    expect(await numbersOf(joined.id)).toEqual({ vni: 9 });
    expect(await freeOf('five')).toEqual([[10, 11]]);
    for (const { id } of [joined, next]) await remove(id);
    expect(await numbersOf((await user.network({ provider: 'five' })).id)).toEqual({ vni: 8 });
    expect(await freeOf('five')).toEqual([[9, 11]]);
    expect(await restingOf('five')).toEqual([]);
  });
});

describe('a number that a network had', () => {
  it('rests while a host has not confirmed that the wiring is gone, and for a while after that', async () => {
    const { knex } = stage.database;
    const network = await user.network({ provider: 'rested' });
    const port = await user.port(network.id, { fixedIps: [] });
    const binding = await host.claim(await user.plug(port.id, randomUUID()));
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    await remove(network.id);
    expect(await restingOf('rested')).toEqual([{ value: 1, rest_until: null }]);
    expect(await startPoolRest(knex, 3600)).toBe(0);
    await make('rested').expect(409);
    await host.release(binding.id);
    expect(await startPoolRest(knex, 3600)).toBe(1);
    expect(await startPoolRest(knex, 3600)).toBe(0);
    await make('rested').expect(409);
    await knex('resting_pool_values')
      .where({ provider: 'rested' })
      .update({ rest_until: knex.raw("now() - interval '1 second'") });
    const next = (await make('rested').expect(201)).body;
    expect(await numbersOf(next.id)).toEqual({ vni: 1 });
    await remove(next.id);
  });

  it('returns to whoever needs it as soon as its rest may begin and end', async () => {
    const network = await user.network({ provider: 'rested' });
    const port = await user.port(network.id, { fixedIps: [] });
    const binding = await host.claim(await user.plug(port.id, randomUUID()));
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    await remove(network.id);
    await host.release(binding.id);
    // The stage lets what is released rest for no time at all; nobody has looked at the pool since.
    await make('rested').expect(201);
  });

  it('is kept until its provider has taken the network down', async () => {
    let isBroken = true;
    engine.before = ({ verb }) => {
      if (verb === 'remove' && isBroken) throw new ProviderError('engine-refused', 'Not yet.');
    };
    const network = await user.network({ provider: 'engined' });
    const worker = startRealisation(stage.options, { logger: silentLogger(), retrySeconds: () => 0.02 });
    try {
      await remove(network.id);
      const reason = async () => (await user.get(`/v1/networks/${network.id}`)).body.statusReason;
      await expect.poll(reason, waiting).toBe('Not yet.');
      expect(await numbersOf(network.id)).toEqual({ vni: 1 });
      await make('engined').expect(409);
      isBroken = false;
      await expect.poll(async () => (await user.get(`/v1/networks/${network.id}`)).status, waiting).toBe(404);
      await make('engined').expect(201);
    } finally {
      await worker.stop();
    }
  });
});

describe('the pools that a provider declares', () => {
  const prepare = (database: Database, ...pools: PoolDeclaration[]) =>
    prepareProviders(database, catalogOf([...providers, withPools('changing', ...pools)]));
  const stored = () =>
    stage.database
      .knex('provider_pools')
      .where({ provider: 'changing' })
      .select('pool', 'min', 'max')
      .orderBy('pool');

  it('are prepared once, however many replicas start at once', async () => {
    const pool = poolOf(10, 19);
    await Promise.all(Array.from({ length: 4 }, () => prepare(stage.database, pool)));
    expect(await stored()).toEqual([{ pool: 'vni', min: 10, max: 19 }]);
    expect(await freeOf('changing')).toEqual([[10, 19]]);
  });

  it('grow and shrink around the numbers that networks have', async () => {
    const caller = await changingUser();
    const first = (await caller.post('/v1/networks', { provider: 'changing' }).expect(201)).body;
    const second = (await caller.post('/v1/networks', { provider: 'changing' }).expect(201)).body;
    expect([await numbersOf(first.id), await numbersOf(second.id)]).toEqual([{ vni: 10 }, { vni: 11 }]);
    await prepare(stage.database, poolOf(5, 30));
    expect(await freeOf('changing')).toEqual([
      [5, 9],
      [12, 30],
    ]);
    await prepare(stage.database, poolOf(11, 12)).then(
      () => expect.unreachable(),
      (error: unknown) =>
        expect(error).toMatchObject({
          name: 'PoolDeclarationError',
          message: expect.stringMatching(
            /provider changing declares its pool vni as 11 to 12 now, but networks still have numbers outside of that: 1, from 10 to 10\./,
          ),
        }),
    );
    expect(await stored()).toEqual([{ pool: 'vni', min: 5, max: 30 }]);
    await prepare(stage.database, poolOf(10, 12));
    expect(await freeOf('changing')).toEqual([[12, 12]]);
    await caller.delete(`/v1/networks/${first.id}`).expect(204);
    await prepare(stage.database, poolOf(11, 12));
    // It rested when the pool shrank, and is of no pool when it has rested.
    const third = (await caller.post('/v1/networks', { provider: 'changing' }).expect(201)).body;
    expect(await numbersOf(third.id)).toEqual({ vni: 12 });
    expect(await restingOf('changing')).toEqual([]);
    expect(await freeOf('changing')).toEqual([]);
    await caller.delete(`/v1/networks/${third.id}`).expect(204);
    await prepare(stage.database, poolOf(11, 13));
    // What rests is not free because something else was declared.
    expect(await freeOf('changing')).toEqual([[13, 13]]);
    await caller.post('/v1/networks', { provider: 'changing' }).expect(201);
    await prepare(stage.database, poolOf(11, 12));
    expect(await freeOf('changing')).toEqual([]);
  });

  it('may be new to networks that are there, which then get their number', async () => {
    const networks = await changingNetworks();
    const [first] = networks;
    expect(networks).toHaveLength(2);
    await expect(prepare(stage.database, poolOf(11, 12), poolOf(1, 1, 'segment'))).rejects.toThrow(
      /pool segment of the provider changing has 1 left, but 2 networks .* need one each/,
    );
    await prepare(stage.database, poolOf(11, 12), poolOf(1, 9, 'segment'));
    const numbers = [];
    for (const { id } of networks) numbers.push(await numbersOf(id));
    expect(numbers).toEqual([
      { vni: 11, segment: 1 },
      { vni: 12, segment: 2 },
    ]);
    const [now] = await changingNetworks();
    expect(now?.wiring_revision).toBe((first?.wiring_revision ?? 0) + 1);
  });

  it('are not given up while networks have numbers of them', async () => {
    await expect(prepare(stage.database, poolOf(11, 12))).rejects.toThrow(
      /provider changing no longer declares its pool segment, but networks still have numbers outside of that: 2, from 1 to 2\./,
    );
    const caller = await changingUser();
    const listed = await caller.get('/v1/networks?provider=changing').expect(200);
    for (const { id } of listed.body.items) await caller.delete(`/v1/networks/${id}`).expect(204);
    await prepare(stage.database, poolOf(11, 12));
    expect(await stored()).toEqual([{ pool: 'vni', min: 11, max: 12 }]);
    await prepare(stage.database);
    expect(await stored()).toEqual([]);
  });

  const changingNetworks = () =>
    stage.database
      .knex<{ id: string; provider: string; wiring_revision: number }>('networks')
      .where({ provider: 'changing' })
      .orderBy('id');

  /** Somebody served by a service that has that provider, too. */
  async function changingUser() {
    const pools = (await stored()).map(({ pool, min, max }) => poolOf(min, max, pool));
    const { app } = await createNetworkApp({
      ...stage.options,
      providers: catalogOf([...providers, withPools('changing', ...pools)]),
    });
    const token = await stage.issuer.userToken({ projectId: user.projectId, audience: 'network' });
    return callerOf(recordingAgent(app, 'network', networkDocument), token);
  }
});
