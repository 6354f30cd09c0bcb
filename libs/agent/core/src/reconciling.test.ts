import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ProviderError, type HostProvider } from '@patchpanel/provider';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EnsureItem, Wiring } from '@patchpanel/contract-agent';
import { journalFolder, LocalNetworkAgent, type LocalNetworkAgentOptions } from './local-network-agent.ts';
import { silentObserver } from './observer.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { keyOf, newItem } from './testing/items.ts';

const patience = { timeout: 8_000, interval: 10 };

let world: AgentWorld;
let agent: LocalNetworkAgent;

beforeEach(async () => {
  world = await makeAgentWorld();
});
afterEach(async () => {
  await agent.close();
  await world.close();
});

async function start(options: Partial<LocalNetworkAgentOptions> = {}): Promise<void> {
  agent = await LocalNetworkAgent.start({
    hostName: 'host-1',
    stateDir: world.stateDir,
    providers: world.providers,
    networkService: world.client(),
    logger: quietLogger,
    retry: { firstMilliseconds: 10, mostMilliseconds: 100 },
    ...options,
  });
}

async function wire(item = newItem()): Promise<EnsureItem> {
  world.service.model.plug(item, { macAddress: item.macAddress });
  expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
  await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
  return item;
}

async function listed(item: EnsureItem): Promise<Wiring | undefined> {
  return (await agent.list()).find(({ vnicId }) => vnicId === item.vnicId);
}

function provider(): HostProvider {
  const simulated = world.providers.get('simulated');
  if (simulated === undefined) throw new Error('no provider');
  return simulated;
}

async function wiredOf(item: EnsureItem) {
  return (await provider().list()).filter(({ vnicId }) => vnicId === item.vnicId);
}

/** The simulated provider with parts of it replaced. */
function withProvider(changes: (real: HostProvider) => Partial<HostProvider>): void {
  const real = provider();
  world.providers = new Map([['simulated', { ...real, ...changes(real) }]]);
}

describe('what the network service says', () => {
  test('a change of the port is wired and reported', async () => {
    await start();
    const item = await wire();
    world.service.model.changePort(item, { fixedIps: [{ ipAddress: '10.0.0.77', prefixLength: 24 }] });
    await vi.waitFor(async () => {
      const { differences } = await checked(item);
      expect(differences).toEqual([]);
      expect(readFileSync(recordOf(item), 'utf8')).toContain('10.0.0.77');
    }, patience);
  });

  test('a change that comes while the vNIC is being wired is wired, too, before the port is active', async () => {
    const item = newItem();
    let isChanged = false;
    withProvider((real) => ({
      ensure: async (wiring, signal) => {
        const observed = await real.ensure(wiring, signal);
        if (!isChanged) {
          isChanged = true;
          world.service.model.changePort(item, { fixedIps: [{ ipAddress: '10.0.0.77', prefixLength: 24 }] });
        }
        return observed;
      },
    }));
    // Nobody hears of the change but by the answer to the report.
    world.service.refuse = (operation) => (operation === 'followChanges' ? 'internal-error' : undefined);
    await start();
    world.service.model.plug(item, { macAddress: item.macAddress });
    await agent.ensure([item]);
    await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
    expect(readFileSync(recordOf(item), 'utf8')).toContain('10.0.0.77');
    expect(await wiredOf(item)).toHaveLength(1);
    expect(world.service.requests).toContain('reportBindingStatus 409');
  });

  test.each(['invalid-cursor', 'events-compacted'] as const)(
    'when the place in the feed is lost (%s), everything is listed anew',
    async (refusal) => {
      await start();
      const items = [await wire(), await wire(), await wire()];
      await world.service.stop();
      const [first] = items;
      if (first === undefined) throw new Error('no item');
      world.service.model.unplug(first);
      world.service.model.forgetChanges(refusal);
      await world.service.resume();
      await vi.waitFor(async () => expect(await wiredOf(first)).toEqual([]), patience);
      await vi.waitFor(() => expect(world.service.model.binding(first)).toBeUndefined(), patience);
      expect((await agent.list()).filter(({ status }) => status === 'active')).toHaveLength(2);
    },
  );

  test('a binding that was ended while the agent was away is taken down', async () => {
    await start();
    const item = await wire();
    await agent.close();
    world.service.model.bindElsewhere(item);
    await start();
    await vi.waitFor(async () => expect(await wiredOf(item)).toEqual([]), patience);
    expect(await listed(item)).toMatchObject({ status: 'error' });
  });

  test('a host that was relieved by force does not claim the attachment again unasked', async () => {
    await start();
    const item = await wire();
    world.service.model.releaseByForce(item);
    await vi.waitFor(async () => expect(await wiredOf(item)).toEqual([]), patience);
    const asked = () =>
      world.service.requests.filter((request) => request.startsWith('resolveAttachment 200'));
    const before = asked().length;
    await vi.waitFor(() => expect(asked().length).toBeGreaterThan(before + 2), patience);
    expect(world.service.model.binding(item)).toBeUndefined();
    expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
  });

  test('an older generation, of a database that was restored, never overwrites a newer one', async () => {
    await start();
    const item = await wire();
    world.service.model.changePort(item, { generation: 5 });
    await vi.waitFor(async () => expect(await wiredOf(item)).toMatchObject([{ generation: 5 }]), patience);
    world.service.model.changePort(item, { generation: 2 });
    expect(await agent.ensure([{ ...item, placement: 2 }])).toMatchObject([
      { status: 'error', problem: { code: 'stale-generation' } },
    ]);
    expect(await wiredOf(item)).toMatchObject([{ generation: 5 }]);
  });

  test('a higher epoch beats a higher generation', async () => {
    await start();
    const item = await wire();
    world.service.model.changePort(item, { generation: 5 });
    await vi.waitFor(async () => expect(await wiredOf(item)).toMatchObject([{ generation: 5 }]), patience);
    world.service.model.changePort(item, { epoch: 2, generation: 2 });
    await vi.waitFor(
      async () => expect(await wiredOf(item)).toMatchObject([{ epoch: 2, generation: 2 }]),
      patience,
    );
  });

  test('a token that is refused leaves everything wired, and says so', async () => {
    await start({ followSeconds: 1 });
    const item = await wire();
    world.service.token = 'another';
    await vi.waitFor(
      async () => expect(await agent.status()).toMatchObject({ networkService: 'unreachable' }),
      patience,
    );
    expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
    world.service.token = 'agent-token';
  });
});

