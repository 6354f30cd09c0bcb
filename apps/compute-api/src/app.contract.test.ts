import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, type ApiApp, type Authenticator, type Database } from '@patchpanel/service-kit';
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
import { createComputeApi, type ComputeApi } from './app.ts';
import { migrations } from './migrations/index.ts';
import { audience } from './testing/compute-service.ts';

let database: TestDatabase;
let issuer: TestIssuer;
const started: ComputeApi[] = [];
beforeAll(async () => {
  database = await testDatabase({ migrations });
  issuer = await mintTokens();
});
afterAll(async () => {
  for (const api of started) await api.stop();
  await database.close();
});

async function start(
  using: Database,
  auth: Authenticator = issuer.authenticator(audience),
): Promise<ComputeApi> {
  const api = await createComputeApi({
    database: using,
    auth,
    heartbeatSeconds: 60,
    logger: silentLogger(),
    validateResponses: true,
  });
  started.push(api);
  return api;
}

type Side = 'publicApi' | 'southboundApi';
const sides = [
  { side: 'publicApi', name: 'compute' },
  { side: 'southboundApi', name: 'compute-southbound' },
] as const;

const agentOf = (api: ComputeApi, { side, name }: (typeof sides)[number]): RecordingAgent =>
  recordingAgent(api[side].app, name, api[side].document.source);

/** A request of each operation that gets as far as the database. */
const requests: Record<Side, Record<string, { method: string; path: string; body?: object }>> = {
  publicApi: {
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
  southboundApi: {
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
async function problemsOf(api: ComputeApi, which: (typeof sides)[number]): Promise<Record<string, unknown>> {
  const agent = agentOf(api, which);
  const token =
    which.side === 'publicApi'
      ? await issuer.userToken({ projectId: uuidv7(), audience, roles: ['admin'] })
      : await issuer.serviceToken({ scope: 'compute:host', host: 'host-1', audience });
  const codes: Record<string, unknown> = {};
  for (const [operationId, { method, path, body }] of Object.entries(requests[which.side])) {
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

describe.each(sides)(`the $name API on ${testEngine()}`, (which) => {
  it('gives every standard problem that its document names', async () => {
    const api = await start(database);
    await exerciseStandardProblems({
      api: which.name,
      document: api[which.side].document.source,
      createApp: async (auth) => (await start(database, auth))[which.side],
      auth: { issuer, audience },
    });
  });

  it('answers 500 and nothing of the cause when something inside fails', async () => {
    const broken: Database = { ...database, knex: failingKnex(new Error('broken on purpose, said knex')) };
    const api = await start(broken);
    expect(await problemsOf(api, which)).toEqual(allWith(api[which.side], 'internal-error'));
  });

  it('answers 503 when its database is closed, and is not ready, but alive', async () => {
    const closing = await testDatabase({ migrations });
    const api = await start(closing);
    const agent = agentOf(api, which);
    await agent.get('/readyz').expect(200);
    await closing.close();
    expect(await problemsOf(api, which)).toEqual(allWith(api[which.side], 'service-unavailable'));
    await agent.get('/readyz').expect(503);
    await agent.get('/healthz').expect(200);
    await api.stop();
  });

  it('answers what matches no operation with a problem', async () => {
    const agent = agentOf(await start(database), which);
    expect((await agent.get('/v1/nothing').expect(404)).body.code).toBe('route-not-found');
    const [path = ''] = Object.values(requests[which.side]).map((request) => request.path);
    const { body, headers } = await agent.delete(path).expect(405);
    expect(body.code).toBe('method-not-allowed');
    expect(headers['allow']).toBeDefined();
  });

  it('serves its document, its page and its metrics to anyone', async () => {
    const api = await start(database);
    const agent = agentOf(api, which);
    const { body } = await agent.get('/openapi.json').expect(200);
    expect(body).toEqual(api[which.side].document.source);
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
