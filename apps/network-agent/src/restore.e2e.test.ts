import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createSouthboundClient, LocalNetworkAgent, TokenFile } from '@patchpanel/agent-core';
import { quietLogger } from '@patchpanel/agent-core/testing';
import { loadHostProviders, type HostProvider, type WiringIdentity } from '@patchpanel/provider';
import { mintTokens, type TestIssuer } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

/** Without a PostgreSQL there is nothing to dump: `npm test` brings one. */
const adminUrl = process.env['PATCHPANEL_TEST_POSTGRES_URL'];
const patience = { timeout: 60_000, interval: 100 };
const projectId = randomUUID();

/** What of the service's answers is read here. The checked boundary: what is not there, an expectation misses. */
interface Body {
  readonly id: string;
  readonly code: string;
  readonly status: string;
  readonly statusReason: string;
  readonly generation: number;
  readonly fixedIps: readonly { readonly ipAddress: string }[];
  readonly items: readonly { readonly hostName: string; readonly vnicId: string }[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

interface Host {
  readonly name: string;
  readonly agent: LocalNetworkAgent;
  readonly provider: HostProvider;
}

let folder: string;
let issuer: TestIssuer;
let service: ChildProcess | undefined;
let ports: { readonly public: number; readonly southbound: number };
let token: string;
let adminToken: string;
const hosts: Host[] = [];
const database = `patchpanel_test_${randomBytes(8).toString('hex')}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-restore-'));
  issuer = await mintTokens();
  token = await issuer.userToken({ projectId, audience: 'network' });
  adminToken = await issuer.userToken({ projectId, audience: 'network', roles: ['admin'] });
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(issuer.jwks));
  ports = { public: await freePort(), southbound: await freePort() };
});
afterAll(async () => {
  await Promise.all(hosts.map(({ agent }) => agent.close()));
  await stopService();
  if (adminUrl !== undefined) sql(`drop database if exists ${database} with (force)`);
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function databaseUrl(name: string): string {
  const url = new URL(adminUrl ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

function sql(statement: string): void {
  run('psql', '--quiet', '--dbname', adminUrl ?? '', '--command', statement);
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function startService(): Promise<void> {
  const main = fileURLToPath(new URL('../../network-api/src/main.ts', import.meta.url));
  const provider = fileURLToPath(new URL('../../../libs/providers/simulated/src/server.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl(database),
      PATCHPANEL_LISTEN: `127.0.0.1:${ports.public}`,
      PATCHPANEL_SOUTHBOUND_LISTEN: `127.0.0.1:${ports.southbound}`,
      PATCHPANEL_JWKS_FILE: join(folder, 'jwks.json'),
      PATCHPANEL_ISSUER: issuer.issuer,
      PATCHPANEL_PROVIDERS: provider,
      PATCHPANEL_ADDRESS_REST_SECONDS: '0',
      PATCHPANEL_AGENT_HEARTBEAT_SECONDS: '1',
      PATCHPANEL_AGENT_SILENCE_SECONDS: '10',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  service = child;
  const lines = createInterface({ input: child.stdout });
  const listening = (async () => {
    for await (const line of lines) if (line.includes('"msg":"listening"')) return true;
    return false;
  })();
  if (!(await listening)) throw new Error('the network service did not start');
  child.stdout.resume();
}

async function stopService(): Promise<void> {
  const child = service;
  service = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function call(method: string, path: string, body?: object, bearer = token): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${ports.public}${path}`, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text === '' ? '{}' : text) as Body,
  };
}

async function expecting(status: number, ...request: Parameters<typeof call>): Promise<Body> {
  const answer = await call(...request);
  expect([answer.status, answer.body]).toEqual([status, answer.body]);
  return answer.body;
}