describe('what the kernel does', () => {
  test('a wiring that others broke is noticed, counted and repaired', async () => {
    const drifted = vi.fn();
    await start({ driftCheckSeconds: 0.05, observer: { ...silentObserver, drifted } });
    const item = await wire();
    await world.breakWiring(item);
    await vi.waitFor(async () => expect(await wiredOf(item)).toHaveLength(1), patience);
    expect(drifted).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining(keyOf(item)),
      expect.arrayContaining([expect.objectContaining({ field: 'exists', actual: 'no' })]),
    );
  });

  test('a look at everything leaves room for what compute asks meanwhile', async () => {
    let isSlow = false;
    let checking = 0;
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    withProvider((real) => ({
      check: async (wiring, signal) => {
        checking += 1;
        if (isSlow) await released;
        return real.check(wiring, signal);
      },
    }));
    await start({ driftCheckSeconds: 0.05, parallel: 4 });
    const items = await Promise.all(Array.from({ length: 8 }, () => wire()));
    isSlow = true;
    checking = 0;
    await vi.waitFor(() => expect(checking).toBeGreaterThan(0), patience);
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress });
    // A new one, and what waits to be looked at itself: all but the two that are being looked at.
    let answered = 0;
    const asked = [item, ...items].map(async (one) => {
      await agent.ensure([one]);
      answered += 1;
    });
    try {
      await vi.waitFor(() => expect(answered).toBeGreaterThanOrEqual(asked.length - 2), 2_000);
      expect(checking).toBeLessThanOrEqual(2);
    } finally {
      release(undefined);
      await Promise.all(asked);
    }
  });

  test('the log tells of many differences by a few', async () => {
    const warn = vi.fn();
    await start({ driftCheckSeconds: 0.05, logger: { ...quietLogger, warn } });
    const item = await wire();
    const many = Array.from({ length: 500 }, (_, index) => ({
      object: `rule ${index}`,
      field: 'text',
      desired: 'none',
      actual: 'x'.repeat(10_000),
    }));
    let isTold = false;
    Object.assign(provider(), { check: async () => (isTold ? [] : ((isTold = true), many)) });
    await vi.waitFor(() => {
      const told = warn.mock.calls.find(([, message]) => String(message).includes('departs'));
      expect(JSON.stringify(told).length).toBeLessThan(10_000);
      expect(told?.[0]).toMatchObject({ count: 500 });
    }, patience);
    expect(await listed(item)).toMatchObject({ status: 'active' });
  });

  test('a machine that died is reported, not repaired in silence', async () => {
    await start({ driftCheckSeconds: 0.05 });
    const machine = spawn('sleep', ['60']);
    await once(machine, 'spawn');
    const { pid = 0 } = machine;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    withProvider((real) => ({
      ensure: async (wiring, signal) => {
        const observed = await real.ensure(wiring, signal);
        return { ...observed, machineInterface: 'eth0' };
      },
    }));
    const item = await wire(newItem(1, { kind: 'namespace', pid, startTime, interfaceName: 'eth0' }));
    machine.kill('SIGKILL');
    await once(machine, 'exit');
    await vi.waitFor(() => {
      const binding = world.service.model.binding(item);
      expect(binding).toMatchObject({
        status: 'error',
        statusReason: expect.stringContaining('device-missing'),
      });
    }, patience);
    expect(await listed(item)).toMatchObject({ status: 'error', problem: { code: 'device-missing' } });
  });

  test('what the kernel refuses is reported, tried again and active in the end', async () => {
    let isBroken = true;
    withProvider((real) => ({
      ensure: async (wiring, signal) => {
        if (isBroken) throw new ProviderError('command-failed', 'the kernel is full');
        return real.ensure(wiring, signal);
      },
    }));
    await start();
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress });
    expect(await agent.ensure([item])).toMatchObject([
      { status: 'error', problem: { code: 'wiring-failed', detail: 'the kernel is full' } },
    ]);
    await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('error'), patience);
    isBroken = false;
    await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
  });

  test('active is what was read back, not what was asked', async () => {
    withProvider((real) => ({
      ensure: async (wiring, signal) => ({
        ...(await real.ensure(wiring, signal)),
        macAddress: '02:00:00:00:00:66',
      }),
    }));
    await start();
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress });
    expect(await agent.ensure([item])).toMatchObject([
      { status: 'error', problem: { code: 'wiring-failed' } },
    ]);
    await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('error'), patience);
  });

  test('a provider that hangs is given up after the deadline', async () => {
    withProvider(() => ({
      ensure: (_wiring, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('too slow'))),
        ),
    }));
    await start({ wiringDeadlineMilliseconds: 50 });
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress });
    expect(await agent.ensure([item])).toMatchObject([
      { status: 'error', problem: { code: 'wiring-failed' } },
    ]);
  });

  test('a network whose provider this host lacks is refused, and its vNIC can be removed', async () => {
    await start();
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress, provider: 'overlay' });
    expect(await agent.ensure([item])).toMatchObject([
      { status: 'error', problem: { code: 'provider-unavailable' } },
    ]);
    expect(await agent.remove([{ ...keyOf(item), placement: 1 }])).toMatchObject([{ status: 'removed' }]);
    await vi.waitFor(() => expect(world.service.model.binding(item)).toBeUndefined(), patience);
  });

  test('what a provider lacks is said, and asked again when it is needed', async () => {
    let isMissing = true;
    const lack = { what: 'nft', remedy: 'apt-get install -y nftables', isRequired: true };
    withProvider(() => ({ probe: async () => (isMissing ? [lack] : []) }));
    await start();
    expect(await agent.status()).toMatchObject({
      providers: [{ ready: false, missing: ['nft: apt-get install -y nftables'] }],
    });
    const item = newItem();
    world.service.model.plug(item, { macAddress: item.macAddress });
    expect(await agent.ensure([item])).toMatchObject([{ problem: { code: 'provider-unavailable' } }]);
    isMissing = false;
    await vi.waitFor(async () => expect(await listed(item)).toMatchObject({ status: 'active' }), patience);
  });

  test('different vNICs are wired side by side, and one vNIC in order', async () => {
    let running = 0;
    let most = 0;
    withProvider((real) => ({
      ensure: async (wiring, signal) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        return real.ensure(wiring, signal);
      },
    }));
    await start({ parallel: 4 });
    const items = Array.from({ length: 20 }, () => newItem());
    for (const item of items) world.service.model.plug(item, { macAddress: item.macAddress });
    const results = await agent.ensure(items);
    expect(results.every(({ status }) => status === 'active')).toBe(true);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});

