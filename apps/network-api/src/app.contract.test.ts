import { randomUUID } from 'node:crypto';
import { problemCodes } from '@patchpanel/contract-network';
import type { ApiApp } from '@patchpanel/service-kit';
import {
  exampleRequests,
  exerciseStandardProblems,
  mintTokens,
  recordingAgent,
  testDatabase,
  type ExampleRequest,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetworkApp, createSouthboundApp, type AppOptions } from './app.ts';
import { migrations } from './migrations/index.ts';
import {
  appOptions,
  callerOf,
  networkDocument,
  openStage,
  southboundDocument,
  type Stage,
  type TestCaller,
} from './testing/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const apis = [
  { api: 'network', document: networkDocument, create: createNetworkApp },
  { api: 'network-southbound', document: southboundDocument, create: createSouthboundApp },
] as const;

describe.each(apis)('$api', ({ api, document, create }) => {
  it('answers what every operation can be refused with', async () => {
    await exerciseStandardProblems({
      api,
      document,
      auth: { issuer: stage.issuer, audience: 'network' },
      createApp: (auth) => create({ ...stage.options, auth }),
    });
  });

  it('answers 503 to every valid request while the database is away, and 500 when it breaks', async () => {
    const database = await testDatabase({ migrations });
    const issuer = await mintTokens();
    const options = appOptions(database, issuer, 0);
    await database.close();
    const away = await create(options);
    const broken = await create({ ...options, database: { ...database, knex: brokenKnex(database.knex) } });
    for (const request of oneOfEach(document)) {
      expect(await outcomeOf(away, issuer, request)).toBe(`${request.operationId} 503 service-unavailable`);
      expect(await outcomeOf(broken, issuer, request)).toBe(`${request.operationId} 500 internal-error`);
    }

    async function outcomeOf(
      { app }: ApiApp,
      issuedBy: TestIssuer,
      request: ExampleRequest,
    ): Promise<string> {
      const token =
        api === 'network'
          ? await issuedBy.userToken({ projectId: randomUUID(), audience: 'network', roles: ['admin'] })
          : await issuedBy.serviceToken({ scope: 'network:agent', host: 'host-1', audience: 'network' });
      return send(callerOf(recordingAgent(app, api, document), token), request);
    }
  });

  it('answers unknown paths and wrong methods with problems', async () => {
    const { app } = await create(stage.options);
    const agent = recordingAgent(app, api, document);
    expect((await agent.get('/v1/nowhere').expect(404)).body.code).toBe('route-not-found');
    expect((await agent.get('/v1/networks/').expect(404)).body.code).toBe('route-not-found');
    const [path = ''] = Object.keys(readPaths(document));
    expect((await agent.patch(path).expect(405)).body.code).toBe('method-not-allowed');
  });

  it('serves its health, its document and its page', async () => {
    const { app } = await create(stage.options);
    const agent = recordingAgent(app, api, document);
    await agent.get('/healthz').expect(200);
    await agent.get('/readyz').expect(200);
    await agent.get('/docs').expect(200);
    await agent.get('/openapi.json').expect(200, document);
    await agent.get('/metrics').expect(200);
  });
});

describe('ids', () => {
  it('in other spellings than the usual one are refused, in paths, queries and bodies', async () => {
    const user = await stage.user();
    const network = await user.network();
    for (const id of [
      `urn:uuid:${network.id}`,
      `{${network.id}}`,
      network.id.replaceAll('-', ''),
      `${network.id}%20`,
    ]) {
      await user.get(`/v1/networks/${id}`).expect(400);
      await user.get(`/v1/ports?networkId=${id}`).expect(400);
      await user
        .post(`/v1/networks/${network.id}/ports`, { fixedIps: [{ subnetId: decodeURIComponent(id) }] })
        .expect(400);
    }
  });
});

describe('tokens', () => {
  it('of one listener open nothing on the other, nor do those of compute', async () => {
    const { issuer, publicApi, southboundApi } = stage;
    const user = await issuer.userToken({ projectId: randomUUID(), audience: 'network', roles: ['admin'] });
    const agent = await issuer.serviceToken({ scope: 'network:agent', host: 'host-1', audience: 'network' });
    const computeUser = await issuer.userToken({ projectId: randomUUID(), audience: 'compute' });
    const computeHost = await issuer.serviceToken({
      scope: 'compute:host',
      host: 'host-1',
      audience: 'compute',
    });
    await callerOf(publicApi, user).get('/v1/ports').expect(200);
    await callerOf(southboundApi, agent).get('/v1/bindings').expect(200);
    await callerOf(publicApi, agent).get('/v1/ports').expect(403);
    await callerOf(southboundApi, user).get('/v1/bindings').expect(403);
    for (const token of [computeUser, computeHost]) {
      await callerOf(publicApi, token).get('/v1/ports').expect(401);
      await callerOf(southboundApi, token).get('/v1/bindings').expect(401);
    }
  });

  it('of readers change nothing', async () => {
    const { issuer, publicApi } = stage;
    const token = await issuer.userToken({ projectId: randomUUID(), audience: 'network', roles: ['reader'] });
    const reader = callerOf(publicApi, token);
    for (const request of oneOfEach(networkDocument).filter(({ method }) => method !== 'get')) {
      expect(await send(reader, request)).toBe(
        `${request.operationId} ${problemCodes.forbidden.status} forbidden`,
      );
    }
  });
});

/** One request of each operation, as its document gives it for an example. */
function oneOfEach(document: object): ExampleRequest[] {
  const requests = exampleRequests(document);
  return [...Map.groupBy(requests, ({ operationId }) => operationId).values()].flatMap((all) =>
    all.slice(0, 1),
  );
}

/** Sends an example about things that are nowhere, and says what came of it. */
async function send(caller: TestCaller, request: ExampleRequest): Promise<string> {
  const path = request.pathTemplate.replaceAll(/\{([^}]*)\}/g, (_braced, name) =>
    name === 'hostName' ? 'host-1' : randomUUID(),
  );
  const search = new URLSearchParams(request.query).toString();
  const { status, body } = await caller[request.method](
    search === '' ? path : `${path}?${search}`,
    request.body,
  );
  return `${request.operationId} ${status} ${body.code}`;
}

/** A database in which every statement fails for a reason that nobody foresaw. */
function brokenKnex(knex: AppOptions['database']['knex']): AppOptions['database']['knex'] {
  const fail = () => Promise.reject(new Error('broken on purpose'));
  const builder: unknown = new Proxy(fail, {
    get: (_target, name) =>
      name === 'then'
        ? (_resolve: unknown, reject: (error: Error) => void) => reject(new Error('broken on purpose'))
        : () => builder,
    apply: () => builder,
  });
  return new Proxy(knex, {
    get: (target, name) => {
      if (name === 'client') return { acquireConnection: fail };
      return name === 'transaction' || name === 'raw' ? fail : Reflect.get(target, name);
    },
    apply: () => builder as object,
  });
}

function readPaths(document: object): object {
  return 'paths' in document && typeof document.paths === 'object' && document.paths !== null
    ? document.paths
    : {};
}
