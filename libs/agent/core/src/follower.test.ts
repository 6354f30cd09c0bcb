import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Follower } from './follower.ts';
import { NetworkServiceError } from './network-service.ts';
import { makeAgentWorld, quietLogger, type AgentWorld } from './testing/agent-world.ts';
import { newItem } from './testing/items.ts';

const patience = { timeout: 5_000, interval: 10 };
const signal = new AbortController().signal;

let world: AgentWorld;
let closing: AbortController;
let running: Promise<void>;
let follower: Follower;
let heard: string[];
let gone: string[];
let groups: string[];
let epochNow: (during: AbortSignal) => Promise<number>;
const networkHeld = randomUUID();
let listings: number;
let unlisted: { projectId: string; vnicId: string; bindingId: string }[];

beforeEach(async () => {
  world = await makeAgentWorld();
  closing = new AbortController();
  [heard, gone, groups, unlisted, listings] = [[], [], [], [], 0];
  epochNow = () => Promise.resolve(1);
  follower = new Follower({
    networkService: world.client(),
    logger: quietLogger,
    heard: ({ id }) => void heard.push(id),
    gone: (_key, bindingId, epoch) => void gone.push(`${bindingId} ${epoch}`),
    epochNow: (during) => epochNow(during),
    groupChanged: ({ resourceId }) => void groups.push(resourceId),
    ofNetwork: (networkId) => (networkId === networkHeld ? unlisted : []),
    listed: () => {
      listings += 1;
      return unlisted;
    },
    waitSeconds: 1,
    resyncSeconds: 600,
    retry: { firstMilliseconds: 10, mostMilliseconds: 50 },
  });
});
afterEach(async () => {
  closing.abort();
  await running;
  await world.close();
});

async function bound() {
  const { projectId, vnicId, macAddress, placement } = newItem();
  world.service.model.plug({ projectId, vnicId }, { macAddress });
  const { id } = await world.client().claim({ projectId, vnicId, macAddress, placement }, signal);
  return { projectId, vnicId, bindingId: id };
}

async function follow(): Promise<void> {
  running = follower.run(closing.signal);
  await vi.waitFor(() => expect(listings).toBe(1), patience);
}

test('a listing that was wanted and failed is made good', async () => {
  await follow();
  let failures = 0;
  world.service.refuse = (operationId) => {
    if (operationId !== 'listBindings' || failures > 0) return undefined;
    failures += 1;
    return 'internal-error';
  };
  follower.resync();
  await vi.waitFor(() => expect(failures).toBe(1), patience);
  await vi.waitFor(() => expect(listings).toBe(2), patience);
});

test('a binding that can not be read keeps no other from being followed, and is read when it can be', async () => {
  const [bad, good] = [await bound(), await bound()];
  await follow();
  heard.length = 0;
  world.service.refuse = (operationId, { bindingId }) =>
    operationId === 'getBinding' && bindingId === bad.bindingId ? 'internal-error' : undefined;
  world.service.model.changePort(bad, {});
  world.service.model.changePort(good, {});
  const failures = () => world.service.requests.filter((request) => request === 'getBinding 500').length;
  await vi.waitFor(() => expect(failures()).toBeGreaterThan(3), patience);
  expect(heard).toEqual([good.bindingId]);
  world.service.refuse = undefined;
  await vi.waitFor(() => expect(heard).toContain(bad.bindingId), patience);
});

test('what is held but was not listed is asked for, and one that can not be read does not stop the rest', async () => {
  const [bad, ended, good] = [await bound(), await bound(), await bound()];
  world.service.model.releaseByForce(ended);
  unlisted = [bad, ended];
  world.service.refuse = (operationId, { bindingId }) =>
    operationId === 'getBinding' && bindingId === bad.bindingId ? 'internal-error' : undefined;
  await follow();
  await vi.waitFor(() => expect(gone).toEqual([`${ended.bindingId} 1`]), patience);
  heard.length = 0;
  world.service.model.changePort(good, {});
  await vi.waitFor(() => expect(heard).toEqual([good.bindingId]), patience);
  expect(listings).toBe(1);
});

test('what is not there any more is not believed before the epoch is known', async () => {
  const [ended, good] = [await bound(), await bound()];
  world.service.model.releaseByForce(ended);
  unlisted = [ended];
  let isKnown = false;
  let asked = 0;
  epochNow = async () => {
    asked += 1;
    if (!isKnown) throw new NetworkServiceError('internal-error', 'The service failed.');
    return Promise.resolve(2);
  };
  await follow();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(2), patience);
  expect(gone).toEqual([]);
  heard.length = 0;
  world.service.model.changePort(good, {});
  await vi.waitFor(() => expect(heard).toEqual([good.bindingId]), patience);
  isKnown = true;
  await vi.waitFor(() => expect(gone).toEqual([`${ended.bindingId} 2`]), patience);
});

test('a change of a network has all that is held of it read, and one of a group is handed on', async () => {
  const held = await bound();
  await follow();
  unlisted = [held];
  heard.length = 0;
  const groupId = randomUUID();
  world.service.model.groupChanged(groupId, held.projectId);
  world.service.model.networkChanged(randomUUID(), held.projectId);
  world.service.model.networkChanged(networkHeld, held.projectId);
  await vi.waitFor(() => expect(heard).toEqual([held.bindingId]), patience);
  expect(groups).toEqual([groupId]);
});