describe('placements that rise across compute’s whole service', () => {
  const [first, second] = [17, 41 * 2 ** 32 + 5];

  test('a vNIC moves to another instance on the same host, and orders of the first are without effect', async () => {
    await start();
    const item = await wire(newItem(first, { kind: 'none' }));
    const moved = { ...item, placement: second };
    expect(await agent.ensure([moved])).toMatchObject([{ status: 'active' }]);
    expect(await agent.remove([{ ...keyOf(item), placement: first }])).toMatchObject([{ status: 'removed' }]);
    expect(await agent.ensure([item])).toMatchObject([{ problem: { code: 'stale-placement' } }]);
    expect(await wiredOf(item)).toMatchObject([{ placement: second }]);
    await agent.close();
    await start();
    expect(await listed(item)).toMatchObject({ status: 'active', placement: second });
    await vi.waitFor(() => {
      expect(world.service.model.binding(item)).toMatchObject({ status: 'active', placement: second });
    }, patience);
  });

  test('the greatest number that JSON carries exactly is taken, journalled and fenced', async () => {
    await start();
    const item = await wire(newItem(Number.MAX_SAFE_INTEGER));
    await agent.close();
    await start();
    expect(await listed(item)).toMatchObject({ placement: Number.MAX_SAFE_INTEGER });
    expect(await agent.ensure([{ ...item, placement: second }])).toMatchObject([
      { problem: { code: 'stale-placement' } },
    ]);
    const removed = await agent.remove([{ ...keyOf(item), placement: Number.MAX_SAFE_INTEGER }]);
    expect(removed).toMatchObject([{ status: 'removed' }]);
    expect(await wiredOf(item)).toEqual([]);
  });
});

