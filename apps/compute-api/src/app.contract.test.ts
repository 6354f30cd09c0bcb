import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiApp, Authenticator, Database } from '@patchpanel/service-kit';
import {
  exerciseStandardProblems,
  mintTokens,
  recordingAgent,
  testDatabase,
  testEngine,
  type RecordingAgent,
  type TestDatabase,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import { createComputeApp, createSouthboundApp } from './app.ts';
import { migrations } from './migrations/index.ts';
import { appOptions, audience } from './testing/compute-service.ts';

let database: TestDatabase;
let issuer: TestIssuer;
beforeAll(async () => {
  database = await testDatabase({ migrations });
  issuer = await mintTokens();
});
afterAll(() => database.close());

const sides = [
  { name: 'compute', create: createComputeApp },
  { name: 'compute-southbound', create: createSouthboundApp },
] as const;
type Side = (typeof sides)[number];

/** One side of the service over a database. */
function build({ create }: Side, using: Database, auth?: Authenticator): Promise<ApiApp> {
  return create(appOptions(using, auth ?? issuer.authenticator(audience)));
}

const agentOf = (api: ApiApp, { name }: Side): RecordingAgent =>
  recordingAgent(api.app, name, api.document.source);

/** A request of each operation that gets as far as the database. */
const requests: Record<Side['name'], Record<string, { method: string; path: string; body?: object }>> = {
  compute: {
    createVnic: { method: 'POST', path: '/v1/vnics', body: { name: 'eth0' } },
    listVnics: { method: 'GET', path: '/v1/vnics' },
    getVnic: { method: 'GET', path: `/v1/vnics/${uuidv7()}` },
    updateVnic: { method: 'PATCH', path: `/v1/vnics/${uuidv7()}`, body: { name: 'eth1' } },
    deleteVnic: { method: 'DELETE', path: `/v1/vnics/${uuidv7()}` },
    createInstance: { method: 'POST', path: '/v1/instances', body: { name: 'web-1' } },
    listInstances: { method: 'GET', path: '/v1/instances' },
    getInstance: { method: 'GET', path: `/v1/instances/${uuidv7()}` },
    deleteInstance: { method: 'DELETE', path: `/v1/instances/${uuidv7()}` },
    startInstance: { method: 'POST', path: `/v1/instances/${uuidv7()}/start` },
    stopInstance: { method: 'POST', path: `/v1/instances/${uuidv7()}/stop` },
    listHosts: { method: 'GET', path: '/v1/hosts' },
    getHost: { method: 'GET', path: '/v1/hosts/host-1' },
  },
  'compute-southbound': {
    registerHost: { method: 'PUT', path: '/v1/host', body: { driver: 'netns', instanceCapacity: 1 } },
    sendHeartbeat: { method: 'POST', path: '/v1/host/heartbeat' },
    listAssignments: { method: 'GET', path: '/v1/assignments' },
    followAssignments: { method: 'GET', path: '/v1/assignments/changes' },
    getAssignment: { method: 'GET', path: `/v1/assignments/${uuidv7()}` },
    reportInstanceStatus: {
      method: 'PUT',
      path: `/v1/assignments/${uuidv7()}/status`,
      body: { status: 'running', placement: 1, observedRevision: 1 },
    },
  },
};

/** Asks for every operation of an API, and gives the codes of the problems by operation. */
async function problemsOf(api: ApiApp, side: Side): Promise<Record<string, unknown>> {
  const agent = agentOf(api, side);
  const token =
    side.name === 'compute'
      ? await issuer.userToken({ projectId: uuidv7(), audience, roles: ['admin'] })
      : await issuer.serviceToken({ scope: 'compute:host', host: 'host-1', audience });
  const codes: Record<string, unknown> = {};
  for (const [operationId, { method, path, body }] of Object.entries(requests[side.name])) {
    const send = {
      GET: agent.get,
      POST: agent.post,
      PUT: agent.put,
      PATCH: agent.patch,
      DELETE: agent.delete,
    }[method];
    if (!send) throw new Error(`no such method: ${method}`);
    const response = await send(path).set('authorization', `Bearer ${token}`).send(body);
    codes[operationId] = response.body.code;
    expect(response.text).not.toContain('knex');
  }
  return codes;
}

const allWith = (api: ApiApp, code: string) =>
  Object.fromEntries(api.document.operations.map(({ operationId }) => [operationId, code]));

describe.each(sides)(`the $name API on ${testEngine()}`, (side) => {
  it('gives every standard problem that its document names', async () => {
    await exerciseStandardProblems({
      api: side.name,
      document: (await build(side, database)).document.source,
      createApp: (auth) => build(side, database, auth),
      auth: { issuer, audience },
    });
  });

  it('answers 500 and nothing of the cause when something inside fails', async () => {
    const broken: Database = { ...database, knex: failingKnex(new Error('broken on purpose, said knex')) };
    const api = await build(side, broken);
    expect(await problemsOf(api, side)).toEqual(allWith(api, 'internal-error'));
  });

  it('answers 503 when its database is closed, and is not ready, but alive', async () => {
    const closing = await testDatabase({ migrations });
    const api = await build(side, closing);
    const agent = agentOf(api, side);
    await agent.get('/readyz').expect(200);
    await closing.close();
    expect(await problemsOf(api, side)).toEqual(allWith(api, 'service-unavailable'));
    await agent.get('/readyz').expect(503);
    await agent.get('/healthz').expect(200);
  });

  it('answers what matches no operation with a problem', async () => {
    const agent = agentOf(await build(side, database), side);
    expect((await agent.get('/v1/nothing').expect(404)).body.code).toBe('route-not-found');
    const [path = ''] = Object.values(requests[side.name]).map((request) => request.path);
    const { body, headers } = await agent.delete(path).expect(405);
    expect(body.code).toBe('method-not-allowed');
    expect(headers['allow']).toBeDefined();
  });

  it('serves its document, its page and its metrics to anyone', async () => {
    const api = await build(side, database);
    const agent = agentOf(api, side);
    const { body } = await agent.get('/openapi.json').expect(200);
    expect(body).toEqual(api.document.source);
    const page = await agent.get('/docs').redirects(1);
    expect(page.status).toBe(200);
    expect((await agent.get('/metrics').expect(200)).text).toContain('http_requests_total');
  });
});

/** A knex of which every query fails. */
function failingKnex(error: Error): Database['knex'] {
  const fail = () => {
    throw error;
  };
  return new Proxy(database.knex, { apply: fail, get: fail });
}
