import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EnsureItem } from '@patchpanel/contract-agent';
import { LocalNetworkAgent, type LocalNetworkAgentOptions } from './local-network-agent.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { keyOf, newItem } from './testing/items.ts';
import { mortality, type Mortality } from './testing/mortality.ts';

const patience = { timeout: 8_000, interval: 10 };
/** More than any of the lives below has steps: they are counted, not assumed. */
const manySteps = 40;

let world: AgentWorld;
let agents: LocalNetworkAgent[];

beforeEach(async () => {
  world = await makeAgentWorld();
  agents = [];
});

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await world.close();
});

async function start(options: Partial<LocalNetworkAgentOptions> = {}): Promise<LocalNetworkAgent> {
  await world.reload();
  return LocalNetworkAgent.start({
    hostName: 'host-1',
    stateDir: world.stateDir,
    providers: world.providers,
    networkService: world.client(),
    logger: quietLogger,
    retry: { firstMilliseconds: 10, mostMilliseconds: 100 },
    ...options,
  });
}

/** An agent that dies on its way; its second life is another one on the same state. */
async function startMortal(fate: Mortality): Promise<LocalNetworkAgent> {
  await world.reload();
  const providers = new Map([...world.providers].map(([name, half]) => [name, fate.provider(half)]));
  return start({ providers, networkService: fate.networkService(world.client()) });
}

async function startAgain(): Promise<LocalNetworkAgent> {
  const agent = await start();
  agents.push(agent);
  return agent;
}

async function wiredPlacements(item: EnsureItem): Promise<number[]> {
  const lists = await Promise.all([...world.providers.values()].map((provider) => provider.list()));
  return lists
    .flat()
    .filter(({ vnicId }) => vnicId === item.vnicId)
    .map(({ placement }) => placement);
}

/** Runs a life of one vNIC with death at each of its steps in turn. */
async function dieEverywhere(
  live: (agent: LocalNetworkAgent, item: EnsureItem) => Promise<unknown>,
  verify: (agent: LocalNetworkAgent, item: EnsureItem) => Promise<void>,
): Promise<number> {
  for (let step = 1; step <= manySteps; step++) {
    for (const moment of ['before', 'after'] as const) {
      const fate = mortality(step, moment);
      await world.close();
      world = await makeAgentWorld();
      const item = newItem();
      world.service.model.plug(item, { macAddress: item.macAddress });
      const mortal = await startMortal(fate);
      const lived = live(mortal, item).catch(() => undefined);
      await Promise.race([lived.then(() => settled(fate, item)), fate.death]);
      const hasDied = fate.isDead;
      void mortal.close();
      const agent = await start();
      try {
        await verify(agent, item);
      } finally {
        await agent.close();
      }
      if (!hasDied) return step;
    }
  }
  throw new Error('a life has more steps than expected');
}

/** What an agent does after it has answered (reports, releases) belongs to its life. */
async function settled(fate: Mortality, item: EnsureItem): Promise<void> {
  const isDone = () => {
    const binding = world.service.model.binding(item);
    return fate.isDead || binding === undefined || binding.status === 'active';
  };
  await vi.waitFor(() => expect(isDone()).toBe(true), patience);
}

test('an agent that dies at any step of wiring a vNIC finishes it when compute asks again', async () => {
  const steps = await dieEverywhere(
    (agent, item) => agent.ensure([item]),
    async (agent, item) => {
      const [result] = await agent.ensure([item]);
      expect(result).toMatchObject({ status: 'active' });
      expect(await wiredPlacements(item)).toEqual([1]);
      await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
    },
  );
  expect(steps).toBeGreaterThan(3);
});

test('an agent that dies at any step of a whole life leaves nothing when compute removes the vNIC', async () => {
  const steps = await dieEverywhere(
    async (agent, item) => {
      await agent.ensure([item]);
      await agent.ensure([{ ...item, placement: 2 }]);
      await agent.remove([{ ...keyOf(item), placement: 2 }]);
    },
    async (agent, item) => {
      const [result] = await agent.remove([{ ...keyOf(item), placement: 2 }]);
      expect(result).toMatchObject({ status: 'removed' });
      expect(await wiredPlacements(item)).toEqual([]);
      await vi.waitFor(() => expect(world.service.model.binding(item)).toBeUndefined(), patience);
    },
  );
  expect(steps).toBeGreaterThan(5);
});

test('a machine that was wired before a crash is proven and reported again, and only what is wrong is touched', async () => {
  const item = newItem();
  world.service.model.plug(item, { macAddress: item.macAddress });
  const first = await start();
  await first.ensure([item]);
  await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
  await first.close();
  const revision = world.service.model.binding(item)?.revision;
  const agent = await startAgain();
  await vi.waitFor(async () => expect(await agent.list()).toMatchObject([{ status: 'active' }]), patience);
  expect(world.service.model.binding(item)?.revision).toBe(revision);
});

test('a report that could not be delivered is delivered by the next life', async () => {
  const item = newItem();
  world.service.model.plug(item, { macAddress: item.macAddress });
  const fate = mortality(3, 'before'); // claim, ensure, report
  const mortal = await startMortal(fate);
  expect(await mortal.ensure([item])).toMatchObject([{ status: 'active' }]);
  await fate.death;
  void mortal.close();
  expect(world.service.model.binding(item)?.status).toBe('building');
  await startAgain();
  await vi.waitFor(() => expect(world.service.model.binding(item)?.status).toBe('active'), patience);
});