describe('a host whose compute asks for ever more vNICs', () => {
  test('is told when there is no room, and what is known goes on being served', async () => {
    await start({ mostRecords: 3 });
    const [kept, other] = [await wire(), await wire()];
    const flood = Array.from({ length: 50 }, () => newItem());
    const results = await agent.remove(flood);
    expect(results.filter(({ status }) => status === 'removed')).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'error')[0]).toMatchObject({
      problem: { code: 'wiring-failed', detail: expect.stringMatching(/as many vNICs as it can \(3\)/) },
    });
    const late = newItem();
    world.service.model.plug(late, { macAddress: late.macAddress });
    expect(await agent.ensure([late])).toMatchObject([{ problem: { code: 'wiring-failed' } }]);
    expect(world.service.model.binding(late)).toBeUndefined();
    expect(journalFiles()).toHaveLength(3);
    expect(await agent.ensure([kept])).toMatchObject([{ status: 'active' }]);
    expect(await agent.remove([{ ...keyOf(other), placement: 1 }])).toMatchObject([{ status: 'removed' }]);
  });
});

describe('a state folder that was lost', () => {
  const loseState = () => rmSync(join(world.stateDir, journalFolder), { recursive: true });

  test('bindings of which nothing is in the kernel are released', async () => {
    await start();
    const item = await wire();
    await agent.close();
    loseState();
    await world.breakWiring(item);
    await start();
    await vi.waitFor(() => expect(world.service.model.binding(item)).toBeUndefined(), patience);
    expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
  });

  test('what is in the kernel is left alone until compute asks for it', async () => {
    await start();
    const item = await wire();
    const binding = world.service.model.binding(item);
    await agent.close();
    loseState();
    await start();
    await vi.waitFor(
      () =>
        expect(world.service.requests.filter((one) => one === 'listBindings 200').length).toBeGreaterThan(1),
      patience,
    );
    expect(await agent.list()).toEqual([]);
    expect(await wiredOf(item)).toHaveLength(1);
    expect(await agent.ensure([item])).toMatchObject([{ status: 'active' }]);
    expect(world.service.model.binding(item)?.id).toBe(binding?.id);
  });

  test('what is in the kernel is removed and released when compute says so', async () => {
    await start();
    const [removed, collected] = [await wire(), await wire()];
    await agent.close();
    loseState();
    await start();
    expect(await agent.remove([{ ...keyOf(removed), placement: 1 }])).toMatchObject([{ status: 'removed' }]);
    expect(await wiredOf(removed)).toEqual([]);
    expect(await agent.gc([])).toEqual([keyOf(collected)]);
    expect(await wiredOf(collected)).toEqual([]);
    await vi.waitFor(() => expect(world.service.model.bindings()).toEqual([]), patience);
  });

  test('an older placement than the kernel knows is refused even then', async () => {
    await start();
    const item = await wire(newItem(5));
    await agent.close();
    loseState();
    await start();
    const older = { ...keyOf(item), placement: 4 };
    expect(await agent.remove([older])).toMatchObject([{ status: 'removed' }]);
    expect(await wiredOf(item)).toHaveLength(1);
    expect(await agent.ensure([{ ...item, placement: 4 }])).toMatchObject([
      { status: 'error', problem: { code: 'stale-placement' } },
    ]);
  });
});

async function checked(item: EnsureItem) {
  const [result] = await agent.check([item]);
  if (result === undefined) throw new Error('no result');
  return result;
}

/** The journal's file of a vNIC; its name is the journal's own affair, so it is found by content. */
function recordOf(item: EnsureItem): string {
  const record = journalFiles().find((path) => readFileSync(path, 'utf8').includes(item.vnicId));
  if (record === undefined) throw new Error('no record');
  return record;
}

function journalFiles(): string[] {
  const folder = join(world.stateDir, journalFolder);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
}
