import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Attachment, Network, Port, PortInput, Subnet, SubnetInput } from '@patchpanel/contract-network';
import type { Binding } from '@patchpanel/contract-network-southbound';
import type { ServerProvider } from '@patchpanel/provider';
import { createMetrics, silentLogger, type Database, type Role } from '@patchpanel/service-kit';
import {
  mintTokens,
  recordingAgent,
  testDatabase,
  type RecordingAgent,
  type TestDatabase,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import type { Test } from 'supertest';
import { createNetworkApp, createSouthboundApp, type AppOptions } from '../app.ts';
import { migrations } from '../migrations/index.ts';
import { catalogOf } from '../providers/catalog.ts';
import { prepareProviders } from '../providers/start.ts';
import { testProvider } from './test-providers.ts';

export const networkDocument = readDocument('network');
export const southboundDocument = readDocument('network-southbound');

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Somebody who calls the service. */
export interface TestCaller {
  readonly get: (path: string) => Test;
  readonly post: (path: string, body?: object) => Test;
  readonly put: (path: string, body?: object) => Test;
  readonly patch: (path: string, body?: object) => Test;
  readonly delete: (path: string) => Test;
}

/** A user of a project, with the usual things to do. */
export interface TestUser extends TestCaller {
  readonly projectId: string;
  network(input?: object): Promise<Network>;
  subnet(networkId: string, input: SubnetInput): Promise<Subnet>;
  port(networkId: string, input?: PortInput): Promise<Port>;
  plug(portId: string, vnicId: string, macAddress?: string): Promise<Attachment>;
  unplug(portId: string): Promise<void>;
}

/** The agent of a host, with the usual things to do. */
export interface TestHost extends TestCaller {
  readonly host: string;
  claim(attachment: Attachment, placement?: number): Promise<Binding>;
  report(binding: Binding, status: 'building' | 'active' | 'error'): Promise<Binding>;
  release(bindingId: string): Promise<void>;
}

/** The whole service over a database of its own, and nothing else: compute is nowhere near. */
export interface Stage {
  readonly database: TestDatabase;
  readonly issuer: TestIssuer;
  readonly publicApi: RecordingAgent;
  readonly southboundApi: RecordingAgent;
  readonly options: AppOptions;
  user(projectId?: string, roles?: readonly Role[]): Promise<TestUser>;
  host(name?: string): Promise<TestHost>;
  close(): Promise<void>;
}

/** Builds the stage. `addressRestSeconds` is 0 unless given: what was released returns when it is next asked for. */
export async function openStage(
  settings: { addressRestSeconds?: number; providers?: readonly ServerProvider[] } = {},
): Promise<Stage> {
  const database = await testDatabase({ migrations });
  const issuer = await mintTokens();
  const options = {
    ...appOptions(database, issuer, settings.addressRestSeconds ?? 0),
    ...(settings.providers === undefined ? {} : { providers: catalogOf(settings.providers) }),
  };
  await prepareProviders(database, options.providers);
  const publicApi = recordingAgent((await createNetworkApp(options)).app, 'network', networkDocument);
  const southboundApi = recordingAgent(
    (await createSouthboundApp(options)).app,
    'network-southbound',
    southboundDocument,
  );
  return {
    database,
    issuer,
    publicApi,
    southboundApi,
    options,
    user: (projectId, roles) => openUser(issuer, publicApi, projectId, roles),
    host: (name) => openHost(issuer, southboundApi, name),
    close: () => database.close(),
  };
}

/** What the apps are built with in tests. */
export function appOptions(database: Database, issuer: TestIssuer, addressRestSeconds: number): AppOptions {
  return {
    database,
    providers: catalogOf([testProvider('test'), testProvider('only4', [4], [])]),
    addressRestSeconds,
    agentSilenceSeconds: 60,
    agentHeartbeatSeconds: 15,
    quotaDefaults: {
      networks: 100,
      subnets: 200,
      ports: 10_000,
      securityGroups: 100,
      securityGroupRules: 2_000,
    },
    auth: issuer.authenticator('network'),
    logger: silentLogger(),
    metrics: createMetrics({ defaults: false }),
    validateResponses: true,
  };
}

/** A caller that shows a token. */
export function callerOf(api: RecordingAgent, token: string): TestCaller {
  const send = (method: Method, path: string, body?: object) => {
    const request = api[method](path).set('authorization', `Bearer ${token}`);
    return body === undefined ? request : request.send(body);
  };
  return {
    get: (path) => send('get', path),
    post: (path, body) => send('post', path, body),
    put: (path, body) => send('put', path, body),
    patch: (path, body) => send('patch', path, body),
    delete: (path) => send('delete', path),
  };
}

let madeMacAddresses = 0;

/** A MAC address that no other test in the process has. */
export function newMacAddress(): string {
  const tail = (++madeMacAddresses).toString(16).padStart(6, '0');
  return `02:00:5e:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`;
}

async function openUser(
  issuer: TestIssuer,
  api: RecordingAgent,
  projectId: string = randomUUID(),
  roles: readonly Role[] = ['member'],
): Promise<TestUser> {
  const caller = callerOf(api, await issuer.userToken({ projectId, audience: 'network', roles }));
  return {
    ...caller,
    projectId,
    network: async (input = {}) => (await caller.post('/v1/networks', input).expect(201)).body,
    subnet: async (networkId, input) =>
      (await caller.post(`/v1/networks/${networkId}/subnets`, input).expect(201)).body,
    port: async (networkId, input = {}) =>
      (await caller.post(`/v1/networks/${networkId}/ports`, input).expect(201)).body,
    plug: async (portId, vnicId, macAddress = newMacAddress()) =>
      (await caller.put(`/v1/ports/${portId}/attachment`, { vnicId, macAddress }).expect(201)).body,
    unplug: async (portId) => {
      await caller.delete(`/v1/ports/${portId}/attachment`).expect(204);
    },
  };
}

async function openHost(
  issuer: TestIssuer,
  api: RecordingAgent,
  host = `host-${randomUUID().slice(0, 8)}`,
): Promise<TestHost> {
  const token = await issuer.serviceToken({ scope: 'network:agent', host, audience: 'network' });
  const caller = callerOf(api, token);
  return {
    ...caller,
    host,
    claim: async ({ projectId, vnicId, macAddress }, placement = 1) =>
      (await caller.post('/v1/bindings', { projectId, vnicId, macAddress, placement })).body,
    report: async ({ id, generation, epoch }, status) =>
      (await caller.put(`/v1/bindings/${id}/status`, { status, generation, epoch }).expect(200)).body,
    release: async (bindingId) => {
      await caller.delete(`/v1/bindings/${bindingId}`).expect(204);
    },
  };
}

function readDocument(name: string): object {
  const file = new URL(`../../../../openapi/dist/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
