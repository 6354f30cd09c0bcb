import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { NetworkAgent } from '@patchpanel/agent-api';
import { problemCodes } from '@patchpanel/contract-agent';
import { createApiApp, createMetrics, localAuthenticator, silentLogger } from '@patchpanel/service-kit';
import { recordingAgent, type RecordingAgent } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentOperations } from './operations.ts';
import { makeDaemonWorld, type DaemonWorld } from './testing/daemon-world.ts';

const document: unknown = JSON.parse(
  readFileSync(new URL('../../../openapi/dist/agent.json', import.meta.url), 'utf8'),
);

const key = { projectId: randomUUID(), vnicId: randomUUID() };
const item = { ...key, macAddress: '02:00:5e:10:00:01', placement: 1, device: { kind: 'none' } };

/** Each operation that takes a body, with one that it takes and one that it does not. */
const bodies = [
  { path: '/v1/wirings/ensure', good: { items: [item] }, bad: { items: [{ ...item, address: '10.0.0.5' }] } },
  { path: '/v1/wirings/remove', good: { items: [{ ...key, placement: 1 }] }, bad: { items: [] } },
  { path: '/v1/wirings/check', good: { items: [key] }, bad: { items: [{ vnicId: key.vnicId }] } },
  { path: '/v1/wirings/gc', good: { valid: [key], dryRun: true }, bad: { valid: 'all' } },
];
const lists = ['/v1/wirings', '/v1/status'];

