import { randomUUID } from 'node:crypto';
import type { Attachment, Port } from '@patchpanel/contract-network';
import { readEvents } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';
import { emptyHost } from './fencing.ts';
import { selectUnfinishedFences } from './store.ts';

let stage: Stage;
let user: TestUser;
let admin: TestUser;

beforeAll(async () => {
  stage = await openStage({ addressRestSeconds: 600 });
  user = await stage.user();
  admin = await stage.user(undefined, ['admin']);
});
afterAll(() => stage.close());

const word = { version: '0.1.0', providers: [{ name: 'test', isUsable: true }] };
const beat = (host: TestHost) => host.put('/v1/agent', word).expect(200);
const agentOf = async ({ host }: TestHost) => (await admin.get(`/v1/agents/${host}`).expect(200)).body;
const fence = (host: TestHost, reason = 'It is powered off') =>
  admin.put(`/v1/agents/${host.host}/fence`, { reason }).expect(200);
const unfence = ({ host }: TestHost) => admin.delete(`/v1/agents/${host}/fence`).expect(204);
const portOf = async (id: string): Promise<Port> => (await user.get(`/v1/ports/${id}`).expect(200)).body;

async function aliveHost(): Promise<TestHost> {
  const host = await stage.host();
  await beat(host);
  return host;
}

async function plugged(): Promise<Attachment> {
  const network = await user.network();
  const port = await user.port(network.id, { fixedIps: [] });
  return user.plug(port.id, randomUUID());
}

const claimOf = ({ projectId, vnicId, macAddress }: Attachment, placement = 1) => ({
  projectId,
  vnicId,
  macAddress,
  placement,
});

/** As if nothing had been heard of an agent for long. */
const silence = ({ host }: TestHost) =>
  stage.database
    .knex('agents')
    .where({ host_name: host })
    .update({ last_seen_at: stage.database.knex.raw("now() - interval '1 hour'") });

describe('an agent', () => {
  it('is known by its reports, and its revision rises only when it says something new', async () => {
    const host = await stage.host();
    await admin.get(`/v1/agents/${host.host}`).expect(404);
    const first = await beat(host);
    expect(first.body).toEqual({ epoch: 1, heartbeatSeconds: 15, isFenced: false, awaitsHoldings: false });
    const known = await agentOf(host);
    expect(known).toMatchObject({
      hostName: host.host,
      status: 'alive',
      ...word,
      bindingCount: 0,
      revision: 1,
    });
    await beat(host);
    const later = await agentOf(host);
    expect(later.revision).toBe(1);
    expect(later.lastSeenAt > known.lastSeenAt).toBe(true);
    const lacking = { name: 'test', isUsable: false, detail: 'nft: apt-get install -y nftables' };
    await host.put('/v1/agent', { ...word, providers: [lacking] }).expect(200);
    expect(await agentOf(host)).toMatchObject({ providers: [lacking], revision: 2 });
  });

  it('is known from its first claim on, though it has not said anything of itself', async () => {
    const host = await stage.host();
    await host.claim(await plugged());
    const known = await agentOf(host);
    expect(known).toMatchObject({ status: 'alive', providers: [], bindingCount: 1 });
    expect(known).not.toHaveProperty('version');
  });

  it('is silent when nothing was heard of it for so long, and alive again with its next report', async () => {
    const host = await aliveHost();
    await silence(host);
    expect((await agentOf(host)).status).toBe('silent');
    await beat(host);
    expect((await agentOf(host)).status).toBe('alive');
  });

  it('is listed by its host’s name, by pages and by status', async () => {
    const prefix = `list-${randomUUID().slice(0, 8)}`;
    const hosts = [];
    for (const name of ['c', 'a', 'b', 'd']) {
      const host = await stage.host(`${prefix}-${name}`);
      await beat(host);
      hosts.push(host);
    }
    const [c, a, b] = hosts;
    if (!a || !b || !c) throw new Error('hosts are missing');
    await fence(b);
    await silence(c);
    const names: string[] = [];
    let query = '?limit=2';
    do {
      const { body } = await admin.get(`/v1/agents${query}`).expect(200);
      expect(body.items.length).toBeLessThanOrEqual(2);
      names.push(...body.items.map(({ hostName }: { hostName: string }) => hostName));
      query = body.nextPageToken === undefined ? '' : `?limit=2&pageToken=${body.nextPageToken}`;
    } while (query !== '');
    expect(names.filter((name) => name.startsWith(prefix))).toEqual(
      ['a', 'b', 'c', 'd'].map((name) => `${prefix}-${name}`),
    );
    expect(names).toEqual(names.toSorted());
    const of = async (status: string) =>
      (await admin.get(`/v1/agents?limit=200&status=${status}`).expect(200)).body.items
        .map(({ hostName }: { hostName: string }) => hostName)
        .filter((name: string) => name.startsWith(prefix));
    expect(await of('alive')).toEqual([`${prefix}-a`, `${prefix}-d`]);
    expect(await of('fenced')).toEqual([b.host]);
    expect(await of('silent')).toEqual([c.host]);
    const { body } = await admin.get('/v1/agents?pageToken=junk').expect(400);
    expect(body.code).toBe('invalid-page-token');
  });

  it('is for operators alone', async () => {
    const host = await aliveHost();
    const path = `/v1/agents/${host.host}`;
    for (const call of [
      user.get('/v1/agents'),
      user.get(path),
      user.delete(path),
      user.put(`${path}/fence`, { reason: 'no' }),
      user.delete(`${path}/fence`),
      user.get(`${path}/bindings`),
      user.delete(`${path}/bindings`),
    ]) {
      const { body } = await call.expect(403);
      expect(body.code).toBe('forbidden');
    }
    expect((await agentOf(host)).status).toBe('alive');
  });

  it('of a host that was never heard of is not found', async () => {
    const path = '/v1/agents/nowhere';
    for (const call of [
      admin.get(path),
      admin.delete(path),
      admin.put(`${path}/fence`, { reason: 'no' }),
      admin.delete(`${path}/fence`),
      admin.get(`${path}/bindings`),
      admin.delete(`${path}/bindings`),
    ]) {
      const { body } = await call.expect(404);
      expect(body.code).toBe('agent-not-found');
    }
  });
});

