import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testEngine } from '@patchpanel/service-kit/testing';
import {
  audience,
  eventually,
  startComputeService,
  type ComputeService,
  type UserClient,
} from '../testing/compute-service.ts';
import { noticeSilentHosts } from './service.ts';

let service: ComputeService;
let admin: UserClient;
beforeAll(async () => {
  service = await startComputeService();
  admin = await service.user({ roles: ['admin'] });
});
beforeEach(() => service.empty());
afterAll(() => service.close());

const readEvents = (hostName: string): Promise<{ change: string; revision: number }[]> =>
  service.database
    .knex('events')
    .where({ resource_type: 'host', resource_id: hostName })
    .orderBy('position')
    .select('change', 'revision');

describe(`hosts on ${testEngine()}`, () => {
  it('register under the name in their token, and learn how often to be heard', async () => {
    const host = await service.host('host-1');
    const { body } = await host.put('/v1/host').send({ driver: 'netns', instanceCapacity: 7 }).expect(200);
    expect(body).toEqual({ name: 'host-1', heartbeatSeconds: 60 });
    const read = await admin.get('/v1/hosts/host-1').expect(200);
    expect(read.body).toMatchObject({
      name: 'host-1',
      driver: 'netns',
      status: 'up',
      instanceCount: 0,
      instanceCapacity: 7,
      revision: 1,
    });
    expect(read.headers['etag']).toBe('"1"');
  });

  it('rise in revision when a registration says something new, and only then', async () => {
    const host = await service.host('changing');
    const register = (instanceCapacity: number, driver = 'netns') =>
      host.put('/v1/host').send({ driver, instanceCapacity }).expect(200);
    await register(7);
    await register(7);
    expect(await service.readHost('changing')).toMatchObject({ revision: 1 });
    await register(8);
    await register(8, 'simulated');
    expect(await service.readHost('changing')).toMatchObject({
      revision: 3,
      instanceCapacity: 8,
      driver: 'simulated',
    });
    expect(await readEvents('changing')).toEqual([
      { change: 'created', revision: 1 },
      { change: 'updated', revision: 2 },
      { change: 'updated', revision: 3 },
    ]);
  });

  it('can register twice at the same time', async () => {
    const host = await service.host('eager');
    await Promise.all([host.register(3), host.register(3), host.register(3)]);
    expect(await service.readHost('eager')).toMatchObject({ revision: 1 });
  });

  it('must register before their heartbeats count', async () => {
    const host = await service.host('unknown');
    const { body } = await host.post('/v1/host/heartbeat').expect(409);
    expect(body.code).toBe('host-not-registered');
    expect((await host.get('/v1/assignments').expect(409)).body.code).toBe('host-not-registered');
  });

  it('fall silent without heartbeats, come back with one, and each is told once', async () => {
    const host = await service.host('sleepy');
    await host.register();
    await service.silence('sleepy');
    expect(await service.readHost('sleepy')).toMatchObject({ status: 'silent' });
    const parts = { database: service.database, heartbeatSeconds: 60 };
    await noticeSilentHosts(parts);
    await noticeSilentHosts(parts);
    expect(await service.readHost('sleepy')).toMatchObject({ status: 'silent', revision: 2 });
    await host.post('/v1/host/heartbeat').expect(204);
    await host.post('/v1/host/heartbeat').expect(204);
    expect(await service.readHost('sleepy')).toMatchObject({ status: 'up', revision: 3 });
    expect((await readEvents('sleepy')).map(({ change }) => change)).toEqual([
      'created',
      'updated',
      'updated',
    ]);
  });

  it('are noticed to be silent by the service itself', async () => {
    const quick = await startComputeService({ heartbeatSeconds: 1 });
    try {
      const host = await quick.host('fading');
      await host.register();
      await quick.silence('fading');
      await eventually(async () => {
        expect(await quick.readHost('fading')).toMatchObject({ status: 'silent', revision: 2 });
      });
    } finally {
      await quick.close();
    }
  });

  it('are listed by name, page by page', async () => {
    for (const name of ['b', 'a.example', 'd', 'c-3']) await (await service.host(name)).register();
    const seen: string[] = [];
    let next = '';
    for (let pages = 0; pages < 2; pages++) {
      const { body } = await admin.get(`/v1/hosts?limit=2${next}`).expect(200);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      next = `&pageToken=${body.nextPageToken ?? ''}`;
    }
    expect(seen).toEqual(['a.example', 'b', 'c-3', 'd']);
    const { body } = await admin.get('/v1/hosts?pageToken=not-one').expect(400);
    expect(body.code).toBe('invalid-page-token');
  });

  it('are for administrators, who are told when there is no such host', async () => {
    await (await service.host('host-1')).register();
    const member = await service.user({ roles: ['member'] });
    for (const path of ['/v1/hosts', '/v1/hosts/host-1', '/v1/hosts/nobody']) {
      expect((await member.get(path).expect(403)).body.code).toBe('forbidden');
    }
    expect((await admin.get('/v1/hosts/nobody').expect(404)).body.code).toBe('host-not-found');
    await admin.get('/v1/hosts/No_Name').expect(400);
  });

  it('need a name that can be one', async () => {
    const host = await service.host('Not A Name');
    const { body } = await host.put('/v1/host').send({ driver: 'netns', instanceCapacity: 1 }).expect(401);
    expect(body.code).toBe('unauthenticated');
  });

  it('have tokens of their own: neither listener takes those of the other', async () => {
    const token = await service.issuer.serviceToken({ scope: 'compute:host', host: 'h', audience });
    const agents = await service.issuer.serviceToken({ scope: 'network:agent', host: 'h', audience });
    const asHost = (path: string) => admin.get(path).set('authorization', `Bearer ${token}`);
    await asHost('/v1/vnics').expect(403);
    const host = await service.host('h');
    await host.get('/v1/assignments').set('authorization', `Bearer ${agents}`).expect(403);
    const userToken = await service.issuer.userToken({
      projectId: admin.projectId,
      audience,
      roles: ['admin'],
    });
    await host.get('/v1/assignments').set('authorization', `Bearer ${userToken}`).expect(403);
    const network = await service.issuer.serviceToken({
      scope: 'compute:host',
      host: 'h',
      audience: 'network',
    });
    await host.get('/v1/assignments').set('authorization', `Bearer ${network}`).expect(401);
  });
});
