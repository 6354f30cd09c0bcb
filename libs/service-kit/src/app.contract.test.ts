import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import supertest from 'supertest';
import { userOperation } from './operations.ts';
import {
  mintTokens,
  recordingAgent,
  testDatabase,
  type RecordingAgent,
  type TestDatabase,
  type TestIssuer,
} from './testing/index.ts';
import { fixtureApp, fixtureHandlers, fixtureMigrations } from './testing/fixture-api.ts';
import { fixtureDocument } from './testing/fixture-document.ts';

const projectId = '019a0000-0000-7000-8000-00000000aaaa';
const otherProject = '019a0000-0000-7000-8000-00000000bbbb';
const missing = '019a0000-0000-7000-8000-00000000ffff';

let database: TestDatabase;
let issuer: TestIssuer;
let api: RecordingAgent;
let tokens: Record<'reader' | 'member' | 'admin' | 'other' | 'agent' | 'host', string>;

beforeAll(async () => {
  database = await testDatabase({ migrations: fixtureMigrations });
  issuer = await mintTokens();
  const audience = 'network';
  tokens = {
    reader: await issuer.userToken({ projectId, audience, roles: ['reader'] }),
    member: await issuer.userToken({ projectId, audience, roles: ['member'] }),
    admin: await issuer.userToken({ projectId, audience, roles: ['admin'] }),
    other: await issuer.userToken({ projectId: otherProject, audience }),
    agent: await issuer.serviceToken({ scope: 'network:agent', host: 'host-a', audience }),
    host: await issuer.serviceToken({ scope: 'compute:host', host: 'host-a', audience }),
  };
  const { app } = await fixtureApp(database, { auth: issuer.authenticator(audience) });
  api = recordingAgent(app, 'things', fixtureDocument);
}, 60_000);
afterAll(() => database.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const create = (name: string, token = tokens.member) =>
  api.post('/v1/things').set(bearer(token)).send({ name });

describe('an API app', () => {
  it('creates, reads, changes and deletes with ETag, Location and If-Match', async () => {
    const created = await create('one').expect(201);
    expect(created.headers).toMatchObject({ etag: '"1"', location: `/v1/things/${created.body.id}` });
    const path = `/v1/things/${created.body.id}`;
    await api
      .get(path.toUpperCase().replace('/V1/THINGS', '/v1/things'))
      .set(bearer(tokens.reader))
      .expect(200, created.body);
    const patch = (etag: string) =>
      api
        .patch(path)
        .set(bearer(tokens.member))
        .set('content-type', 'application/merge-patch+json')
        .set('if-match', etag)
        .send('{"name":"uno"}');
    await patch('"1"').expect(200).expect('etag', '"2"');
    const stale = await patch('"1"').expect(412);
    expect(stale.body.code).toBe('precondition-failed');
    await api.delete(path).set(bearer(tokens.admin)).expect(204, '');
    await api.get(path).set(bearer(tokens.reader)).expect(404);
  });

  it("answers 404 for another project's resource exactly as for one that does not exist", async () => {
    const created = await create('hidden').expect(201);
    const theirs = await api.get(`/v1/things/${created.body.id}`).set(bearer(tokens.other)).expect(404);
    const nobodys = await api.get(`/v1/things/${missing}`).set(bearer(tokens.other)).expect(404);
    expect(theirs.body.detail.replace(created.body.id, missing)).toBe(nobodys.body.detail);
  });

  it('demands a good token for its own audience, with a challenge', async () => {
    const refused = await api.get('/v1/things').expect(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
    const foreign = await issuer.userToken({ projectId, audience: 'compute' });
    const expired = await issuer.userToken({ projectId, audience: 'network', expiresInSeconds: -120 });
    const stranger = await (await mintTokens()).userToken({ projectId, audience: 'network' });
    const projectless = await issuer.token({ sub: 'x', aud: 'network', roles: ['admin'] });
    const [head = '', , signature = ''] = tokens.reader.split('.');
    const forged = `${head}.${Buffer.from(JSON.stringify({ sub: 'x' })).toString('base64url')}.${signature}`;
    for (const token of [foreign, expired, stranger, projectless, forged, 'nonsense', '', 'a b']) {
      const answer = await api.get('/v1/things').set(bearer(token)).expect(401);
      expect(answer.body.code).toBe('unauthenticated');
    }
  });

  it('lets a role do what lower roles may, and no scope pass for a role or the other way round', async () => {
    await create('by-reader', tokens.reader).expect(403);
    await create('by-admin', tokens.admin).expect(201);
    await api.delete(`/v1/things/${missing}`).set(bearer(tokens.member)).expect(403);
    await api.get('/v1/things').set(bearer(tokens.agent)).expect(403);
    await api.get('/v1/changes').set(bearer(tokens.admin)).expect(403);
    await api.get('/v1/changes').set(bearer(tokens.host)).expect(403);
    await api.get('/v1/changes').set(bearer(tokens.agent)).expect(200);
  });

  it.each([
    ['{"name": "x"', 'malformed-json', 400],
    ['', 'invalid-request', 400],
    ['"text"', 'invalid-request', 400],
    ['null', 'invalid-request', 400],
    ['{"name": 5}', 'invalid-request', 400],
    ['{"name": ""}', 'invalid-request', 400],
    ['{"name": "x", "extra": 1}', 'invalid-request', 400],
    ['{"name": "x", "sizes": [1, 0]}', 'invalid-request', 400],
    ['{"name": "a\\u0000b"}', 'invalid-request', 400],
    ['{"name": "a\\ud800b"}', 'invalid-request', 400],
    [`${'['.repeat(5000)}${']'.repeat(5000)}`, 'invalid-request', 400],
    [`{"name": "${'x'.repeat(1_100_000)}"}`, 'payload-too-large', 413],
  ])('refuses the body %.40s with %s', async (body, code, status) => {
    const answer = await api
      .post('/v1/things')
      .set(bearer(tokens.member))
      .set('content-type', 'application/json')
      .send(body)
      .expect(status);
    expect(answer.body.code).toBe(code);
  });

  it('points at each wrong field', async () => {
    const bodies = [
      [{ name: 5 }, '/name'],
      [{}, '/name'],
      [{ name: 'x', extra: 1 }, '/extra'],
      [{ name: 'x', sizes: [1, 0] }, '/sizes/1'],
    ] as const;
    for (const [body, pointer] of bodies) {
      const { body: answer } = await api.post('/v1/things').set(bearer(tokens.member)).send(body).expect(400);
      expect(answer.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer]);
    }
    const query = await api.get('/v1/things?limit=0').set(bearer(tokens.reader)).expect(400);
    expect(query.body.errors[0].pointer).toBe('/query/limit');
    for (const limit of ['0x10', '1e1', '%205', '5%20', '+5', '05', '5.0', '', '-', 'ten', '9'.repeat(400)]) {
      const odd = await api.get(`/v1/things?limit=${limit}`).set(bearer(tokens.reader)).expect(400);
      expect(odd.body.errors).toMatchObject([{ pointer: '/query/limit' }]);
    }
    const twice = await api.get('/v1/things?limit=5&limit=6').set(bearer(tokens.reader)).expect(400);
    expect(twice.body.errors[0].pointer).toBe('/query/limit');
    await api.get('/v1/things?limit=200').set(bearer(tokens.reader)).expect(200);
    const unknown = await api.get('/v1/things?colour=red').set(bearer(tokens.reader)).expect(400);
    expect(unknown.body.errors[0].pointer).toBe('/query/colour');
    const path = await api.get('/v1/things/nonsense').set(bearer(tokens.reader)).expect(400);
    expect(path.body.errors[0].pointer).toBe('/path/thingId');
  });

  it('refuses other media types, unknown paths and wrong methods', async () => {
    const text = await api
      .post('/v1/things')
      .set(bearer(tokens.member))
      .set('content-type', 'text/plain')
      .send('x')
      .expect(415);
    expect(text.body.code).toBe('unsupported-media-type');
    const unknown = await api.get('/v1/nowhere').expect(404);
    expect(unknown.body.code).toBe('route-not-found');
    const method = await api.put('/v1/things').expect(405).expect('allow', 'GET, POST');
    expect(method.body.code).toBe('method-not-allowed');
    await api.get('/v1/things/').expect(404);
    await api.get('/v1/things/%zz').set(bearer(tokens.reader)).expect(400);
    await api.get('/v1/things?name=%00').set(bearer(tokens.reader)).expect(400);
  });

  it('takes a body with a charset, and says what is wrong with none at all', async () => {
    const request = () => api.post('/v1/things').set(bearer(tokens.member));
    await request()
      .set('content-type', 'application/json; charset=utf-8')
      .send('{"name":"charset"}')
      .expect(201);
    const none = await request().expect(400);
    expect(none.body.code).toBe('invalid-request');
    const nothing = await api.patch(`/v1/things/${missing}`).set(bearer(tokens.member)).expect(400);
    expect(nothing.body.code).toBe('invalid-request');
    const nulled = await api
      .patch(`/v1/things/${missing}`)
      .set(bearer(tokens.member))
      .set('content-type', 'application/merge-patch+json')
      .send('{"friendId":null}')
      .expect(404);
    expect(nulled.body.code).toBe('thing-not-found');
  });

  it('brings UUIDs to one spelling in bodies too', async () => {
    const answer = await api
      .post('/v1/things')
      .set(bearer(tokens.member))
      .send({ name: 'friend', friendId: missing.toUpperCase() })
      .expect(201);
    expect(answer.body.friendId).toBe(missing);
  });

  it('leaks nothing of an unexpected failure, trusts no foreign status, and says when the database is gone', async () => {
    const failing = async (error: unknown) => {
      const handlers = {
        ...fixtureHandlers(database),
        listThings: userOperation(() => {
          throw error;
        }),
      };
      const { app } = await fixtureApp(database, { auth: issuer.authenticator('network'), handlers });
      return recordingAgent(app, 'things', fixtureDocument).get('/v1/things').set(bearer(tokens.reader));
    };
    const crash = await failing(
      Object.assign(new Error('secret'), { status: 418, statusCode: 418, code: 'teapot' }),
    );
    expect([crash.status, crash.body.code]).toEqual([500, 'internal-error']);
    expect(crash.text).not.toContain('secret');
    expect((await failing('just text')).status).toBe(500);
    for (const code of ['57P01', '08006', '53300']) {
      const gone = await failing(Object.assign(new Error('terminating'), { code }));
      expect([gone.status, gone.headers['retry-after']]).toEqual([503, '2']);
    }
  });

  it('turns a response that departs from the document into an internal error', async () => {
    const handlers = {
      ...fixtureHandlers(database),
      listThings: userOperation(async () => ({ status: 200, body: { items: [{ id: 1 }] } })),
    };
    const { app } = await fixtureApp(database, { auth: issuer.authenticator('network'), handlers });
    await recordingAgent(app, 'things', fixtureDocument)
      .get('/v1/things')
      .set(bearer(tokens.reader))
      .expect(500);
  });

  it('does not start when handlers and operations differ', async () => {
    const { getThing, ...rest } = fixtureHandlers(database);
    const auth = issuer.authenticator('network');
    if (!getThing) throw new Error('the fixture has no getThing');
    await expect(fixtureApp(database, { auth, handlers: rest })).rejects.toThrow('getThing has no handler');
    await expect(
      fixtureApp(database, { auth, handlers: { ...rest, getThing, more: getThing } }),
    ).rejects.toThrow('more is no operation');
    await expect(
      fixtureApp(database, { auth, handlers: { ...rest, getThing, listChanges: getThing } }),
    ).rejects.toThrow('listChanges lets a service in, but its handler is for a user');
  });

  it('serves health, readiness, metrics, the document and its page to anyone, offline', async () => {
    const { app } = await fixtureApp(database, { auth: issuer.authenticator('network') });
    const agent = supertest(app);
    await agent.get('/healthz').expect(200);
    await agent.get('/readyz').expect(200);
    await agent.get('/openapi.json').expect(200, fixtureDocument);
    await agent.get('/v1/things').set(bearer(tokens.reader)).expect(200);
    const metrics = await agent.get('/metrics').expect(200);
    expect(metrics.text).toContain(
      'http_requests_total{operationId="listThings",status="200",caller="user"} 1',
    );
    const page = await agent.get('/docs').expect(200);
    expect(page.text).not.toMatch(/https?:/);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    for (const [, url = ''] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g))
      await agent.get(url).expect(200);
    expect(page.headers['x-powered-by']).toBeUndefined();
    await agent.post('/healthz').expect(405);
  });

  it('is not ready while the database is away or the process is stopping', async () => {
    const stopping = new AbortController();
    const auth = issuer.authenticator('network');
    const away = await fixtureApp(database, { auth, readiness: () => Promise.reject(new Error('away')) });
    await supertest(away.app).get('/readyz').expect(503).expect('retry-after', '2');
    const { app } = await fixtureApp(database, { auth, stopping: stopping.signal });
    stopping.abort();
    await supertest(app).get('/readyz').expect(503);
    await supertest(app).get('/healthz').expect(200);
  });
});
