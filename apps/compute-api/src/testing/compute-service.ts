import { v7 as uuidv7 } from 'uuid';
import type { Host, Instance, Vnic } from '@patchpanel/contract-compute';
import type { Assignment, InstanceReport } from '@patchpanel/contract-compute-southbound';
import {
  createLogger,
  createMetrics,
  inTransaction,
  openDatabase,
  type Authenticator,
  type Database,
  type Role,
} from '@patchpanel/service-kit';
import {
  mintTokens,
  recordingAgent,
  testDatabase,
  type RecordingAgent,
  type TestDatabase,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import type { Response, Test } from 'supertest';
import { createComputeApp, createSouthboundApp, type AppOptions } from '../app.ts';
import { startPlacing } from '../instances/placing.ts';
import { migrations } from '../migrations/index.ts';
import { randomMacAddress } from '../vnics/mac-address.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Somebody who calls one of the two APIs; every answer is held against its document and recorded. */
export type Client = Readonly<Record<Method, (path: string) => Test>>;

/** A user's calls, and the resources that tests need most, made or the test fails. */
export interface UserClient extends Client {
  readonly projectId: string;
  makeVnic(input?: object): Promise<Vnic>;
  makeInstance(input?: object): Promise<Instance>;
  readInstance(id: string): Promise<Instance>;
}

/** A host's calls. */
export interface HostClient extends Client {
  readonly name: string;
  register(instanceCapacity?: number): Promise<void>;
  readAssignment(instanceId: string): Promise<Assignment>;
  /** Reports on the assignment as it is now, unless told otherwise. */
  report(instanceId: string, report: Partial<InstanceReport> & Pick<InstanceReport, 'status'>): Promise<void>;
}

/** A compute service of a test's own: real database, both APIs, no other process and nothing of the network service. */
export interface ComputeService {
  readonly database: TestDatabase;
  readonly issuer: TestIssuer;
  user(options?: { projectId?: string; roles?: readonly Role[] }): Promise<UserClient>;
  host(name?: string): Promise<HostClient>;
  readHost(name: string): Promise<Host>;
  /** Makes a host's last heartbeat older than it is. */
  silence(hostName: string, seconds?: number): Promise<void>;
  /** Forgets every vNIC, instance and host. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export const audience = 'compute';

// PATCHPANEL_TEST_LOG=error shows what is behind an unexpected 500.
const logger = createLogger({ name: 'test', level: process.env['PATCHPANEL_TEST_LOG'] ?? 'silent' });

/** What the apps are built with in tests. */
export function appOptions(database: Database, auth: Authenticator): AppOptions {
  return {
    database,
    heartbeatSeconds: 60,
    randomMacAddress,
    wakePlacement: () => undefined,
    auth,
    logger,
    metrics: createMetrics({ defaults: false }),
    validateResponses: true,
  };
}

/**
 * Starts the service. Its hosts are to be heard each minute unless told otherwise: no test waits for that. On PostgreSQL it
 * may be another replica on the database of a first one, which is to be closed later.
 */
export async function startComputeService(
  given: Partial<AppOptions> = {},
  first?: ComputeService,
): Promise<ComputeService> {
  const database = first ? await connectAgain(first.database) : await testDatabase({ migrations });
  const issuer = await mintTokens();
  const options = { ...appOptions(database, issuer.authenticator(audience)), ...given };
  const placing = startPlacing(options, logger);
  const parts = { ...options, wakePlacement: placing.wake };
  const publicApi = await createComputeApp(parts);
  const southboundApi = await createSouthboundApp(parts);
  const publicAgent = recordingAgent(publicApi.app, 'compute', publicApi.document.source);
  const southboundAgent = recordingAgent(
    southboundApi.app,
    'compute-southbound',
    southboundApi.document.source,
  );
  const user: ComputeService['user'] = async ({ projectId = uuidv7(), roles } = {}) =>
    userClient(withToken(publicAgent, await issuer.userToken({ projectId, audience, roles })), projectId);
  return {
    database,
    issuer,
    user,
    async host(name = `host-${uuidv7()}`) {
      return hostClient(
        withToken(
          southboundAgent,
          await issuer.serviceToken({ scope: 'compute:host', host: name, audience }),
        ),
        name,
      );
    },
    async readHost(name) {
      const admin = await user({ roles: ['admin'] });
      return (await admin.get(`/v1/hosts/${name}`).expect(200)).body;
    },
    async silence(hostName, seconds = 3600) {
      await database.knex.raw(
        'update hosts set last_heartbeat_at = now() - make_interval(secs => ?) where name = ?',
        [seconds, hostName],
      );
    },
    async empty() {
      // Tried again when it meets the placing, which locks the same tables in another order.
      await inTransaction(database, (trx) => trx.raw('truncate vnics, instances, hosts'));
    },
    async close() {
      await placing.stop();
      await database.close();
    },
  };
}

async function connectAgain({ databaseUrl }: TestDatabase): Promise<TestDatabase> {
  if (databaseUrl === undefined) throw new Error('the embedded database serves one replica');
  return { ...(await openDatabase({ databaseUrl }, { migrations, logger })), databaseUrl };
}

function userClient(client: Client, projectId: string): UserClient {
  return {
    ...client,
    projectId,
    makeVnic: async (input = {}) => (await client.post('/v1/vnics').send(input).expect(201)).body,
    makeInstance: async (input = {}) => (await client.post('/v1/instances').send(input).expect(201)).body,
    readInstance: async (id) => (await client.get(`/v1/instances/${id}`).expect(200)).body,
  };
}

function hostClient(client: Client, name: string): HostClient {
  const readAssignment = async (id: string): Promise<Assignment> =>
    (await client.get(`/v1/assignments/${id}`).expect(200)).body;
  return {
    ...client,
    name,
    readAssignment,
    async register(instanceCapacity = 100) {
      await client.put('/v1/host').send({ driver: 'simulated', instanceCapacity }).expect(200);
    },
    async report(instanceId, report) {
      const { placement, revision } = await readAssignment(instanceId);
      await client
        .put(`/v1/assignments/${instanceId}/status`)
        .send({ placement, observedRevision: revision, ...report })
        .expect(204);
    },
  };
}

function withToken(agent: RecordingAgent, token: string): Client {
  const call = (method: Method) => (path: string) =>
    agent[method](path).set('authorization', `Bearer ${token}`);
  return {
    get: call('get'),
    post: call('post'),
    put: call('put'),
    patch: call('patch'),
    delete: call('delete'),
  };
}

/** Waits until something holds; fails with the last failure after the deadline. */
export async function eventually<T>(look: () => Promise<T>, deadlineMs = 20_000): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** An answer without what differs by nature: the id that was asked for, and the request's own. */
export function outline({ status, text }: Response, id: string): { status: number; problem: unknown } {
  const { instance: _requestId, ...problem } = JSON.parse(text.replaceAll(id, '<id>'));
  return { status, problem };
}
