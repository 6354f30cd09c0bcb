import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RemoteNetworkAgent } from '@patchpanel/agent-api';
import { makeAgentWorld, type AgentWorld } from '@patchpanel/agent-core/testing';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Within the checkout, so that what a bundle reads from packages at run time is found. */
const bundles = join(root, '.cache', `network-agent-test-${process.pid}`);
const [main, simulated] = [join(bundles, 'main.mjs'), join(bundles, 'simulated.mjs')];
const patience = { timeout: 10_000, interval: 20 };
const item = {
  projectId: '019abc00-0000-7000-8000-000000000001',
  vnicId: '019abc00-1234-7abc-8def-0123456789ae',
  macAddress: '02:00:5e:10:00:01',
  placement: 1,
  device: { kind: 'none' as const },
};

let world: AgentWorld;
let processes: ChildProcess[];
let agent: RemoteNetworkAgent;
let socket: string;

beforeAll(async () => {
  const banner = `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);`;
  const options = { bundle: true, format: 'esm', platform: 'node', banner: { js: banner } } as const;
  const entries = [
    [join(root, 'apps/network-agent/src/main.ts'), main],
    [join(root, 'libs/providers/simulated/src/host.ts'), simulated],
  ] as const;
  for (const [entry, outfile] of entries) {
    await build({
      ...options,
      entryPoints: [entry],
      outfile,
      external: [
        'swagger-ui-dist',
        'tedious',
        'mysql*',
        'oracledb',
        'better-sqlite3',
        'sqlite3',
        'pg-*',
        'mariadb*',
      ],
      logLevel: 'error',
    });
  }
});
afterAll(() => rmSync(bundles, { recursive: true, force: true }));

beforeEach(async () => {
  world = await makeAgentWorld();
  processes = [];
  socket = join(world.stateDir, 'agent.sock');
  agent = new RemoteNetworkAgent({ socketPath: socket });
});
afterEach(async () => {
  agent.close();
  await Promise.all(processes.map((process) => end(process, 'SIGKILL')));
  await world.close();
});

/** Ends a process and waits until it is gone. */
async function end(process: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (process.exitCode === null && process.signalCode === null) {
    process.kill(signal);
    await once(process, 'exit');
  }
  return process.exitCode;
}

function launch(args: readonly string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      PATCHPANEL_HOST_NAME: 'host-1',
      PATCHPANEL_INSTANCE: 'test',
      PATCHPANEL_TOKEN_FILE: world.tokenFile,
      PATCHPANEL_NETWORK_URL: world.service.url,
      PATCHPANEL_SOCKET: socket,
      PATCHPANEL_STATE_DIR: join(world.stateDir, 'agent'),
      PATCHPANEL_RUN_DIR: join(world.stateDir, 'run'),
      PATCHPANEL_PROVIDERS: JSON.stringify([simulated]),
      ...env,
    },
  });
  processes.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  return { child, lines };
}

async function startDaemon() {
  const { child, lines } = launch();
  await vi.waitFor(() => expect(lines.join('\n')).toContain('"msg":"listening"'), patience);
  return { child, lines };
}

async function exitCode(child: ChildProcess): Promise<unknown> {
  const [code] = (await once(child, 'close')) as unknown[];
  return code;
}

test('it listens, wires, is killed, and knows everything again', async () => {
  world.service.model.plug(item, { macAddress: item.macAddress });
  const first = await startDaemon();
  expect(first.lines.join('\n')).toContain(`"socket":"${socket}"`);
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
  const before = await agent.list();
  await end(first.child, 'SIGKILL');
  await expect(agent.list()).rejects.toMatchObject({ code: 'unreachable' });
  await startDaemon();
  expect(await agent.list()).toEqual(before);
  expect(await agent.check([item])).toMatchObject([{ known: true, differences: [] }]);
});

test('it stops on SIGTERM, leaves the wiring, and removes the socket', async () => {
  world.service.model.plug(item, { macAddress: item.macAddress });
  const { child } = await startDaemon();
  await agent.ensure([item]);
  expect(await end(child, 'SIGTERM')).toBe(0);
  expect(existsSync(socket)).toBe(false);
  await world.service.stop();
  await startDaemon();
  expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
});

test('a second instance on the same state is refused, and the first goes on', async () => {
  await startDaemon();
  const { child, lines } = launch();
  expect(await exitCode(child)).toBe(1);
  expect(lines.join('\n')).toContain('another network agent works on');
  expect(await agent.status()).toMatchObject({ hostName: 'host-1' });
});

test('a second instance on the same socket is refused, and the first goes on', async () => {
  await startDaemon();
  const { child, lines } = launch([], { PATCHPANEL_STATE_DIR: join(world.stateDir, 'other') });
  expect(await exitCode(child)).toBe(1);
  expect(lines.join('\n')).toContain('in use by another process');
  expect(await agent.status()).toMatchObject({ hostName: 'host-1' });
});

test('a token file that others can read is refused, and the token is in no line of the log', async () => {
  chmodSync(world.tokenFile, 0o644);
  const { child, lines } = launch();
  expect(await exitCode(child)).toBe(2);
  expect(lines.join('\n')).toContain('others than its owner can read it');
  expect(lines.join('\n')).not.toContain(world.service.token);
});

test('neither the token nor what an owner hands over is ever logged', async () => {
  const networkData = 'what-the-owner-handed-over';
  const { lines } = await startDaemon();
  await agent.ensure([{ ...item, networkData }]);
  await agent.ensure([{ ...item, macAddress: 'nonsense', networkData }]).catch(() => undefined);
  await vi.waitFor(
    () => expect(lines.filter((line) => line.includes('ensureWirings'))).not.toEqual([]),
    patience,
  );
  expect(lines.join('\n')).not.toContain(networkData);
  expect(lines.join('\n')).not.toContain(world.service.token);
});

test('mistakes in the configuration are told one by one', async () => {
  const { child, lines } = launch([], { PATCHPANEL_HOST_NAME: 'Host 1', PATCHPANEL_NETWORK_URL: 'nowhere' });
  expect(await exitCode(child)).toBe(2);
  expect(lines.join('\n')).toMatch(/PATCHPANEL_HOST_NAME: .*\n.*PATCHPANEL_NETWORK_URL: /);
});

test('purge is refused while the agent runs, and removes everything afterwards', async () => {
  world.service.model.plug(item, { macAddress: item.macAddress });
  const { child } = await startDaemon();
  await agent.ensure([item]);
  const refused = launch(['purge']);
  expect(await exitCode(refused.child)).toBe(1);
  expect(await agent.check([item])).toMatchObject([{ differences: [] }]);
  await end(child, 'SIGKILL');
  const purge = launch(['purge']);
  expect(await exitCode(purge.child)).toBe(0);
  expect(purge.lines.join('\n')).toContain(`wiring ${item.vnicId}`);
  expect(existsSync(socket)).toBe(false);
  expect(readdirSync(join(world.stateDir, 'agent'))).toEqual([]);
  await startDaemon();
  expect(await agent.list()).toEqual([]);
  await vi.waitFor(() => expect(world.service.model.binding(item)).toBeUndefined(), patience);
});

test('purging a host that never had an agent leaves nothing', async () => {
  const before = readdirSync(world.stateDir);
  expect(await exitCode(launch(['purge']).child)).toBe(0);
  expect(readdirSync(world.stateDir)).toEqual(before);
});