describe('forgetting an agent', () => {
  it('is refused while its host has bindings, and otherwise makes it unknown until it is heard of again', async () => {
    const host = await aliveHost();
    const binding = await host.claim(await plugged());
    const path = `/v1/agents/${host.host}`;
    expect((await admin.delete(path).expect(409)).body.code).toBe('agent-in-use');
    await host.release(binding.id);
    const stale = await admin.delete(path).set('if-match', '"7"').expect(412);
    expect(stale.body.code).toBe('precondition-failed');
    await admin.delete(path).set('if-match', '"1"').expect(204);
    await admin.get(path).expect(404);
    await beat(host);
    expect((await agentOf(host)).revision).toBe(1);
  });

  it('of a fenced host takes along what is left of it', async () => {
    const host = await aliveHost();
    const attachment = await plugged();
    const binding = await host.claim(attachment);
    await fence(host);
    await admin.delete(`/v1/agents/${host.host}`).expect(204);
    await beat(host);
    await host.get(`/v1/bindings/${binding.id}`).expect(404);
    expect((await portOf(attachment.portId)).status).toBe('plugged');
  });
});

describe('fencing a host', () => {
  it('takes its bindings away, with the generation raised, and tells users and the host', async () => {
    const host = await aliveHost();
    const attachment = await plugged();
    const binding = await host.claim(attachment);
    await host.report(binding, 'active');
    const before = await portOf(attachment.portId);
    const cursor = (await host.get('/v1/bindings').expect(200)).body.cursor;
    const filter = { project: user.projectId };
    const { nextCursor } = await readEvents(stage.database, { filter });
    const { body } = await fence(host, 'Its rack is on fire');
    expect(body).toMatchObject({
      status: 'fenced',
      fenceReason: 'Its rack is on fire',
      bindingCount: 1,
      revision: 2,
    });
    expect(body).toHaveProperty('fencedAt');
    const after = await portOf(attachment.portId);
    expect(after).toMatchObject({
      status: 'plugged',
      revision: before.revision + 1,
      attachment: { generation: 2, status: 'plugged' },
    });
    expect(after.attachment).not.toHaveProperty('binding');
    const seen = await host.get(`/v1/bindings/${binding.id}`).expect(200);
    expect(seen.body).toMatchObject({ desired: 'absent', generation: 1 });
    const told = await host.get(`/v1/changes?cursor=${cursor}`).expect(200);
    expect(told.body.items).toMatchObject([{ resourceId: binding.id, change: 'updated', revision: 3 }]);
    const { items } = await readEvents(stage.database, { filter, cursor: nextCursor });
    expect(items).toMatchObject([
      { resourceType: 'port', resourceId: attachment.portId, revision: after.revision },
    ]);
  });

  it('lets it bind and report nothing, but still see and release, until the fence is lifted', async () => {
    const host = await aliveHost();
    const attachment = await plugged();
    const binding = await host.claim(attachment);
    await fence(host);
    expect((await beat(host)).body).toMatchObject({ isFenced: true, awaitsHoldings: false });
    const other = await plugged();
    const claim = await host.post('/v1/bindings', claimOf(other)).expect(409);
    expect(claim.body.code).toBe('host-fenced');
    const report = await host
      .put(`/v1/bindings/${binding.id}/status`, { status: 'active', generation: 1, epoch: 1 })
      .expect(409);
    expect(report.body.code).toBe('host-fenced');
    expect((await host.get('/v1/bindings').expect(200)).body.items).toMatchObject([
      { id: binding.id, desired: 'absent' },
    ]);
    await host.release(binding.id);
    await unfence(host);
    expect((await beat(host)).body).toMatchObject({ isFenced: false, awaitsHoldings: true });
    expect(await agentOf(host)).not.toHaveProperty('fenceReason');
    await host.post('/v1/bindings', claimOf(other)).expect(201);
  });

  it('shows it first, when the fence is lifted, what was taken from it', async () => {
    const host = await aliveHost();
    const attachment = await plugged();
    const binding = await host.claim(attachment, 5);
    await fence(host);
    const other = await aliveHost();
    const moved = await other.claim(attachment, 6);
    expect(moved).toMatchObject({ generation: 2, desired: 'present' });
    await unfence(host);
    expect((await host.get('/v1/bindings').expect(200)).body.items).toMatchObject([
      { id: binding.id, desired: 'absent' },
    ]);
    const back = await host.post('/v1/bindings', claimOf(attachment, 5)).expect(409);
    expect(back.body.code).toBe('stale-placement');
    await host.release(binding.id);
    expect((await portOf(attachment.portId)).attachment?.binding?.hostName).toBe(other.host);
  });

  it('begins the rest of addresses that waited for it, and of none that wait for another host, too', async () => {
    const [host, other] = [await aliveHost(), await aliveHost()];
    const [network, second] = [await user.network(), await user.network()];
    await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null });
    const subnet = await user.subnet(second.id, { cidr: '10.0.0.0/30', gatewayIp: null });
    const gone = await user.port(network.id);
    await host.claim(await user.plug(gone.id, randomUUID()));
    await user.unplug(gone.id);
    await user.delete(`/v1/ports/${gone.id}`).expect(204);
    const moved = await user.port(second.id);
    const attachment = await user.plug(moved.id, randomUUID());
    await host.claim(attachment);
    await user.unplug(moved.id);
    const next = await other.claim(await user.plug(moved.id, attachment.vnicId, attachment.macAddress), 2);
    await user.unplug(moved.id);
    await user.delete(`/v1/ports/${moved.id}`).expect(204);
    const waiting = async (portId: string) =>
      (await stage.database.knex('resting_addresses').where({ port_id: portId })).map(
        ({ rest_until: until }: { rest_until: string | null }) => until === null,
      );
    expect([await waiting(gone.id), await waiting(moved.id)]).toEqual([[true], [true]]);
    await fence(host);
    expect([await waiting(gone.id), await waiting(moved.id)]).toEqual([[false], [true]]);
    await other.release(next.id);
    expect(await waiting(moved.id)).toEqual([false]);
    expect(subnet.id).toBeDefined();
  });

  it('lets a port’s addresses wait for it no more that is deleted afterwards', async () => {
    const host = await aliveHost();
    const network = await user.network();
    await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null });
    const port = await user.port(network.id);
    await host.claim(await user.plug(port.id, randomUUID()));
    await fence(host);
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    const [row] = await stage.database.knex('resting_addresses').where({ port_id: port.id });
    expect(row).toMatchObject({ rest_until: expect.any(String) });
  });

  it('again changes nothing but the reason, and lifting no fence changes nothing', async () => {
    const host = await aliveHost();
    await unfence(host);
    expect((await agentOf(host)).revision).toBe(1);
    const { body: first } = await fence(host, 'one');
    const { body: again } = await fence(host, 'one');
    expect(again).toEqual(first);
    const { body: other } = await fence(host, 'two');
    expect(other).toMatchObject({ fencedAt: first.fencedAt, fenceReason: 'two', revision: 3 });
  });

  it('is finished by whoever comes next when it died half-way', async () => {
    const host = await aliveHost();
    const attachment = await plugged();
    await host.claim(attachment);
    // As a process leaves it that dies after the first step.
    await stage.database
      .knex('agents')
      .where({ host_name: host.host })
      .update({ fenced_at: stage.database.knex.fn.now(), fence_reason: 'gone' });
    expect(await selectUnfinishedFences(stage.database.knex)).toEqual([host.host]);
    await emptyHost(stage.options, host.host);
    expect(await selectUnfinishedFences(stage.database.knex)).toEqual([]);
    expect((await portOf(attachment.portId)).status).toBe('plugged');
  });

  it('together with its claims and reports leaves nothing bound to it', async () => {
    const host = await aliveHost();
    const attachments = [];
    for (let index = 0; index < 12; index++) attachments.push(await plugged());
    const claims = attachments.map(async (attachment) => {
      const { status, body } = await host.post('/v1/bindings', claimOf(attachment));
      if (status === 201) {
        const report = { status: 'active', generation: body.generation, epoch: body.epoch };
        await host.put(`/v1/bindings/${body.id}/status`, report);
      }
      return status;
    });
    const [, ...statuses] = await Promise.all([fence(host), ...claims]);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    const { body } = await admin.get(`/v1/agents/${host.host}/bindings`).expect(200);
    expect(body.items.every(({ desired }: { desired: string }) => desired === 'absent')).toBe(true);
    for (const { portId } of attachments) expect((await portOf(portId)).status).toBe('plugged');
  });
});

