import { randomUUID } from 'node:crypto';
import type { Event } from '@patchpanel/contract-network';
import { forgetEvents, listen, type Listener } from '@patchpanel/service-kit';
import { openStream } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetworkApp } from '../app.ts';
import { openStage, type Stage, type TestCaller, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let listener: Listener;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  listener = await listen((await createNetworkApp(stage.options)).app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await listener.close(0);
  await stage.close();
});

async function follow(caller: TestCaller, query: Record<string, string | string[]> = {}) {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat()) search.append(name, value);
  const { body } = await caller.get(`/v1/events?${search.toString()}`).expect(200);
  const { items, nextCursor }: { items: Event[]; nextCursor: string } = body;
  return { items, nextCursor, told: items.map(({ resourceType, change }) => `${resourceType}.${change}`) };
}

const cursorOf = async (caller: TestCaller) => (await follow(caller)).nextCursor;

describe('events for users', () => {
  it('tell what became of each resource, with what is needed to read it again and to go on', async () => {
    const cursor = await cursorOf(user);
    const network = await user.network();
    const { items, nextCursor } = await follow(user, { cursor });
    expect(items).toEqual([
      {
        cursor: nextCursor,
        resourceType: 'network',
        resourceId: network.id,
        projectId: user.projectId,
        change: 'created',
        revision: 1,
        occurredAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    expect((await follow(user, { cursor: nextCursor })).items).toEqual([]);
  });

  it('are narrowed by type and by resource, each given once or more', async () => {
    const cursor = await cursorOf(user);
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    const port = await user.port(network.id);
    const idsOf = async (query: Record<string, string | string[]>) =>
      (await follow(user, { cursor, ...query })).items
        .filter(({ resourceType }) => resourceType !== 'quota' && resourceType !== 'security-group')
        .map(({ resourceId }) => resourceId);
    const [n, s, p] = [network.id, subnet.id, port.id];
    expect(await idsOf({ resourceType: 'port' })).toEqual([p]);
    expect(await idsOf({ resourceType: ['port', 'network'] })).toEqual([n, p]);
    expect(await idsOf({ resourceId: s })).toEqual([s]);
    expect(await idsOf({ resourceId: [p.toUpperCase(), s] })).toEqual([s, p]);
    expect(await idsOf({ resourceId: [p, s], resourceType: 'subnet' })).toEqual([s]);
    expect(await idsOf({ limit: '1', resourceType: ['network', 'subnet'] })).toEqual([n]);
  });

  it("are the caller's project's, and other projects' only for operators", async () => {
    const stranger = await stage.user();
    const operator = await stage.user(undefined, ['admin']);
    const cursor = await cursorOf(operator);
    const mine = await user.network();
    const theirs = await stranger.network();
    const networksOf = async (caller: TestCaller, query: Record<string, string> = {}) =>
      (await follow(caller, { cursor, resourceType: 'network', ...query })).items.map(
        ({ resourceId }) => resourceId,
      );
    expect(await networksOf(user)).toEqual([mine.id]);
    expect(await networksOf(user, { projectId: user.projectId.toUpperCase() })).toEqual([mine.id]);
    expect(await networksOf(operator)).toEqual([]);
    expect(await networksOf(operator, { projectId: stranger.projectId })).toEqual([theirs.id]);
    expect(await networksOf(operator, { allProjects: 'true' })).toEqual([mine.id, theirs.id]);
    for (const query of [
      `projectId=${stranger.projectId}`,
      'allProjects=true',
      `projectId=${randomUUID()}`,
    ]) {
      const { body } = await user.get(`/v1/events?${query}`).expect(403);
      expect(body.code).toBe('forbidden');
    }
    const { body } = await operator
      .get(`/v1/events?allProjects=true&projectId=${user.projectId}`)
      .expect(400);
    expect(body.errors).toEqual([{ pointer: '/query/projectId', detail: 'goes without allProjects' }]);
  });

  it('are waited for, and the answer comes with the first', async () => {
    const cursor = await cursorOf(user);
    const waiting = follow(user, { cursor, waitSeconds: '30' });
    const network = await user.network();
    expect((await waiting).items.map(({ resourceId }) => resourceId)).toEqual([network.id]);
  });

  it('go on behind Last-Event-ID, which wins over the cursor', async () => {
    const cursor = await cursorOf(user);
    await user.network();
    const later = await cursorOf(user);
    const network = await user.network();
    const { body } = await user.get(`/v1/events?cursor=${cursor}`).set('last-event-id', later).expect(200);
    expect(body.items.map(({ resourceId }: Event) => resourceId)).toEqual([network.id]);
  });

  it('refuse a cursor of nobody, and one whose events are no longer kept', async () => {
    expect((await user.get('/v1/events?cursor=made-up').expect(400)).body.code).toBe('invalid-cursor');
    const cursor = await cursorOf(user);
    await user.network();
    await user.network();
    await forgetEvents(stage.database.knex, '2999-01-01T00:00:00Z');
    expect((await user.get(`/v1/events?cursor=${cursor}`).expect(410)).body.code).toBe('events-compacted');
  });

  it('come as a stream of the same events when the caller asks for one', async () => {
    const token = await stage.issuer.userToken({ projectId: user.projectId, audience: 'network' });
    const authorization = `Bearer ${token}`;
    const stream = await openStream(`${listener.url}/v1/events?resourceType=port`, { authorization });
    try {
      const { id = '', event } = (await stream.next()) ?? {};
      expect(event).toBe('bookmark');
      const network = await user.network();
      const port = await user.port(network.id, { fixedIps: [] });
      const message = await stream.nextEvent();
      const { items } = await follow(user, { cursor: id, resourceType: 'port' });
      expect(items.map(({ resourceId }) => resourceId)).toEqual([port.id]);
      expect(message).toMatchObject({ event: 'port.created', id: items[0]?.cursor });
      expect(JSON.parse(message?.data ?? '')).toEqual(items[0]);
    } finally {
      await stream.close();
    }
  });
});