describe('the socket API of a running daemon', () => {
  let world: DaemonWorld;
  let api: RecordingAgent;

  beforeAll(async () => {
    world = await makeDaemonWorld();
    api = recordingAgent(`http+unix://${encodeURIComponent(world.settings.socket)}`, 'agent', document);
  });
  afterAll(() => world.close());

  test('ensure, list, check, gc, remove and status speak as the document says', async () => {
    world.service.model.plug(key, { macAddress: item.macAddress });
    const ensured = await api
      .post('/v1/wirings/ensure')
      .send({ items: [item] })
      .expect(200);
    expect(ensured.body).toMatchObject({ results: [{ ...key, status: 'active', mtu: 1500 }] });
    const list = await api.get('/v1/wirings').expect(200);
    expect(list.body).toMatchObject({ items: [{ ...key, placement: 1, generation: 1, status: 'active' }] });
    const check = await api
      .post('/v1/wirings/check')
      .send({ items: [key] })
      .expect(200);
    expect(check.body).toEqual({ results: [{ ...key, known: true, differences: [] }] });
    const gc = await api.post('/v1/wirings/gc').send({ valid: [], dryRun: true }).expect(200);
    expect(gc.body).toEqual({ removed: [key] });
    const status = await api.get('/v1/status').expect(200);
    expect(status.body).toMatchObject({
      hostName: 'host-1',
      networkService: 'reachable',
      providers: [{ name: 'simulated', ready: true, missing: [] }],
      wirings: { active: 1, wiring: 0, error: 0 },
    });
    const removed = await api
      .post('/v1/wirings/remove')
      .send({ items: [{ ...key, placement: 1 }] })
      .expect(200);
    expect(removed.body).toEqual({ results: [{ ...key, status: 'removed' }] });
  });

  test('gc takes down without dryRun', async () => {
    const other = { projectId: randomUUID(), vnicId: randomUUID() };
    world.service.model.plug(other, { macAddress: item.macAddress });
    await api
      .post('/v1/wirings/ensure')
      .send({ items: [{ ...item, ...other }] })
      .expect(200);
    const { body } = await api.post('/v1/wirings/gc').send({ valid: [] }).expect(200);
    expect(body).toEqual({ removed: [other] });
    expect((await api.get('/v1/wirings')).body).toEqual({ items: [] });
  });

  test('the largest documented requests are taken', async () => {
    const valid = Array.from({ length: 10_000 }, () => ({ projectId: randomUUID(), vnicId: randomUUID() }));
    await api.post('/v1/wirings/gc').send({ valid }).expect(200);
    const items = Array.from({ length: 100 }, () => ({
      ...item,
      vnicId: randomUUID(),
      networkData: 'x'.repeat(16_384),
    }));
    const { body } = await api.post('/v1/wirings/ensure').send({ items }).expect(200);
    expect(body.results).toHaveLength(100);
    await api.post('/v1/wirings/gc').send({ valid: [] }).expect(200);
  });

  test.each(bodies)('$path refuses a body that the document does not know', async ({ path, bad }) => {
    const { body } = await api.post(path).send(bad).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request' });
  });

  test.each(bodies)('$path refuses what is no JSON, another media type, and too much', async ({ path }) => {
    const broken = await api.post(path).type('application/json').send('{"items": [').expect(400);
    expect(broken.body).toMatchObject({ code: 'malformed-json' });
    const text = await api.post(path).type('text/plain').send('all of them').expect(415);
    expect(text.body).toMatchObject({ code: 'unsupported-media-type' });
    const large = JSON.stringify({ items: 'x'.repeat(5 * 1024 * 1024) });
    const tooMuch = await api.post(path).type('application/json').send(large).expect(413);
    expect(tooMuch.body).toMatchObject({ code: 'payload-too-large' });
  });

  test.each(lists)('%s refuses parameters that the document does not know', async (path) => {
    const { body } = await api.get(`${path}?all=yes`).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request' });
  });

  test('a device names a process, a user or nothing, and nothing of the file system', async () => {
    const device = { kind: 'namespace', path: '/proc/1/ns/net', interfaceName: 'eth0' };
    await api
      .post('/v1/wirings/ensure')
      .send({ items: [{ ...item, device }] })
      .expect(400);
    const wrong = { kind: 'namespace', pid: 4242, startTime: '1', interfaceName: '../eth0' };
    await api
      .post('/v1/wirings/ensure')
      .send({ items: [{ ...item, device: wrong }] })
      .expect(400);
  });

  test('unknown paths and methods are problems, too', async () => {
    await api.get('/v1/ports').expect(404);
    await api.delete('/v1/wirings').expect(405);
  });

  test('the socket is open to owner and group alone', () => {
    expect(statSync(world.settings.socket).mode & 0o777).toBe(0o660);
  });

  test('metrics tell wirings and the contact to the network service', async () => {
    const { text } = await api.get('/metrics').expect(200);
    expect(text).toContain('agent_wirings{state="active"} 0');
    expect(text).toContain('agent_network_service_reachable 1');
  });
});

describe('the socket API of an agent that fails', () => {
  const broken = new Proxy({} as NetworkAgent, {
    get: () => () => Promise.reject(new Error('the disk is on fire')),
  });

  async function apiOf(stopping?: AbortSignal): Promise<RecordingAgent> {
    const { app } = await createApiApp({
      document,
      problemCodes,
      handlers: agentOperations(broken),
      auth: localAuthenticator,
      logger: silentLogger(),
      metrics: createMetrics({ defaults: false }),
      readiness: () => Promise.resolve(),
      stopping,
      validateResponses: true,
    });
    return recordingAgent(app, 'agent', document);
  }

  test('every operation tells of a failure, and nothing of its cause', async () => {
    const api = await apiOf();
    for (const { path, good } of bodies) {
      const { body, text } = await api.post(path).send(good).expect(500);
      expect(body).toMatchObject({ code: 'internal-error' });
      expect(text).not.toContain('fire');
    }
    for (const path of lists) await api.get(path).expect(500);
  });

  test('every operation says that the agent is stopping', async () => {
    const api = await apiOf(AbortSignal.abort());
    for (const { path, good } of bodies) {
      const { body } = await api.post(path).send(good).expect(503);
      expect(body).toMatchObject({ code: 'service-unavailable' });
    }
    for (const path of lists) await api.get(path).expect(503);
  });
});
