import type { Instance } from '@patchpanel/contract-compute';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from '@patchpanel/service-kit/testing';
import {
  eventually,
  outline,
  startComputeService,
  type ComputeService,
  type HostClient,
  type UserClient,
} from '../testing/compute-service.ts';

let service: ComputeService;
let user: UserClient;
let host: HostClient;
beforeAll(async () => {
  service = await startComputeService();
  user = await service.user();
  host = await service.host();
  await host.register(1000);
});
afterAll(() => service.close());

async function makeVnics(count: number, owner = user): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push((await owner.makeVnic()).id);
  return ids;
}

describe(`instances on ${testEngine()}`, () => {
  it('are made with their vNICs in order, and placed on a host', async () => {
    const vnicIds = (await makeVnics(3)).reverse();
    const { body, headers } = await user.post('/v1/instances').send({ name: 'web-1', vnicIds }).expect(201);
    expect(body).toMatchObject({
      name: 'web-1',
      projectId: user.projectId,
      vnicIds,
      powerState: 'running',
      status: 'starting',
      hostName: host.name,
      placement: expect.any(Number),
      generation: 1,
      observedGeneration: 0,
      revision: 1,
    });
    expect(body).not.toHaveProperty('statusReason');
    expect(headers['location']).toBe(`/v1/instances/${body.id}`);
    const read = await user.get(`/v1/instances/${body.id.toUpperCase()}`).expect(200);
    expect(read.body).toEqual(body);
    expect(read.headers['etag']).toBe('"1"');
    for (const id of vnicIds) {
      const vnic = await user.get(`/v1/vnics/${id}`).expect(200);
      expect(vnic.body).toMatchObject({ instanceId: body.id, revision: 2 });
    }
  });

  it('refuse a vNIC named twice, in any letter case', async () => {
    const [id = ''] = await makeVnics(1);
    const { body } = await user
      .post('/v1/instances')
      .send({ vnicIds: [id, id.toUpperCase()] })
      .expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/vnicIds/1' }] });
  });

  it('name every vNIC that is missing; a foreign one is like one that nobody has, and nothing is taken', async () => {
    const [mine = ''] = await makeVnics(1);
    const [foreign = ''] = await makeVnics(1, await service.user());
    const attempt = async (missing: string) =>
      outline(await user.post('/v1/instances').send({ vnicIds: [missing, mine, unknown] }), missing);
    const unknown = uuidv7();
    const [first, second] = [await attempt(foreign), await attempt(uuidv7())];
    expect(first).toEqual(second);
    expect(first.status).toBe(404);
    const pointers = ['/vnicIds/0', '/vnicIds/2'];
    expect(first.problem).toMatchObject({
      code: 'vnic-not-found',
      errors: pointers.map((pointer) => ({ pointer })),
    });
    expect((await user.get(`/v1/vnics/${mine}`).expect(200)).body).not.toHaveProperty('instanceId');
  });

  it('refuse a vNIC that another instance has, and say which', async () => {
    const vnicIds = await makeVnics(1);
    const holder = await user.makeInstance({ vnicIds });
    const [free = ''] = await makeVnics(1);
    const { body } = await user
      .post('/v1/instances')
      .send({ vnicIds: [free, ...vnicIds] })
      .expect(409);
    expect(body).toMatchObject({ code: 'vnic-in-use', errors: [{ pointer: '/vnicIds/1' }] });
    expect(body.errors[0].detail).toContain(holder.id);
    expect((await user.get(`/v1/vnics/${free}`).expect(200)).body).not.toHaveProperty('instanceId');
  });

  it('of 32 clients that race for one vNIC, exactly one gets it', async () => {
    const [shared = ''] = await makeVnics(1);
    const others = await makeVnics(32);
    const before = (await service.readHost(host.name)).instanceCount;
    const answers = await Promise.all(
      others.map((other, index) =>
        user.post('/v1/instances').send({ vnicIds: index % 2 === 0 ? [shared, other] : [other, shared] }),
      ),
    );
    const winners = answers.filter(({ status }) => status === 201);
    expect(winners).toHaveLength(1);
    const losers = answers.filter(({ status }) => status !== 201);
    expect(losers.every(({ status, body }) => status === 409 && body.code === 'vnic-in-use')).toBe(true);
    expect((await user.get(`/v1/vnics/${shared}`).expect(200)).body.instanceId).toBe(winners[0]?.body.id);
    const { instanceCount } = await service.readHost(host.name);
    expect(instanceCount).toBe(before + 1);
  });

  it('repeat the first answer for the same idempotency key, and refuse it for another request', async () => {
    const vnicIds = await makeVnics(1);
    const post = (body: object) => user.post('/v1/instances').set('idempotency-key', 'boot-once').send(body);
    const [first, second] = await Promise.all([post({ vnicIds }), post({ vnicIds })]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect((await post({}).expect(422)).body.code).toBe('idempotency-key-reused');
  });

  it('made stopped get no host until they are started', async () => {
    const made = await user.makeInstance({ powerState: 'stopped' });
    expect(made).toMatchObject({ status: 'stopped', placement: 0 });
    expect(made).not.toHaveProperty('hostName');
    const { body } = await user.post(`/v1/instances/${made.id}/start`).expect(202);
    expect(body).toMatchObject({
      powerState: 'running',
      status: 'starting',
      hostName: host.name,
      placement: expect.any(Number),
    });
    expect(body.placement).toBeGreaterThan(0);
    await host.report(made.id, { status: 'running' });
    expect(await user.readInstance(made.id)).toMatchObject({ status: 'running', observedGeneration: 2 });
  });

  it('stop on their host, keep it, and start there again', async () => {
    const { id } = await user.makeInstance();
    await host.report(id, { status: 'running' });
    const running = await user.readInstance(id);
    expect(running).toMatchObject({ status: 'running', revision: 2, observedGeneration: 1 });
    const stopping = await user.post(`/v1/instances/${id}/stop`).expect(202);
    expect(stopping.body).toMatchObject({ powerState: 'stopped', status: 'stopping', revision: 3 });
    const { placement } = running;
    expect(await host.readAssignment(id)).toMatchObject({ desired: 'stopped', placement, revision: 3 });
    await host.report(id, { status: 'stopped' });
    const { instanceCount } = await service.readHost(host.name);
    expect(await user.readInstance(id)).toMatchObject({ status: 'stopped', hostName: host.name });
    const starting = await user.post(`/v1/instances/${id}/start`).expect(202);
    expect(starting.body).toMatchObject({ status: 'starting', hostName: host.name, placement });
    expect((await service.readHost(host.name)).instanceCount).toBe(instanceCount);
  });

  it('answer a repeated order when they have answered the first: its generation is the same', async () => {
    const { id } = await user.makeInstance();
    await host.report(id, { status: 'running' });
    await user.post(`/v1/instances/${id}/stop`).expect(202);
    await host.report(id, { status: 'stopped' });
    const first: Instance = (await user.post(`/v1/instances/${id}/start`).expect(202)).body;
    expect(first.observedGeneration).toBeLessThan(first.generation);
    await host.report(id, { status: 'running' });
    const again: Instance = (await user.post(`/v1/instances/${id}/start`).expect(202)).body;
    expect(again).toMatchObject({ status: 'running', generation: first.generation });
    expect(again.revision).toBeGreaterThan(again.generation);
    expect(again.observedGeneration).toBeGreaterThanOrEqual(again.generation);
  });

  it('that no host has answer the order to be stopped at once', async () => {
    const made = await user.makeInstance({ powerState: 'stopped' });
    expect(made).toMatchObject({ status: 'stopped', generation: 1, observedGeneration: 1 });
    const { body } = await user.delete(`/v1/instances/${made.id}`).expect(202);
    expect(body).toMatchObject({ status: 'deleting', generation: 2, observedGeneration: 2 });
    const owner = await service.user();
    await withoutHosts(async () => {
      const waiting = await owner.makeInstance();
      expect(waiting).toMatchObject({ status: 'scheduling', generation: 1, observedGeneration: 0 });
      const { body: stopped } = await owner.post(`/v1/instances/${waiting.id}/stop`).expect(202);
      expect(stopped.status).toBe('stopped');
      expect(stopped.observedGeneration).toBe(stopped.generation);
    });
  });

  it.each(['start', 'stop'] as const)('take the order to %s twice, and change once', async (order) => {
    const { id } = await user.makeInstance({ powerState: order === 'start' ? 'stopped' : 'running' });
    const first = await user.post(`/v1/instances/${id}/${order}`).expect(202);
    const second = await user.post(`/v1/instances/${id}/${order}`).expect(202);
    expect(second.body).toEqual(first.body);
  });

  it('wait stopped when they are stopped before a host has them', async () => {
    const owner = await service.user();
    await withoutHosts(async () => {
      const { id, status } = await owner.makeInstance();
      expect(status).toBe('scheduling');
      const { body } = await owner.post(`/v1/instances/${id}/stop`).expect(202);
      expect(body).toMatchObject({ powerState: 'stopped', status: 'stopped', placement: 0 });
      expect(body).not.toHaveProperty('statusReason');
    });
  });

  it('are deleted when their host has reported that nothing is left; then their vNICs are free', async () => {
    const vnicIds = await makeVnics(2);
    const { id } = await user.makeInstance({ vnicIds });
    await host.report(id, { status: 'running' });
    const before = (await service.readHost(host.name)).instanceCount;
    const deleting = await user.delete(`/v1/instances/${id}`).expect(202);
    expect(deleting.body).toMatchObject({ status: 'deleting', vnicIds, hostName: host.name });
    expect(await host.readAssignment(id)).toMatchObject({ desired: 'absent' });
    expect((await user.delete(`/v1/instances/${id}`).expect(202)).body).toEqual(deleting.body);
    for (const order of ['start', 'stop']) {
      const { body } = await user.post(`/v1/instances/${id}/${order}`).expect(409);
      expect(body.code).toBe('instance-deleting');
    }
    await user.delete(`/v1/vnics/${vnicIds[0] ?? ''}`).expect(409);
    await host.report(id, { status: 'deleting' });
    await host.report(id, { status: 'error', statusReason: 'the disk will not go' });
    expect(await user.readInstance(id)).toMatchObject({
      status: 'deleting',
      statusReason: 'the disk will not go',
    });
    await host.report(id, { status: 'absent' });
    await user.get(`/v1/instances/${id}`).expect(404);
    await host.get(`/v1/assignments/${id}`).expect(404);
    expect((await service.readHost(host.name)).instanceCount).toBe(before - 1);
    for (const vnicId of vnicIds) {
      const { body } = await user.get(`/v1/vnics/${vnicId}`).expect(200);
      expect(body).not.toHaveProperty('instanceId');
      expect(body.revision).toBe(3);
    }
    await user.makeInstance({ vnicIds });
  });

  it('that no host has are gone at once when they are deleted', async () => {
    const vnicIds = await makeVnics(1);
    const made = await user.makeInstance({ vnicIds, powerState: 'stopped' });
    const { body, headers } = await user.delete(`/v1/instances/${made.id}`).expect(202);
    expect(body).toMatchObject({ id: made.id, vnicIds, status: 'deleting', revision: 2 });
    expect(headers['etag']).toBe('"2"');
    await user.get(`/v1/instances/${made.id}`).expect(404);
    await user.delete(`/v1/instances/${made.id}`).expect(404);
    expect((await user.get(`/v1/vnics/${vnicIds[0] ?? ''}`).expect(200)).body).not.toHaveProperty(
      'instanceId',
    );
  });

  it('take orders only at the revision that If-Match names', async () => {
    const { id } = await user.makeInstance();
    const orders = [
      () => user.post(`/v1/instances/${id}/start`),
      () => user.post(`/v1/instances/${id}/stop`),
      () => user.delete(`/v1/instances/${id}`),
    ];
    for (const order of orders) {
      expect((await order().set('if-match', '"7"').expect(412)).body.code).toBe('precondition-failed');
    }
    expect(await user.readInstance(id)).toMatchObject({ status: 'starting', revision: 1 });
    await user.post(`/v1/instances/${id}/stop`).set('if-match', '"1"').expect(202);
    await user.delete(`/v1/instances/${id}`).set('if-match', '*').expect(202);
  });

  it('are listed oldest first, page by page, and by status', async () => {
    const owner = await service.user();
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names)
      await owner.makeInstance({ name, powerState: name === 'c' ? 'stopped' : 'running' });
    const seen: string[] = [];
    let next = '';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await owner.get(`/v1/instances?limit=2${next}`).expect(200);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      next = `&pageToken=${body.nextPageToken ?? ''}`;
    }
    expect(seen).toEqual(names);
    const { body } = await owner.get('/v1/instances?status=stopped').expect(200);
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['c']);
    const refused = await owner.get('/v1/instances?pageToken=not-one').expect(400);
    expect(refused.body.code).toBe('invalid-page-token');
  });

  it('of other projects do not exist: look-ups answer as for an id that nobody has', async () => {
    const { id } = await user.makeInstance();
    const before = await user.readInstance(id);
    const stranger = await service.user({ roles: ['admin'] });
    const answers = async (asked: string) => {
      const path = `/v1/instances/${asked}`;
      const responses = [
        await stranger.get(path),
        await stranger.post(`${path}/start`),
        await stranger.post(`${path}/stop`).set('if-match', '"9"'),
        await stranger.delete(path),
      ];
      return responses.map((response) => outline(response, asked));
    };
    const foreign = await answers(id);
    expect(foreign).toEqual(await answers(uuidv7()));
    expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await user.readInstance(id)).toEqual(before);
    expect((await stranger.get('/v1/instances').expect(200)).body.items).toEqual([]);
    expect((await stranger.get(`/v1/vnics?instanceId=${id}`).expect(200)).body.items).toEqual([]);
  });

  it('are told of in the feed in the order of their revisions', async () => {
    const owner = await service.user();
    const { id } = await owner.makeInstance();
    await host.report(id, { status: 'running' });
    await owner.delete(`/v1/instances/${id}`).expect(202);
    await host.report(id, { status: 'absent' });
    const events = await service.database
      .knex('events')
      .where({ resource_id: id, resource_type: 'instance', project_id: owner.projectId })
      .orderBy('position');
    expect(events.map(({ change, revision }) => [change, revision])).toEqual([
      ['created', 1],
      ['updated', 2],
      ['updated', 3],
      ['deleted', 4],
    ]);
  });
});

/** Runs work while the only host is silent, and waits afterwards until nothing waits for a host. */
async function withoutHosts(work: () => Promise<void>): Promise<void> {
  await service.silence(host.name);
  try {
    await work();
  } finally {
    await host.post('/v1/host/heartbeat').expect(204);
    await eventually(async () => {
      const waiting = await service.database.knex('instances').where({ status: 'scheduling' });
      expect(waiting).toEqual([]);
    });
  }
}