describe('releasing by force', () => {
  it('takes one port’s attachment from its host, which finds itself relieved', async () => {
    const [host, other] = [await aliveHost(), await aliveHost()];
    const attachment = await plugged();
    const binding = await host.claim(attachment, 3);
    await host.report(binding, 'active');
    await user.delete(`/v1/ports/${attachment.portId}/attachment/binding`).expect(204);
    expect(await portOf(attachment.portId)).toMatchObject({
      status: 'plugged',
      attachment: { generation: 2 },
    });
    expect((await host.get(`/v1/bindings/${binding.id}`).expect(200)).body.desired).toBe('absent');
    // It must not snatch it back, nor see that it could.
    const path = `/v1/projects/${attachment.projectId}/vnics/${attachment.vnicId}/attachment`;
    await host.get(path).expect(404);
    const back = await host.post('/v1/bindings', claimOf(attachment, 3)).expect(404);
    expect(back.body.code).toBe('attachment-not-found');
    const taken = await other.claim(attachment, 3);
    expect(taken).toMatchObject({ generation: 2, desired: 'present' });
    const [row] = await stage.database.knex('vnic_generations').where({ vnic_id: attachment.vnicId });
    expect(row).toMatchObject({ generation: 2 });
  });

  it('does not keep the vNIC from the host when it is plugged, or its machine placed, anew', async () => {
    const host = await aliveHost();
    const [one, two] = [await plugged(), await plugged()];
    for (const attachment of [one, two]) {
      const { id } = await host.claim(attachment, 3);
      await user.delete(`/v1/ports/${attachment.portId}/attachment/binding`).expect(204);
      await host.release(id);
    }
    await user.unplug(one.portId);
    await user.plug(one.portId, one.vnicId, one.macAddress);
    expect((await host.claim(one, 3)).generation).toBe(3);
    expect((await host.claim(two, 4)).generation).toBe(2);
  });

  it('is refused where there is nothing to release', async () => {
    const attachment = await plugged();
    const path = `/v1/ports/${attachment.portId}/attachment/binding`;
    expect((await user.delete(path).expect(404)).body.code).toBe('binding-not-found');
    await user.unplug(attachment.portId);
    expect((await user.delete(path).expect(404)).body.code).toBe('attachment-not-found');
    const stranger = await stage.user();
    expect((await stranger.delete(path).expect(404)).body.code).toBe('port-not-found');
  });

  it('takes everything from a host at once, and counts it', async () => {
    const host = await aliveHost();
    const attachments = [await plugged(), await plugged(), await plugged()];
    for (const attachment of attachments) await host.claim(attachment);
    const path = `/v1/agents/${host.host}/bindings`;
    const { body: listed } = await admin.get(`${path}?limit=2`).expect(200);
    expect(listed.items).toMatchObject([
      { vnicId: attachments[0]?.vnicId, portId: attachments[0]?.portId, desired: 'present', generation: 1 },
      { vnicId: attachments[1]?.vnicId },
    ]);
    const { body: rest } = await admin.get(`${path}?limit=2&pageToken=${listed.nextPageToken}`).expect(200);
    expect(rest.items).toMatchObject([{ vnicId: attachments[2]?.vnicId }]);
    expect((await admin.delete(path).expect(200)).body).toEqual({ releasedCount: 3 });
    expect((await admin.delete(path).expect(200)).body).toEqual({ releasedCount: 0 });
    for (const { portId } of attachments) expect((await portOf(portId)).status).toBe('plugged');
    expect((await agentOf(host)).status).toBe('alive');
  });

  it('of more than a batch of bindings is complete, and tells of each', async () => {
    const host = await aliveHost();
    const count = 510;
    const network = await user.network();
    const { body } = await user
      .post(`/v1/networks/${network.id}/ports/bulk`, {
        ports: Array.from({ length: count }, () => ({ fixedIps: [] })),
      })
      .expect(201);
    const { knex } = stage.database;
    const portIds: string[] = body.items.map(({ id }: Port) => id);
    await knex.raw(
      `with plugs as (
         insert into attachments (port_id, project_id, network_id, vnic_id, mac_address, generation)
         select id, project_id, network_id, gen_random_uuid(),
           cast('02:00:00:00:' || lpad(to_hex(place / 256), 2, '0') || ':' || lpad(to_hex(place % 256), 2, '0') as macaddr), 1
         from ports
         join unnest(cast(? as uuid[])) with ordinality as made(port, place) on made.port = ports.id
         returning *
       ), known as (
         insert into vnic_generations (project_id, vnic_id, generation) select project_id, vnic_id, 1 from plugs
       ), active as (
         update ports set status = 'active' where id = any(cast(? as uuid[]))
       )
       insert into bindings (id, project_id, vnic_id, port_id, network_id, host_name, generation, placement, status)
       select gen_random_uuid(), project_id, vnic_id, port_id, network_id, ?, 1, 1, 'active'
       from plugs`,
      [portIds, portIds, host.host],
    );
    const cursor = (await host.get('/v1/bindings').expect(200)).body.cursor;
    await fence(host);
    expect(await knex('bindings').where({ host_name: host.host, desired: 'absent' })).toHaveLength(count);
    expect(await knex('ports').whereIn('id', portIds).where({ status: 'plugged' })).toHaveLength(count);
    const told = await readEvents(stage.database, {
      filter: { audiences: [host.host] },
      cursor,
      limit: 200,
    });
    expect(told.items).toHaveLength(200);
  });
});

