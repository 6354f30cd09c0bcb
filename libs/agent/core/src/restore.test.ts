import { randomUUID } from 'node:crypto';
import type { EnsureItem, Wiring } from '@patchpanel/contract-agent';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalNetworkAgent } from './local-network-agent.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { newItem } from './testing/items.ts';

const patience = { timeout: 8_000, interval: 10 };

let world: AgentWorld;
let agent: LocalNetworkAgent;

beforeEach(async () => {
  world = await makeAgentWorld();
  agent = await start();
});
afterEach(async () => {
  await agent.close();
  await world.close();
});

function start(): Promise<LocalNetworkAgent> {
  return LocalNetworkAgent.start({
    hostName: 'host-1',
    stateDir: world.stateDir,
    providers: world.providers,
    networkService: world.client(),
    logger: quietLogger,
    version: '1.2.3',
    retry: { firstMilliseconds: 10, mostMilliseconds: 100 },
  });
}

const model = () => world.service.model;

async function wire(item = newItem()): Promise<EnsureItem> {
  model().plug(item, { macAddress: item.macAddress });
  await agent.ensure([item]);
  await vi.waitFor(() => expect(model().binding(item)?.status).toBe('active'), patience);
  return item;
}

/** Plugs a wired vNIC anew, and waits until that is wired. */
async function replug(item: EnsureItem): Promise<void> {
  model().unplug(item);
  const { generation } = model().plug(item, { macAddress: item.macAddress });
  await vi.waitFor(async () => expect(await wiredAs(item)).toMatchObject([{ generation }]), patience);
}

async function wiredAs(item: EnsureItem) {
  const provider = world.providers.get('simulated');
  return (await provider?.list())?.filter(({ vnicId }) => vnicId === item.vnicId) ?? [];
}

async function listed(item: EnsureItem): Promise<Wiring | undefined> {
  return (await agent.list()).find(({ vnicId }) => vnicId === item.vnicId);
}

/** What the host has said that it has, once it was asked for after the restore. */
async function said(item: EnsureItem) {
  await vi.waitFor(() => expect(model().holdings.length).toBeGreaterThan(0), patience);
  return model()
    .holdings.at(-1)
    ?.filter(({ vnicId }) => vnicId === item.vnicId);
}

/** Until the agent has heard the restored service's word on everything. */
async function heardAgain(): Promise<void> {
  const before = world.service.requests.filter((request) => request === 'listBindings 200').length;
  await vi.waitFor(() => {
    expect(world.service.requests.filter((request) => request === 'listBindings 200').length).toBeGreaterThan(
      before,
    );
    expect(model().holdings.length).toBeGreaterThan(0);
  }, patience);
}

/** Until the agent has taken in that the service does not know what is wired, and has asked for a newer plug. */
async function isStranded(): Promise<void> {
  const asked = () => world.service.requests.filter((request) => request === 'resolveAttachment 404').length;
  await vi.waitFor(() => expect(asked()).toBeGreaterThan(1), patience);
}

async function restore(bringBack: () => void): Promise<void> {
  await world.service.stop();
  bringBack();
  await world.service.resume();
  await heardAgain();
}

describe('the agent', () => {
  test('says that it lives, what it is, and what its providers lack', async () => {
    await vi.waitFor(() => {
      expect(model().word).toMatchObject({
        version: '1.2.3',
        providers: [{ name: 'simulated', isUsable: true }],
      });
    }, patience);
  });

  test('hands changes of security groups on, and reads what is of a network that has changed', async () => {
    const item = await wire();
    const networkId = model().binding(item)?.attachment?.networkId ?? '';
    const reads = () => world.service.requests.filter((request) => request === 'getBinding 200').length;
    const before = reads();
    model().groupChanged(randomUUID(), item.projectId);
    model().networkChanged(networkId, item.projectId);
    await vi.waitFor(() => expect(reads()).toBeGreaterThan(before), patience);
    expect((await listed(item))?.status).toBe('active');
  });
});

