import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EnsureItem } from '@patchpanel/contract-agent';
import { LocalNetworkAgent } from './local-network-agent.ts';
import { silentObserver } from './observer.ts';
import { purge } from './purge.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { keyOf, newItem } from './testing/items.ts';
import { machineUid, startMachine, type TestMachine } from './testing/machine.ts';

const run = promisify(execFile);
const patience = { timeout: 10_000, interval: 50 };
const instance = `a${process.env['PATCHPANEL_TEST_RUN'] ?? ''}-${process.pid}`;

let world: AgentWorld;
let agent: LocalNetworkAgent;
let machines: TestMachine[];
let networkId: string;
const drifted = vi.fn();

beforeEach(async () => {
  drifted.mockClear();
  machines = [];
  networkId = randomUUID();
  world = await makeAgentWorld({ provider: '@patchpanel/provider-flat', instance, machineUid });
  agent = await start();
});

afterEach(async () => {
  await agent.close();
  await Promise.all(machines.map((machine) => machine.kill()));
  await purge({ stateDir: world.stateDir, providers: world.providers, logger: quietLogger });
  await world.close();
  expect(await ownTraces()).toEqual([]);
});

function start(): Promise<LocalNetworkAgent> {
  return LocalNetworkAgent.start({
    hostName: 'host-1',
    stateDir: world.stateDir,
    providers: world.providers,
    networkService: world.client(),
    logger: quietLogger,
    observer: { ...silentObserver, drifted },
    driftCheckSeconds: 0.3,
    retry: { firstMilliseconds: 50, mostMilliseconds: 500 },
  });
}

/** Starts a machine and plugs its vNIC into the network, with the last byte of its address. */
async function plugged(lastByte: number): Promise<{ machine: TestMachine; item: EnsureItem }> {
  const machine = await startMachine();
  machines.push(machine);
  const item = newItem(1, machine.device);
  world.service.model.plug(item, {
    macAddress: item.macAddress,
    provider: 'flat',
    networkId,
    fixedIps: [{ ipAddress: `192.0.2.${lastByte}`, prefixLength: 24 }],
    document: { mtu: 1400 },
  });
  return { machine, item };
}

/** Links and nft tables of this test's agent instance. */
async function ownTraces(): Promise<string[]> {
  const links = JSON.parse((await run('ip', ['-j', 'link', 'show'])).stdout) as {
    ifname: string;
    ifalias?: string;
  }[];
  const tables = (await run('nft', ['list', 'tables'])).stdout.split('\n');
  return [
    ...links.filter(({ ifalias = '' }) => ifalias.includes(instance)).map(({ ifname }) => ifname),
    ...tables.filter((table) => table.includes(instance.replaceAll('-', '_'))),
  ];
}

test('two machines get their addresses from the plug, reach each other, and nothing is left afterwards', async () => {
  const [one, two] = [await plugged(1), await plugged(2)];
  const results = await agent.ensure([one.item, two.item]);
  expect(results).toMatchObject([
    { status: 'active', mtu: 1400 },
    { status: 'active', mtu: 1400 },
  ]);
  expect(await one.machine.run('ip', '-br', 'address', 'show', 'eth0')).toContain('192.0.2.1/24');
  expect(await one.machine.run('ping', '-c', '2', '-i', '0.2', '192.0.2.2')).toContain(' 0% packet loss');
  await vi.waitFor(() => expect(world.service.model.binding(one.item)?.status).toBe('active'), patience);
  expect(world.service.model.binding(one.item)?.deviceName).toBe(results[0]?.deviceName);
  expect(await ownTraces()).toContain(results[0]?.deviceName);
  const removed = await agent.remove([one.item, two.item].map((item) => ({ ...keyOf(item), placement: 1 })));
  expect(removed).toMatchObject([{ status: 'removed' }, { status: 'removed' }]);
  await vi.waitFor(() => expect(world.service.model.bindings()).toEqual([]), patience);
});

test('an agent that is replaced, with the network service away, loses no packet of the machines', async () => {
  const [one, two] = [await plugged(1), await plugged(2)];
  await agent.ensure([one.item, two.item]);
  const pings = one.machine.start('ping', '-c', '150', '-i', '0.01', '192.0.2.2');
  let report = '';
  pings.stdout?.on('data', (chunk: Buffer) => (report += chunk.toString()));
  await world.service.stop();
  await agent.close();
  await world.reload();
  agent = await start();
  expect(await agent.ensure([one.item, two.item])).toMatchObject([
    { status: 'active' },
    { status: 'active' },
  ]);
  await once(pings, 'close');
  expect(report).toContain('150 packets transmitted, 150 received, 0% packet loss');
});

test('a link that somebody removed is noticed as a difference, and put back', async () => {
  const [one, two] = [await plugged(1), await plugged(2)];
  const [result] = await agent.ensure([one.item, two.item]);
  await run('ip', ['link', 'delete', result?.deviceName ?? '']);
  await vi.waitFor(() => expect(drifted).toHaveBeenCalled(), patience);
  await vi.waitFor(
    async () => expect(await agent.check([one.item])).toMatchObject([{ differences: [] }]),
    patience,
  );
  expect(await one.machine.run('ping', '-c', '2', '-i', '0.2', '192.0.2.2')).toContain(' 0% packet loss');
});

test('a machine that died is reported, and its next life on the same host is wired by a newer placement', async () => {
  const { machine, item } = await plugged(1);
  await agent.ensure([item]);
  await machine.kill();
  await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('error'), patience);
  const next = await startMachine();
  machines.push(next);
  expect(await agent.ensure([{ ...item, placement: 2, device: next.device }])).toMatchObject([
    { status: 'active' },
  ]);
  expect(await next.run('ip', '-br', 'address', 'show', 'eth0')).toContain('192.0.2.1/24');
});

test('a process that is no machine is refused', async () => {
  const { item } = await plugged(1);
  const own: EnsureItem = {
    ...item,
    device: {
      kind: 'namespace',
      pid: process.pid,
      startTime: await startTimeOf(process.pid),
      interfaceName: 'eth0',
    },
  };
  expect(await agent.ensure([own])).toMatchObject([{ status: 'error', problem: { code: 'device-refused' } }]);
});

test('a port that moves to another network takes the machine with it', async () => {
  const [one, two] = [await plugged(1), await plugged(2)];
  await agent.ensure([one.item, two.item]);
  world.service.model.unplug(one.item);
  await vi.waitFor(
    async () => expect(await one.machine.run('ip', '-br', 'link')).not.toContain('eth0'),
    patience,
  );
  world.service.model.plug(one.item, {
    macAddress: one.item.macAddress,
    provider: 'flat',
    fixedIps: [{ ipAddress: '192.0.2.77', prefixLength: 24 }],
    document: { mtu: 1400 },
  });
  await vi.waitFor(
    async () =>
      expect(await one.machine.run('ip', '-br', 'address', 'show', 'eth0')).toContain('192.0.2.77/24'),
    patience,
  );
  await expect(one.machine.run('ping', '-c', '1', '-W', '1', '192.0.2.2')).rejects.toThrow();
});

async function startTimeOf(pid: number): Promise<string> {
  const { stdout } = await run('cut', ['-d', ' ', '-f', '22', `/proc/${pid}/stat`]);
  return stdout.trim();
}