describe('a host whose agent is silent', () => {
  it('loses a vNIC to another host that claims it for a newer placement, and finds itself relieved', async () => {
    const [host, other] = [await aliveHost(), await aliveHost()];
    const attachment = await plugged();
    const binding = await host.claim(attachment, 3);
    await host.report(binding, 'active');
    const early = await other.post('/v1/bindings', claimOf(attachment, 4)).expect(409);
    expect(early.body.code).toBe('bound-elsewhere');
    await silence(host);
    const same = await other.post('/v1/bindings', claimOf(attachment, 3)).expect(409);
    expect(same.body.code).toBe('bound-elsewhere');
    const cursor = (await host.get('/v1/bindings').expect(200)).body.cursor;
    const taken = await other.post('/v1/bindings', claimOf(attachment, 4)).expect(201);
    expect(taken.body).toMatchObject({ generation: 2, placement: 4 });
    const told = await host.get(`/v1/changes?cursor=${cursor}`).expect(200);
    expect(told.body.items).toMatchObject([{ resourceId: binding.id, change: 'updated' }]);
    expect((await host.get(`/v1/bindings/${binding.id}`).expect(200)).body.desired).toBe('absent');
    expect((await portOf(attachment.portId)).attachment?.binding?.hostName).toBe(other.host);
  });
});
