import { ProviderError } from '@patchpanel/provider';
import {
  inTransaction,
  openDatabase,
  raiseEpoch,
  silentLogger,
  type Database,
} from '@patchpanel/service-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrations } from '../migrations/index.ts';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';
import { testEngine, untilAborted, type TestEngine } from '../testing/test-engine.ts';
import { testProvider } from '../testing/test-providers.ts';
import { noteNetworkChanged } from './changes.ts';
import { claimNetworks } from './claims.ts';
import { noteOutcome } from './outcomes.ts';
import { startRealisation, type RealisationWorker, type WorkerOptions } from './worker.ts';

let stage: Stage;
let user: TestUser;
let engine: TestEngine;
/** The database as a second replica has it. PGlite has one: there both are the same. */
let replica: Database;
const workers: RealisationWorker[] = [];

beforeAll(async () => {
  const lifecycle = {
    ensure: (...args: Parameters<TestEngine['ensure']>) => engine.ensure(...args),
    remove: (...args: Parameters<TestEngine['remove']>) => engine.remove(...args),
  };
  const pools = [{ name: 'vni', description: 'Names the network.', min: 1, max: 1000 }];
  const engined = testProvider('engined', [4, 6], [], { pools, lifecycle });
  stage = await openStage({ providers: [engined, testProvider('plain')] });
  const { databaseUrl } = stage.database;
  replica =
    databaseUrl === undefined
      ? stage.database
      : await openDatabase({ databaseUrl, poolSize: 5 }, { migrations, logger: silentLogger() });
});
beforeEach(async () => {
  engine = testEngine();
  user = await stage.user();
});
afterEach(async () => {
  engine.before = () => undefined;
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await stage.database.knex('network_realisations').delete();
});
afterAll(async () => {
  if (replica !== stage.database) await replica.close();
  await stage.close();
});

/** Ends with the test. Tries again without much ado. */
function work(options: Partial<WorkerOptions> = {}, database: Database = stage.database): RealisationWorker {
  const worker = startRealisation(
    { ...stage.options, database },
    {
      logger: silentLogger(),
      retrySeconds: () => 0.02,
      ...options,
    },
  );
  workers.push(worker);
  return worker;
}

const waiting = { timeout: 15_000, interval: 20 };

async function statusOf(id: string): Promise<unknown> {
  const { status, body } = await user.get(`/v1/networks/${id}`);
  return status === 200 ? body.status : status;
}

function become(id: string, status: unknown): Promise<void> {
  return expect.poll(() => statusOf(id), waiting).toEqual(status);
}

async function realisationOf(id: string) {
  return stage.database.knex('network_realisations').where({ network_id: id }).first();
}

/** What the project's users heard of a network, in order. */
async function heardOf(id: string): Promise<string[]> {
  const rows = await stage.database
    .knex('events')
    .where({ resource_id: id, project_id: user.projectId })
    .orderBy('position');
  return rows.map(({ change, revision }) => `${change} ${revision}`);
}

function change(networkId: string): Promise<unknown> {
  return inTransaction(stage.database, async (trx) => {
    await trx('networks').where({ id: networkId }).forNoKeyUpdate();
    return noteNetworkChanged(trx, networkId);
  });
}

/** Lets every claim run out, as time does. */
async function expireClaims(): Promise<void> {
  await stage.database
    .knex('network_realisations')
    .whereNotNull('claimed_by')
    .update({ claimed_until: stage.database.knex.raw("now() - interval '1 second'") });
}