async function startHost(name: string): Promise<Host> {
  const stateDir = join(folder, name);
  const providers = await loadHostProviders(['@patchpanel/provider-simulated'], {
    instance: name,
    host: name,
    runDir: stateDir,
    stateDir,
    logger: quietLogger,
  });
  const provider = providers.get('simulated');
  if (provider === undefined) throw new Error('no provider');
  const tokenFile = join(folder, `${name}.token`);
  const hostToken = await issuer.serviceToken({ scope: 'network:agent', host: name, audience: 'network' });
  writeFileSync(tokenFile, hostToken, { mode: 0o600 });
  const agent = await LocalNetworkAgent.start({
    hostName: name,
    stateDir,
    providers,
    networkService: createSouthboundClient({
      url: `http://127.0.0.1:${ports.southbound}`,
      tokenFile: new TokenFile(tokenFile),
    }),
    logger: quietLogger,
    retry: { firstMilliseconds: 50, mostMilliseconds: 500 },
  });
  const host = { name, agent, provider };
  hosts.push(host);
  return host;
}

let cards = 0;
const card = () => {
  cards += 1;
  return { vnicId: randomUUID(), macAddress: `02:00:5e:00:01:${cards.toString(16).padStart(2, '0')}` };
};
type Card = ReturnType<typeof card>;

const addressOf = ({ fixedIps }: Body) => fixedIps[0]?.ipAddress ?? 'none';
const makePort = (networkId: string) => expecting(201, 'POST', `/v1/networks/${networkId}/ports`, {});
const plug = (portId: string, one: Card) => expecting(201, 'PUT', `/v1/ports/${portId}/attachment`, one);
const unplug = (portId: string) => expecting(204, 'DELETE', `/v1/ports/${portId}/attachment`);

/** The machine with the card runs on the host, and the port is proven. */
async function boot(host: Host, portId: string, one: Card, placement = 1): Promise<void> {
  await host.agent.ensure([{ projectId, ...one, placement, device: { kind: 'none' } }]);
  await active(portId);
}

const active = (portId: string) =>
  vi.waitFor(
    async () => expect((await call('GET', `/v1/ports/${portId}`)).body.status).toBe('active'),
    patience,
  );

/** All wirings of all hosts, by host. */
async function allWired(): Promise<Record<string, readonly WiringIdentity[]>> {
  return Object.fromEntries(
    await Promise.all(hosts.map(async ({ name, provider }) => [name, await provider.list()] as const)),
  );
}

const wiredAs = async ({ provider }: Host, { vnicId }: Card) =>
  (await provider.list()).filter((wiring) => wiring.vnicId === vnicId);

