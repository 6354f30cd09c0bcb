import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Device, EnsureItem } from '@patchpanel/contract-agent';
import { LocalNetworkAgent } from './local-network-agent.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { keyOf, newItem } from './testing/items.ts';

/** What can happen to a vNIC, in any order. Placements stand for machines: each has a device of its own. */
type Happening =
  | { readonly kind: 'ensure' | 'remove'; readonly placement: number }
  | { readonly kind: 'plug' | 'unplug' | 'move' | 'break' | 'restart' | 'pause' };

const placement = fc.integer({ min: 1, max: 4 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ensure' as const), placement }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), placement }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...(['plug', 'plug', 'unplug', 'move', 'break', 'pause', 'restart'] as const).map((kind) => ({ kind })),
    ),
  },
);

let world: AgentWorld;
let agent: LocalNetworkAgent;

const start = async () => {
  await world.reload();
  agent = await LocalNetworkAgent.start({
    hostName: 'host-1',
    stateDir: world.stateDir,
    providers: world.providers,
    networkService: world.client(),
    logger: quietLogger,
    driftCheckSeconds: 0.1,
    retry: { firstMilliseconds: 5, mostMilliseconds: 50 },
  });
};

beforeAll(async () => {
  world = await makeAgentWorld();
  await start();
});
afterAll(async () => {
  await agent.close();
  await world.close();
});

function deviceOf(number: number): Device {
  return { kind: 'tap', ownerUid: 1000 + number };
}

/** What the network service and compute want in the end: the newest placement's last word, if the vNIC is plugged. */
class Expectation {
  newest = 0;
  isWanted = false;
  isPlugged = false;

  follow(one: Happening): void {
    if (one.kind === 'plug') this.isPlugged = true;
    if (one.kind === 'unplug') this.isPlugged = false;
    if ((one.kind !== 'ensure' && one.kind !== 'remove') || one.placement < this.newest) return;
    this.newest = one.placement;
    this.isWanted = one.kind === 'ensure';
  }

  get isWired(): boolean {
    return this.isWanted && this.isPlugged;
  }
}

async function happen(one: Happening, item: EnsureItem, expected: Expectation, calls: Promise<unknown>[]) {
  const { model } = world.service;
  switch (one.kind) {
    case 'ensure':
      calls.push(agent.ensure([{ ...item, placement: one.placement, device: deviceOf(one.placement) }]));
      break;
    case 'remove':
      calls.push(agent.remove([{ ...keyOf(item), placement: one.placement }]));
      break;
    case 'plug':
      if (!expected.isPlugged) model.plug(item, { macAddress: item.macAddress });
      break;
    case 'unplug':
      if (expected.isPlugged) model.unplug(item);
      break;
    case 'move': {
      const ipAddress = `10.0.0.${10 + calls.length}`;
      if (expected.isPlugged) model.changePort(item, { fixedIps: [{ ipAddress, prefixLength: 24 }] });
      break;
    }
    case 'break':
      await world.breakWiring(item);
      break;
    case 'restart':
      await Promise.all(calls);
      await agent.close();
      await start();
      break;
    case 'pause':
      await Promise.all(calls);
  }
}

test('whatever happens in whatever order, the newest placement and the newest plug are what is wired in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 14 }), async (happenings) => {
      const item = newItem();
      const expected = new Expectation();
      const calls: Promise<unknown>[] = [];
      for (const one of happenings) {
        await happen(one, item, expected, calls);
        expected.follow(one);
      }
      await Promise.all(calls);
      await vi.waitFor(() => verify(item, expected), { timeout: 5_000, interval: 10 });
      await agent.remove([{ ...keyOf(item), placement: 9 }]);
    }),
    { numRuns: 40 },
  );
}, 120_000);

async function verify(item: EnsureItem, expected: Expectation): Promise<void> {
  const provider = world.providers.get('simulated');
  if (provider === undefined) throw new Error('no provider');
  const wired = (await provider.list()).filter(({ vnicId }) => vnicId === item.vnicId);
  const binding = world.service.model.binding(item);
  if (!expected.isWired) {
    expect(wired).toEqual([]);
    expect(binding).toBeUndefined();
    return;
  }
  const { generation } = world.service.model.resolve(item);
  expect(wired).toMatchObject([{ placement: expected.newest, generation }]);
  expect(binding).toMatchObject({ status: 'active', placement: expected.newest, generation });
  const [listed] = (await agent.list()).filter(({ vnicId }) => vnicId === item.vnicId);
  expect(listed).toMatchObject({ status: 'active', placement: expected.newest, generation });
  expect(await agent.check([item])).toMatchObject([{ known: true, differences: [] }]);
}
