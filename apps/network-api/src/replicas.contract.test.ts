import { randomUUID } from 'node:crypto';
import { openDatabase, silentLogger, type Database } from '@patchpanel/service-kit';
import { recordingAgent } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNetworkApp, createSouthboundApp } from './app.ts';
import { migrations } from './migrations/index.ts';
import {
  appOptions,
  callerOf,
  networkDocument,
  newMacAddress,
  openStage,
  southboundDocument,
  type Stage,
  type TestCaller,
  type TestUser,
} from './testing/stage.ts';

let stage: Stage;
let replica: Database;
let user: TestUser;
/** The same user, served by one replica or the other. PGlite has one: there both are the same. */
let users: readonly [TestCaller, TestCaller];
let agents: readonly [TestCaller, TestCaller];

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  const { databaseUrl } = stage.database;
  replica =
    databaseUrl === undefined
      ? stage.database
      : await openDatabase({ databaseUrl, poolSize: 5 }, { migrations, logger: silentLogger() });
  const options = appOptions(replica, stage.issuer, 0);
  const { app } = await createNetworkApp(options);
  const { app: southboundApp } = await createSouthboundApp(options);
  const token = await stage.issuer.userToken({ projectId: user.projectId, audience: 'network' });
  const agentToken = await stage.issuer.serviceToken({
    scope: 'network:agent',
    host: 'host-1',
    audience: 'network',
  });
  users = [user, callerOf(recordingAgent(app, 'network', networkDocument), token)];
  agents = [
    callerOf(stage.southboundApi, agentToken),
    callerOf(recordingAgent(southboundApp, 'network-southbound', southboundDocument), agentToken),
  ];
});
afterAll(async () => {
  if (replica !== stage.database) await replica.close();
  await stage.close();
});

// Hundreds of requests take a while on the embedded database when the machine is busy.
vi.setConfig({ testTimeout: 180_000 });

const either = <T>(pair: readonly [T, T], index: number): T => (index % 2 === 0 ? pair[0] : pair[1]);

describe('two replicas', () => {
  it('give each address once', async () => {
    const network = await user.network();
    await user.subnet(network.id, { cidr: '10.0.0.0/26', dhcpEnabled: false });
    const answers = await Promise.all(
      Array.from({ length: 70 }, (_, index) =>
        either(users, index).post(`/v1/networks/${network.id}/ports`, {}),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body }) => body.fixedIps[0].ipAddress)).size).toBe(61);
    expect(made).toHaveLength(61);
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(
      new Set(['subnet-exhausted']),
    );
  });

  it('make a thing once per idempotency key', async () => {
    const network = await user.network();
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        either(users, index)
          .post(`/v1/networks/${network.id}/ports`, { fixedIps: [] })
          .set('idempotency-key', key),
      ),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
  });

  it('plug, claim, report, unplug, release and delete at once without a deadlock or a leftover', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.1.0.0/24', dhcpEnabled: false });
    const unexpected = new Set<string>();
    const expectOne = (
      answer: { status: number; body: { code?: string } },
      ...wanted: (number | string)[]
    ) => {
      if (!wanted.includes(answer.status) && !wanted.includes(answer.body.code ?? '')) {
        unexpected.add(`${answer.status} ${answer.body.code ?? ''}`);
      }
    };
    const vnics = Array.from({ length: 4 }, () => ({ vnicId: randomUUID(), macAddress: newMacAddress() }));
    const life = async (worker: number) => {
      for (let round = 0; round < 4; round++) {
        const [me, agent] = [either(users, worker), either(agents, round)];
        const vnic = vnics[(worker + round) % vnics.length];
        const port = await me.post(`/v1/networks/${network.id}/ports`, {});
        expectOne(port, 201);
        const path = `/v1/ports/${port.body.id}`;
        expectOne(await me.put(`${path}/attachment`, vnic), 201, 'vnic-already-plugged');
        const claim = { projectId: user.projectId, ...vnic, placement: 1 };
        const binding = await agent.post('/v1/bindings', claim);
        expectOne(binding, 200, 201, 'attachment-not-found');
        if (binding.status < 300) {
          const { id, generation, epoch } = binding.body;
          const report = { status: 'active', generation, epoch };
          expectOne(
            await agent.put(`/v1/bindings/${id}/status`, report),
            200,
            'stale-generation',
            'binding-not-found',
          );
          if (round % 2 === 0) expectOne(await agent.delete(`/v1/bindings/${id}`), 204);
        }
        expectOne(await me.delete(`${path}/attachment`), 204, 'attachment-not-found');
        expectOne(await me.delete(path), 204);
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, worker) => life(worker)));
    expect([...unexpected]).toEqual([]);
    const { body } = await agents[0].get('/v1/bindings?limit=200').expect(200);
    for (const { id } of body.items) await agents[1].delete(`/v1/bindings/${id}`).expect(204);
    // Everything is free again: the subnet can go, and nothing else is left.
    await user.delete(`/v1/subnets/${subnet.id}`).expect(204);
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    const { knex } = stage.database;
    for (const table of ['bindings', 'resting_addresses', 'attachments']) {
      expect(
        await knex(table).where(
          table === 'resting_addresses' ? { subnet_id: subnet.id } : { network_id: network.id },
        ),
      ).toEqual([]);
    }
  });

  it('wait for a port that somebody else may yet let go of, instead of saying that there is none', async () => {
    const network = await user.network();
    const port = await user.port(network.id, { fixedIps: [] });
    const { knex, engine } = stage.database;
    const holding = await knex.transaction();
    await holding.raw('select id from ports where id = ? for update', [port.id]);
    const plugging = users[1]
      .post(`/v1/networks/${network.id}/attachments`, { vnicId: randomUUID(), macAddress: newMacAddress() })
      .then((answer) => answer);
    // With one connection the plug waits for that; with more, for the port: only then may it be let go of.
    if (engine === 'postgres') {
      await expect
        .poll(
          async () =>
            (
              await knex.raw(
                "select 1 from pg_locks where not granted and locktype in ('tuple', 'transactionid')",
              )
            ).rows.length,
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0);
    }
    await holding.rollback();
    const { status, body } = await plugging;
    expect([status, body.portId]).toEqual([201, port.id]);
  });
});