test.skipIf(adminUrl === undefined)(
  'a database restored from an older dump under running agents tears nothing newer down and doubles nothing',
  { timeout: 240_000 },
  async () => {
    sql(`create database ${database} encoding 'UTF8' template template0`);
    await startService();
    const [one, two] = [await startHost('host-1'), await startHost('host-2')];
    const network = await expecting(201, 'POST', '/v1/networks', {});
    await expecting(201, 'POST', `/v1/networks/${network.id}/subnets`, { cidr: '10.9.0.0/28' });
    const [older, newer, idle] = [
      await makePort(network.id),
      await makePort(network.id),
      await makePort(network.id),
    ];
    const [moved, unplugged, steady] = [card(), card(), card()];
    await plug(older.id, moved);
    await boot(one, older.id, moved);
    await plug(idle.id, unplugged);
    await boot(one, idle.id, unplugged);
    const same = await makePort(network.id);
    await plug(same.id, steady);
    await boot(two, same.id, steady);

    const dump = join(folder, 'dump');
    run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${databaseUrl(database)}`);

    // What the dump does not know: a plug that moved, one that ended, a port, and a whole host.
    await unplug(older.id);
    expect((await plug(newer.id, moved)).generation).toBe(2);
    await vi.waitFor(
      async () => expect(await wiredAs(one, moved)).toMatchObject([{ portId: newer.id, generation: 2 }]),
      patience,
    );
    await active(newer.id);
    await unplug(idle.id);
    await vi.waitFor(async () => expect(await wiredAs(one, unplugged)).toEqual([]), patience);
    const [fresh, later] = [card(), card()];
    const unknown = await makePort(network.id);
    await plug(unknown.id, fresh);
    await boot(two, unknown.id, fresh);
    const three = await startHost('host-3');
    const last = await makePort(network.id);
    await plug(last.id, later);
    await boot(three, last.id, later);
    const wiredBefore = await allWired();

    await stopService();
    sql(`drop database ${database} with (force)`);
    sql(`create database ${database} encoding 'UTF8' template template0`);
    run('pg_restore', '--exit-on-error', `--dbname=${databaseUrl(database)}`, dump);
    await startService();

    // The epoch has risen by itself, and no address is given out before the hosts have spoken.
    const early = await call('POST', `/v1/networks/${network.id}/ports`, {});
    expect([early.status, early.body.code]).toEqual([503, 'service-unavailable']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    await vi.waitFor(async () => {
      const { items } = (await call('GET', '/v1/agents', undefined, adminToken)).body;
      expect(items.map(({ hostName }) => hostName)).toEqual(['host-1', 'host-2', 'host-3']);
    }, patience);
    const given: string[] = [];
    await vi.waitFor(async () => {
      const { status, body } = await call('POST', `/v1/networks/${network.id}/ports`, {});
      expect(status).toBe(201);
      given.push(addressOf(body));
    }, patience);

    // Every address that is left is given out: none that a host has wired.
    for (;;) {
      const { status, body } = await call('POST', `/v1/networks/${network.id}/ports`, {});
      if (status !== 201) {
        expect(body.code).toBe('subnet-exhausted');
        break;
      }
      given.push(addressOf(body));
    }
    const kept = [unknown, last].map(addressOf);
    expect(given.length).toBeGreaterThan(0);
    expect(given.filter((address) => kept.includes(address))).toEqual([]);

    // What had not changed goes on in the new epoch; all else is wired as it was, and nothing twice.
    await vi.waitFor(async () => expect(await wiredAs(two, steady)).toMatchObject([{ epoch: 2 }]), patience);
    await vi.waitFor(async () => {
      const port = (await call('GET', `/v1/ports/${older.id}`)).body;
      expect([port.status, port.statusReason]).toEqual([
        'error',
        expect.stringContaining('stale-generation'),
      ]);
    }, patience);
    const plain = (wired: Record<string, readonly WiringIdentity[]>) =>
      Object.entries(wired).flatMap(([host, list]) =>
        list.map(({ vnicId, portId, generation }) => `${host} ${vnicId} ${portId} ${generation}`),
      );
    expect(plain(await allWired()).toSorted()).toEqual(plain(wiredBefore).toSorted());
    const strays = await expecting(200, 'GET', '/v1/agents/host-3/bindings', undefined, adminToken);
    expect(strays.items).toMatchObject([{ vnicId: later.vnicId, portId: last.id, desired: 'absent' }]);

    // The next plug is newer than both what the database had and what the hosts have.
    await unplug(older.id);
    expect((await plug(older.id, moved)).generation).toBe(3);
    await vi.waitFor(
      async () =>
        expect(await wiredAs(one, moved)).toMatchObject([{ portId: older.id, epoch: 2, generation: 3 }]),
      patience,
    );
    await active(older.id);
    expect((await plug(newer.id, fresh)).generation).toBe(2);
    await active(newer.id);
    expect(await wiredAs(two, fresh)).toMatchObject([{ portId: newer.id, epoch: 2, generation: 2 }]);

    // What the host has taken down is free again after its rest.
    const address = { fixedIps: [{ ipAddress: addressOf(unknown) }] };
    await vi.waitFor(
      async () => expect((await call('POST', `/v1/networks/${network.id}/ports`, address)).status).toBe(201),
      patience,
    );
  },
);