describe('after the service’s database was restored from an older backup', () => {
  test('what has not changed since goes on in the new epoch', async () => {
    const item = await wire();
    await restore(model().copy());
    await vi.waitFor(
      async () => expect(await wiredAs(item)).toMatchObject([{ epoch: 2, generation: 1 }]),
      patience,
    );
    await vi.waitFor(
      () => expect(model().binding(item)).toMatchObject({ epoch: 2, status: 'active' }),
      patience,
    );
  });

  test('a wiring that the service has forgotten stays, is told of, and gives way to the next plug', async () => {
    const bringBack = model().copy();
    const item = await wire();
    const [before] = await wiredAs(item);
    await restore(bringBack);
    expect(await said(item)).toMatchObject([
      { epoch: 1, generation: 1, macAddress: item.macAddress, ipAddresses: ['10.0.0.5'] },
    ]);
    await isStranded();
    expect(await wiredAs(item)).toEqual([before]);
    expect((await listed(item))?.status).toBe('active');
    const plug = model().plug(item, { macAddress: item.macAddress });
    expect(plug.generation).toBe(2);
    await vi.waitFor(async () => {
      expect(await wiredAs(item)).toMatchObject([{ epoch: 2, generation: 2, portId: plug.portId }]);
    }, patience);
    await vi.waitFor(() => expect(model().binding(item)?.status).toBe('active'), patience);
  });

  test('the same holds when the database comes to an epoch that it has had before', async () => {
    const bringBack = model().copy({ isEpochRaised: false });
    const item = await wire();
    const [before] = await wiredAs(item);
    await restore(bringBack);
    await vi.waitFor(() => expect(model().epoch).toBe(2), patience);
    await isStranded();
    expect(await wiredAs(item)).toEqual([before]);
    expect((await listed(item))?.status).toBe('active');
    const plug = model().plug(item, { macAddress: item.macAddress });
    await vi.waitFor(async () => {
      expect(await wiredAs(item)).toMatchObject([{ generation: 2, portId: plug.portId }]);
    }, patience);
  });

  test('a vNIC is not rewired to the older port, which is told why, but to the next one', async () => {
    const item = await wire();
    const older = model().binding(item);
    const bringBack = model().copy();
    await replug(item);
    const [before] = await wiredAs(item);
    await restore(bringBack);
    await vi.waitFor(() => {
      expect(model().binding(item)).toMatchObject({ id: older?.id, status: 'error' });
    }, patience);
    expect(model().binding(item)?.statusReason).toContain('stale-generation');
    expect(await wiredAs(item)).toEqual([before]);
    expect((await listed(item))?.status).toBe('active');
    model().unplug(item);
    const plug = model().plug(item, { macAddress: item.macAddress });
    expect(plug.generation).toBe(3);
    await vi.waitFor(async () => {
      expect(await wiredAs(item)).toMatchObject([{ generation: 3, portId: plug.portId }]);
    }, patience);
  });

  test('a vNIC that was unplugged since is not wired again', async () => {
    const item = await wire();
    const bringBack = model().copy();
    model().unplug(item);
    await vi.waitFor(() => expect(model().binding(item)).toBeUndefined(), patience);
    // Until it has noted that the release was taken.
    await agent.close();
    agent = await start();
    expect(await wiredAs(item)).toEqual([]);
    await restore(bringBack);
    await vi.waitFor(() => expect(model().binding(item)?.status).toBe('error'), patience);
    expect(await wiredAs(item)).toEqual([]);
  });

  test('addresses that a port got since stay wired, until it is changed anew', async () => {
    const item = await wire();
    const bringBack = model().copy();
    const newer = [{ ipAddress: '10.0.0.77', prefixLength: 24 }];
    model().changePort(item, { fixedIps: newer });
    model().awaitsHoldings = true;
    await vi.waitFor(
      async () => expect(await said(item)).toMatchObject([{ ipAddresses: ['10.0.0.77'] }]),
      patience,
    );
    await restore(bringBack);
    expect(await said(item)).toMatchObject([{ ipAddresses: ['10.0.0.77'] }]);
    await vi.waitFor(() => expect(model().binding(item)?.status).toBe('error'), patience);
    const latest = [{ ipAddress: '10.0.0.99', prefixLength: 24 }];
    model().changePort(item, { fixedIps: latest });
    await vi.waitFor(() => expect(model().binding(item)?.status).toBe('active'), patience);
    model().awaitsHoldings = true;
    await vi.waitFor(
      async () => expect(await said(item)).toMatchObject([{ ipAddresses: ['10.0.0.99'] }]),
      patience,
    );
  });

  test('what is stranded stays so through a restart of the agent, and goes when compute says so', async () => {
    const bringBack = model().copy();
    const item = await wire();
    await restore(bringBack);
    await agent.close();
    agent = await start();
    expect((await agent.check([item]))[0]).toMatchObject({ known: true, differences: [] });
    expect(await wiredAs(item)).toHaveLength(1);
    expect(await agent.remove([item])).toMatchObject([{ status: 'removed' }]);
    expect(await wiredAs(item)).toEqual([]);
  });

  test('a machine that is placed anew is wired as before, though the service has forgotten the plug', async () => {
    const bringBack = model().copy();
    const item = await wire();
    await restore(bringBack);
    const again = await agent.ensure([{ ...item, placement: item.placement + 1 }]);
    expect(again).toMatchObject([{ status: 'active' }]);
    expect(await wiredAs(item)).toMatchObject([{ epoch: 1, generation: 1, placement: item.placement + 1 }]);
  });

  test('a binding that has ended for good is still taken down, in its own epoch', async () => {
    const item = await wire();
    model().releaseByForce(item);
    await vi.waitFor(async () => expect(await wiredAs(item)).toEqual([]), patience);
  });
});

describe('a fenced host', () => {
  test('takes down what was taken from it, and binds nothing until the fence is lifted', async () => {
    const item = await wire();
    const next = newItem();
    model().isFenced = true;
    world.service.refuse = (operationId) =>
      operationId === 'claimBinding' || operationId === 'reportBindingStatus' ? 'host-fenced' : undefined;
    model().plug(next, { macAddress: next.macAddress });
    expect(await agent.ensure([next])).toMatchObject([
      { status: 'error', problem: { code: 'network-service-unavailable' } },
    ]);
    model().unplug(item);
    await vi.waitFor(async () => expect(await wiredAs(item)).toEqual([]), patience);
    expect(await wiredAs(next)).toEqual([]);
    world.service.refuse = undefined;
    await vi.waitFor(async () => expect((await listed(next))?.status).toBe('active'), patience);
  });
});
