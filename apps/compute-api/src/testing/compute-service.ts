import { v7 as uuidv7 } from 'uuid';
import type { Host, Instance, Vnic } from '@patchpanel/contract-compute';
import type { Assignment, InstanceReport } from '@patchpanel/contract-compute-southbound';
import { createLogger, type Role } from '@patchpanel/service-kit';
import {
  mintTokens,
  recordingAgent,
  testDatabase,
  type RecordingAgent,
  type TestDatabase,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import type { Response, Test } from 'supertest';
import { createComputeApi, type ComputeApi, type ComputeApiOptions } from '../app.ts';
import { migrations } from '../migrations/index.ts';

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
  readonly api: ComputeApi;
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

export async function startComputeService(
  options: Partial<ComputeApiOptions> & { poolSize?: number } = {},
): Promise<ComputeService> {
  const database = await testDatabase({ migrations, poolSize: options.poolSize });
  const issuer = await mintTokens();
  const api = await createComputeApi({
    database,
    auth: issuer.authenticator(audience),
    heartbeatSeconds: 60,
    // PATCHPANEL_TEST_LOG=error shows what is behind an unexpected 500.
    logger: createLogger({ name: 'test', level: process.env['PATCHPANEL_TEST_LOG'] ?? 'silent' }),
    validateResponses: true,
    ...options,
  });
  const publicAgent = recordingAgent(api.publicApi.app, 'compute', api.publicApi.document.source);
  const southboundAgent = recordingAgent(
    api.southboundApi.app,
    'compute-southbound',
    api.southboundApi.document.source,
  );
  const user: ComputeService['user'] = async ({ projectId = uuidv7(), roles } = {}) =>
    userClient(withToken(publicAgent, await issuer.userToken({ projectId, audience, roles })), projectId);
  return {
    database,
    api,
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
      await database.knex.raw('truncate vnics, instances, hosts');
    },
    async close() {
      await api.stop();
      await database.close();
    },
  };
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
export async function eventually<T>(look: () => Promise<T>, deadlineMs = 10_000): Promise<T> {
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