describe('a network whose provider has something to do outside the hosts', () => {
  it('is building until that is done, and then active, by one event for each', async () => {
    const network = await user.network();
    expect(network).toMatchObject({
      status: 'building',
      statusReason: expect.stringMatching(/yet to realise/),
    });
    work();
    await become(network.id, 'active');
    const { body } = await user.get(`/v1/networks/${network.id}`);
    expect(body).not.toHaveProperty('statusReason');
    expect(await heardOf(network.id)).toEqual(['created 1', 'updated 2']);
    expect(engine.networks.get(network.id)).toMatchObject({
      network: { id: network.id, mtu: 1500, allocations: { vni: expect.any(Number) } },
      subnets: [],
      epoch: 1,
      generation: 1,
    });
    expect(await realisationOf(network.id)).toMatchObject({
      observed_generation: 1,
      attempts: 0,
      claimed_by: null,
      last_error: null,
    });
  });

  it('is active at once when its provider has nothing to do', async () => {
    const network = await user.network({ provider: 'plain' });
    expect(network.status).toBe('active');
    expect(await realisationOf(network.id)).toBeUndefined();
    expect(await change(network.id)).toEqual([]);
  });

  it('is realised soon after it was made, also when the worker was idle', async () => {
    work({ pollSeconds: 3600 });
    const networks = [await user.network(), await user.network()];
    for (const { id } of networks) await become(id, 'active');
  });

  it('says why it fails, tries again until it succeeds, and tells of each reason once', async () => {
    const reasons = ['The fabric is away.', 'The fabric is away.', 'The fabric is full.'];
    engine.before = () => {
      const reason = reasons[engine.calls.length - 1];
      if (reason !== undefined) throw new ProviderError('engine-unavailable', reason);
    };
    const network = await user.network();
    work({ retrySeconds: () => 0.3 });
    await expect
      .poll(async () => (await user.get(`/v1/networks/${network.id}`)).body, waiting)
      .toMatchObject({
        status: 'error',
        statusReason: 'The fabric is away.',
      });
    expect((await realisationOf(network.id)).last_error).toContain('The fabric is away.');
    await become(network.id, 'active');
    expect(engine.calls).toHaveLength(4);
    expect(await heardOf(network.id)).toEqual(['created 1', 'updated 2', 'updated 3', 'updated 4']);
  });

  it('keeps to itself what a provider fails with unexpectedly', async () => {
    engine.before = () => {
      throw new Error('password hunter2 refused');
    };
    const network = await user.network();
    work({ retrySeconds: () => 3600 });
    await become(network.id, 'error');
    const { body } = await user.get(`/v1/networks/${network.id}`);
    expect(body.statusReason).toMatch(/provider engined failed unexpectedly/);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect((await realisationOf(network.id)).last_error).toContain('hunter2');
  });

  it('bears whatever words its provider fails with', async () => {
    engine.before = () => {
      throw new ProviderError('engine-refused', `No\0 ${'😀'.repeat(2000)}`);
    };
    const network = await user.network();
    work({ retrySeconds: () => 3600 });
    await become(network.id, 'error');
    const { body } = await user.get(`/v1/networks/${network.id}`);
    expect(body.statusReason).toMatch(/^No 😀+\uFFFD$/u);
    expect(body.statusReason).toHaveLength(1000);
  });

  it('fails when its provider hangs, and is realised when that has passed', async () => {
    engine.before = (_call, signal) => (engine.calls.length === 1 ? untilAborted(signal) : undefined);
    const network = await user.network();
    work({ deadlineSeconds: 0.05, retrySeconds: () => 0.5 });
    await become(network.id, 'error');
    expect((await user.get(`/v1/networks/${network.id}`)).body.statusReason).toMatch(/did not finish within/);
    await become(network.id, 'active');
  });

  it('does not wait for ever for a provider that hears no signal', async () => {
    engine.before = () => (engine.calls.length === 1 ? new Promise(() => undefined) : undefined);
    const network = await user.network();
    work({ deadlineSeconds: 0.05, graceSeconds: 0.05 });
    await become(network.id, 'active');
  });

  it('does not keep others waiting while its provider hangs', async () => {
    const stuck = await user.network();
    engine.before = ({ networkId }, signal) => (networkId === stuck.id ? untilAborted(signal) : undefined);
    work({ deadlineSeconds: 600 });
    const other = await user.network();
    await become(other.id, 'active');
    expect(await statusOf(stuck.id)).toBe('building');
  });

  it('is building again when it changes, and told to the provider as it is then', async () => {
    const network = await user.network();
    work();
    await become(network.id, 'active');
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    await change(network.id);
    await become(network.id, 'active');
    expect(engine.networks.get(network.id)).toMatchObject({
      subnets: [{ id: subnet.id, cidr: '10.0.0.0/24' }],
    });
    const { generation, observed_generation: observed } = await realisationOf(network.id);
    expect(observed).toBe(generation);
    expect(generation).toBeGreaterThan(1);
  });

  it('is not active by a state that a change has overtaken', async () => {
    const network = await user.network();
    const released = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    engine.before = ({ generation }) => released[generation - 1]?.promise;
    work();
    await expect.poll(() => engine.calls.length, waiting).toBe(1);
    await change(network.id);
    released[0]?.resolve();
    const observed = async () => (await realisationOf(network.id)).observed_generation;
    await expect.poll(observed, waiting).toBe(1);
    expect(await statusOf(network.id)).toBe('building');
    released[1]?.resolve();
    await become(network.id, 'active');
    expect(engine.calls.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(engine.overlaps.size).toBe(0);
    expect(engine.networks.get(network.id)).toMatchObject({ generation: 2 });
  });

  it('is tried at once with a state that came while an older one was failing', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    engine.before = async ({ generation }) => {
      if (generation > 1) return;
      await released;
      throw new ProviderError('engine-refused', 'No such MTU.');
    };
    const network = await user.network();
    work({ retrySeconds: () => 3600 });
    await expect.poll(() => engine.calls.length, waiting).toBe(1);
    await change(network.id);
    release();
    await become(network.id, 'active');
  });

  it('is tried at once with a new state, however long the pause after the old one would be', async () => {
    engine.before = ({ generation }) => {
      if (generation === 1) throw new ProviderError('engine-refused', 'No such MTU.');
    };
    const network = await user.network();
    work({ retrySeconds: () => 3600 });
    await become(network.id, 'error');
    await change(network.id);
    await become(network.id, 'active');
  });

  it('leaves nothing to do when it is not made after all', async () => {
    const refused = await user.post('/v1/networks', { providerOptions: { vlan: 13 } }).expect(400);
    expect(refused.body.code).toBe('invalid-request');
    await expect(
      inTransaction(stage.database, async (trx) => {
        const [row] = await trx('networks').where({ project_id: user.projectId });
        expect(row).toBeUndefined();
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    const rows = await stage.database.knex('network_realisations').where({ project_id: user.projectId });
    expect(rows).toEqual([]);
  });
});

describe('a network that its provider has to take down', () => {
  it('is deleting until that is done, and then gone', async () => {
    const network = await user.network();
    const worker = work();
    await become(network.id, 'active');
    await worker.stop();
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    const { body } = await user.get(`/v1/networks/${network.id}`).expect(200);
    expect(body).toMatchObject({
      status: 'deleting',
      statusReason: expect.stringMatching(/take the network down/),
    });
    // Asked for again it is no other deletion.
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    await user.get(`/v1/networks/${network.id}`).expect(200, body);
    work();
    await become(network.id, 404);
    expect(engine.networks.size).toBe(0);
    expect(await realisationOf(network.id)).toBeUndefined();
    expect(await heardOf(network.id)).toEqual(['created 1', 'updated 2', 'updated 3', 'deleted 4']);
  });

  it('says why it cannot be taken down, and goes in the end', async () => {
    let isBroken = true;
    engine.before = ({ verb }) => {
      if (verb === 'remove' && isBroken)
        throw new ProviderError('engine-refused', 'The fabric still uses it.');
    };
    const network = await user.network();
    work();
    await become(network.id, 'active');
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    await expect
      .poll(async () => (await user.get(`/v1/networks/${network.id}`)).body, waiting)
      .toMatchObject({
        status: 'deleting',
        statusReason: 'The fabric still uses it.',
      });
    isBroken = false;
    await become(network.id, 404);
  });

  it('is taken down after, and not beside, what was under way when it was deleted', async () => {
    const network = await user.network();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    engine.before = ({ verb }) => (verb === 'ensure' ? released : undefined);
    work();
    await expect.poll(() => engine.calls.length, waiting).toBe(1);
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    release();
    await become(network.id, 404);
    expect(engine.calls.map(({ verb }) => verb)).toEqual(['ensure', 'remove']);
    expect(engine.overlaps.size).toBe(0);
    expect(engine.networks.size).toBe(0);
  });

  it('goes also when its row was lost before its time', async () => {
    const network = await user.network();
    const worker = work();
    await become(network.id, 'active');
    await worker.stop();
    await stage.database.knex('network_realisations').update({ desired: 'absent' });
    await stage.database.knex('networks').where({ id: network.id }).delete();
    work();
    await expect.poll(() => realisationOf(network.id), waiting).toBeUndefined();
    expect(engine.networks.size).toBe(0);
  });
});

describe('a worker that dies', () => {
  const limits = { count: 10, seconds: 60 };

  it('before it called the provider is replaced when its claim has run out, and no earlier', async () => {
    const network = await user.network();
    const [claim] = await claimNetworks(stage.database, stage.options.providers, limits);
    expect(claim).toMatchObject({ networkId: network.id, order: { verb: 'ensure' } });
    expect(await claimNetworks(stage.database, stage.options.providers, limits)).toEqual([]);
    work({ pollSeconds: 0.05 });
    await user.network().then(({ id }) => become(id, 'active'));
    expect(await statusOf(network.id)).toBe('building');
    await expireClaims();
    await become(network.id, 'active');
    expect(engine.calls.filter(({ networkId }) => networkId === network.id)).toHaveLength(1);
  });

  it('after it called the provider has its work done again, and what it says later counts for nothing', async () => {
    const network = await user.network();
    const [late] = await claimNetworks(stage.database, stage.options.providers, limits);
    if (late?.order.verb !== 'ensure') throw new Error('nothing was claimed');
    await engine.ensure(late.order.state, new AbortController().signal);
    await expireClaims();
    work();
    await become(network.id, 'active');
    const before = await user.get(`/v1/networks/${network.id}`);
    const failed = { kind: 'failed', generation: 1, error: 'late', retrySeconds: 3600 } as const;
    expect(await noteOutcome(stage.options, late, failed, 'late')).toBe(false);
    expect(await noteOutcome(stage.options, late, { kind: 'realised', generation: 1 })).toBe(false);
    await user.get(`/v1/networks/${network.id}`).expect(200, before.body);
    expect(await realisationOf(network.id)).toMatchObject({ last_error: null, observed_generation: 1 });
  });

  it('after it took a network down has that noted by its successor', async () => {
    const network = await user.network();
    const worker = work();
    await become(network.id, 'active');
    await worker.stop();
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    const [late] = await claimNetworks(stage.database, stage.options.providers, limits);
    if (late?.order.verb !== 'remove') throw new Error('nothing was claimed');
    await engine.remove(late.order.network, new AbortController().signal);
    await expireClaims();
    work();
    await become(network.id, 404);
    expect(await noteOutcome(stage.options, late, { kind: 'realised', generation: late.generation })).toBe(
      false,
    );
  });

  it('does not end what its successor is about to take down', async () => {
    const network = await user.network();
    const worker = work();
    await become(network.id, 'active');
    await worker.stop();
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    const [late] = await claimNetworks(stage.database, stage.options.providers, limits);
    await expireClaims();
    const [successor] = await claimNetworks(stage.database, stage.options.providers, limits);
    if (!late || !successor) throw new Error('nothing was claimed');
    const removed = { kind: 'realised', generation: successor.generation } as const;
    expect(await noteOutcome(stage.options, late, removed)).toBe(false);
    expect(await statusOf(network.id)).toBe('deleting');
    expect(await noteOutcome(stage.options, successor, removed)).toBe(true);
    expect(await statusOf(network.id)).toBe(404);
  });

  it('loses an answer without harm', async () => {
    let lost = 2;
    engine.after = () => {
      if (lost-- > 0) throw new ProviderError('engine-unavailable', 'The connection was lost.');
    };
    const network = await user.network();
    work();
    await become(network.id, 'active');
    expect(engine.calls).toHaveLength(3);
  });
});

describe('workers', () => {
  it('that are told to stop leave their networks to others at once, and do not call that a failure', async () => {
    const network = await user.network();
    engine.before = (_call, signal) => (engine.calls.length === 1 ? untilAborted(signal) : undefined);
    const stopping = work();
    await expect.poll(() => engine.calls.length, waiting).toBe(1);
    await stopping.stop();
    expect(await statusOf(network.id)).toBe('building');
    expect(await realisationOf(network.id)).toMatchObject({
      claimed_by: null,
      attempts: 0,
      last_error: null,
    });
    work();
    await become(network.id, 'active');
  });

  it('of two replicas share the networks, and never work at the same one', async () => {
    engine.before = () => new Promise((resolve) => setImmediate(resolve));
    for (const database of [stage.database, replica]) work({ pollSeconds: 0.05 }, database);
    const networks = await Promise.all(Array.from({ length: 12 }, () => user.network()));
    for (let round = 0; round < 3; round++) await Promise.all(networks.map(({ id }) => change(id)));
    for (const { id } of networks) await become(id, 'active');
    expect(engine.overlaps).toEqual(new Set());
    const states = [...engine.networks.values()];
    expect(states.map(({ generation }) => generation)).toEqual(Array(12).fill(4));
    await Promise.all(networks.map(({ id }) => user.delete(`/v1/networks/${id}`).expect(204)));
    for (const { id } of networks) await become(id, 404);
    expect(engine.overlaps).toEqual(new Set());
    expect(engine.networks.size).toBe(0);
  });

  it('realise everything again after the database was restored', async () => {
    const network = await user.network();
    work();
    await become(network.id, 'active');
    engine.networks.clear();
    work({ pollSeconds: 0.05 });
    await raiseEpoch(stage.database.knex);
    await expect.poll(() => engine.networks.has(network.id), waiting).toBe(true);
    await become(network.id, 'active');
  });
});
