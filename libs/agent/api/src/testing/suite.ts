import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Device, EnsureItem, VnicKey, Wiring, WiringResult } from '@patchpanel/contract-agent';
import type { NetworkAgent } from '../network-agent.ts';

/** An agent with a network service and a kernel (or something in its place) that the suite can act on. */
export interface AgentUnderTest {
  /** The agent as a caller has it; the same object before and after `restart`, or another one. */
  readonly agent: NetworkAgent;
  /** Plugs the vNIC into a port of its own. */
  plug(vnic: VnicKey & { readonly macAddress: string }): Promise<void>;
  unplug(key: VnicKey): Promise<void>;
  /** Another host realises the attachment from now on. */
  bindElsewhere(key: VnicKey): Promise<void>;
  /** What the network service believes of the binding to this host; undefined when there is none. */
  bindingStatus(key: VnicKey): Promise<string | undefined>;
  /** The agent can't reach the network service any more. */
  cutOff(): Promise<void>;
  reconnect(): Promise<void>;
  /** Removes what is wired behind the agent's back. */
  breakWiring(key: VnicKey): Promise<void>;
  /** Stops the agent and starts it again on the same state. */
  restart(): Promise<void>;
  /** Ends everything and removes what it made. */
  close(): Promise<void>;
}

const none: Device = { kind: 'none' };
const patience = { timeout: 8_000, interval: 20 };

/**
 * What every `NetworkAgent` promises, whatever is between it and the caller. The agent must be able to wire devices of
 * kind `none`, and to tell one tap from another; it should try again what failed within a second.
 */
export function describeNetworkAgent(name: string, make: () => Promise<AgentUnderTest>): void {
  describe(`${name} as a NetworkAgent`, () => {
    let world: AgentUnderTest;

    beforeEach(async () => {
      world = await make();
    });
    afterEach(() => world.close());

    async function ensureOne(item: EnsureItem): Promise<WiringResult> {
      const [result] = await world.agent.ensure([item]);
      if (result === undefined) throw new Error('no result');
      return result;
    }

    async function listed(key: VnicKey): Promise<Wiring | undefined> {
      return (await world.agent.list()).find(({ vnicId }) => vnicId === key.vnicId);
    }

    async function plugged(placement = 1): Promise<EnsureItem> {
      const item = newItem(placement);
      await world.plug(item);
      return item;
    }

    test('a plugged vNIC is wired, and reported active', async () => {
      const item = await plugged();
      const result = await ensureOne(item);
      expect(result).toMatchObject({ ...keyOf(item), status: 'active' });
      expect(result.problem).toBeUndefined();
      await vi.waitFor(async () => expect(await world.bindingStatus(item)).toBe('active'), patience);
      expect(await world.agent.list()).toMatchObject([
        { ...keyOf(item), placement: 1, generation: 1, status: 'active' },
      ]);
    });

    test('asking again gives the same answer', async () => {
      const item = await plugged();
      const first = await ensureOne(item);
      expect(await ensureOne(item)).toEqual(first);
    });

    test('each item has a result in its place, and one that fails leaves the others alone', async () => {
      const [one, two] = [await plugged(), await plugged()];
      const lost = newItem();
      const results = await world.agent.ensure([one, lost, two]);
      expect(results.map(({ vnicId, status }) => [vnicId, status])).toEqual([
        [one.vnicId, 'active'],
        [lost.vnicId, 'error'],
        [two.vnicId, 'active'],
      ]);
    });

    test('a batch may be larger than one request', async () => {
      const items = Array.from({ length: 230 }, () => newItem());
      const results = await world.agent.remove(items);
      expect(results.map(({ vnicId }) => vnicId)).toEqual(items.map(({ vnicId }) => vnicId));
    });

    test('an empty batch has no results', async () => {
      expect(await world.agent.ensure([])).toEqual([]);
      expect(await world.agent.remove([])).toEqual([]);
      expect(await world.agent.check([])).toEqual([]);
    });

    test('letters of ids and MAC addresses may be of either case', async () => {
      const item = await plugged();
      const shouted = {
        ...item,
        projectId: item.projectId.toUpperCase(),
        vnicId: item.vnicId.toUpperCase(),
        macAddress: item.macAddress.toUpperCase(),
      };
      expect(await ensureOne(shouted)).toMatchObject({ ...keyOf(item), status: 'active' });
      expect(await world.agent.list()).toHaveLength(1);
    });

    test('a vNIC that is plugged into nothing is refused, and wired by itself once it is plugged', async () => {
      const item = newItem();
      expect(await ensureOne(item)).toMatchObject({
        status: 'error',
        problem: { code: 'attachment-not-found' },
      });
      await world.plug(item);
      await vi.waitFor(async () => expect(await listed(item)).toMatchObject({ status: 'active' }), patience);
    });

    test('a vNIC that was plugged with another MAC address is refused', async () => {
      const item = newItem();
      await world.plug({ ...item, macAddress: '02:00:00:00:00:99' });
      expect(await ensureOne(item)).toMatchObject({ status: 'error', problem: { code: 'mac-mismatch' } });
      expect(await listed(item)).toMatchObject({ status: 'error', generation: 0 });
    });

    test('a vNIC that another host realises is refused', async () => {
      const item = await plugged();
      await world.bindElsewhere(item);
      expect(await ensureOne(item)).toMatchObject({ status: 'error', problem: { code: 'bound-elsewhere' } });
    });

    test('an older placement is refused and changes nothing', async () => {
      const item = await plugged(5);
      await ensureOne(item);
      const older = await ensureOne({ ...item, placement: 4, device: { kind: 'tap', ownerUid: 7 } });
      expect(older).toMatchObject({ status: 'error', problem: { code: 'stale-placement' } });
      expect(await listed(item)).toMatchObject({ placement: 5, status: 'active' });
    });

    test('a removal of an older placement succeeds and changes nothing', async () => {
      const item = await plugged(5);
      await ensureOne(item);
      expect(await world.agent.remove([{ ...keyOf(item), placement: 4 }])).toMatchObject([
        { status: 'removed' },
      ]);
      expect(await listed(item)).toMatchObject({ placement: 5, status: 'active' });
    });

    test('an older placement is refused after a newer one was removed', async () => {
      const item = await plugged(5);
      await ensureOne(item);
      await world.agent.remove([{ ...keyOf(item), placement: 5 }]);
      const late = await ensureOne({ ...item, placement: 4 });
      expect(late).toMatchObject({ status: 'error', problem: { code: 'stale-placement' } });
      expect(await world.agent.list()).toEqual([]);
    });

    test('another device needs a newer placement', async () => {
      const item = await plugged();
      await ensureOne(item);
      const device: Device = { kind: 'tap', ownerUid: 7 };
      expect(await ensureOne({ ...item, device })).toMatchObject({
        status: 'error',
        problem: { code: 'device-refused' },
      });
      expect(await ensureOne({ ...item, placement: 2, device })).toMatchObject({ status: 'active' });
    });

    test('a device whose process is not there is missing', async () => {
      const item = await plugged();
      const device: Device = { kind: 'namespace', pid: 4194304, startTime: '1', interfaceName: 'eth0' };
      const result = await ensureOne({ ...item, device });
      expect(result).toMatchObject({ status: 'error', problem: { code: 'device-missing' } });
    });

    test('what is removed is gone here, and released at the network service', async () => {
      const item = await plugged();
      await ensureOne(item);
      const [result] = await world.agent.remove([{ ...keyOf(item), placement: 1 }]);
      expect(result).toMatchObject({ ...keyOf(item), status: 'removed' });
      expect(await world.agent.list()).toEqual([]);
      await vi.waitFor(async () => expect(await world.bindingStatus(item)).toBeUndefined(), patience);
    });

    test('removing again, or what never was, counts as done', async () => {
      const item = await plugged();
      await ensureOne(item);
      const remove = [{ ...keyOf(item), placement: 1 }];
      await world.agent.remove(remove);
      expect(await world.agent.remove(remove)).toMatchObject([{ status: 'removed' }]);
      expect(await world.agent.remove([{ ...keyOf(newItem()), placement: 1 }])).toMatchObject([
        { status: 'removed' },
      ]);
    });

    test('unplugging takes the wiring down, plugging again brings it back', async () => {
      const item = await plugged();
      await ensureOne(item);
      await world.unplug(item);
      const unplugged = { status: 'error', problem: { code: 'attachment-not-found' } };
      await vi.waitFor(async () => expect(await listed(item)).toMatchObject(unplugged), patience);
      await world.plug(item);
      const again = { status: 'active', generation: 2 };
      await vi.waitFor(async () => expect(await listed(item)).toMatchObject(again), patience);
    });

    test('check compares with the kernel, changes nothing, and ensure repairs', async () => {
      const item = await plugged();
      await ensureOne(item);
      const known = { ...keyOf(item), known: true, differences: [] };
      expect(await world.agent.check([item])).toEqual([known]);
      await world.breakWiring(item);
      for (let round = 0; round < 2; round++) {
        const [result] = await world.agent.check([item]);
        expect(result?.differences).not.toEqual([]);
      }
      await ensureOne(item);
      expect(await world.agent.check([item])).toEqual([known]);
    });

    test('check says what it does not know', async () => {
      const key = keyOf(newItem());
      expect(await world.agent.check([key])).toEqual([{ ...key, known: false, differences: [] }]);
    });

    test('gc takes down what is not valid, and only says so with dryRun', async () => {
      const [kept, dropped] = [await plugged(), await plugged()];
      await world.agent.ensure([kept, dropped]);
      expect(await world.agent.gc([kept], { dryRun: true })).toEqual([keyOf(dropped)]);
      expect(await world.agent.list()).toHaveLength(2);
      expect(await world.agent.gc([kept])).toEqual([keyOf(dropped)]);
      expect(await world.agent.list()).toMatchObject([{ vnicId: kept.vnicId, status: 'active' }]);
      expect(await world.agent.gc([kept])).toEqual([]);
      await vi.waitFor(async () => expect(await world.bindingStatus(dropped)).toBeUndefined(), patience);
    });

    test('status counts, and says whether the network service is reached', async () => {
      await world.agent.ensure([await plugged(), newItem()]);
      const reached = { networkService: 'reachable', wirings: { active: 1, wiring: 0, error: 1 } };
      expect(await world.agent.status()).toMatchObject(reached);
      await world.cutOff();
      await vi.waitFor(
        async () => expect(await world.agent.status()).toMatchObject({ networkService: 'unreachable' }),
        patience,
      );
    });

    test('without the network service, what was wired stays and can be asked for again', async () => {
      const item = await plugged();
      await ensureOne(item);
      await world.cutOff();
      expect(await ensureOne(item)).toMatchObject({ status: 'active' });
      await world.restart();
      expect(await ensureOne(item)).toMatchObject({ status: 'active' });
    });

    test('without the network service, what was never asked for is not wired; it is once the service is back', async () => {
      const item = await plugged();
      await world.cutOff();
      expect(await ensureOne(item)).toMatchObject({
        status: 'error',
        problem: { code: 'network-service-unavailable' },
      });
      await world.reconnect();
      await vi.waitFor(async () => expect(await listed(item)).toMatchObject({ status: 'active' }), patience);
      await vi.waitFor(async () => expect(await world.bindingStatus(item)).toBe('active'), patience);
    });

    test('a release is remembered through an outage and a restart', async () => {
      const item = await plugged();
      await ensureOne(item);
      await world.cutOff();
      const [result] = await world.agent.remove([{ ...keyOf(item), placement: 1 }]);
      expect(result).toMatchObject({ status: 'removed' });
      await world.restart();
      await world.reconnect();
      await vi.waitFor(async () => expect(await world.bindingStatus(item)).toBeUndefined(), patience);
    });

    test('a restart changes nothing', async () => {
      const items = [await plugged(), await plugged(3)];
      await world.agent.ensure(items);
      const before = await world.agent.list();
      await world.restart();
      await vi.waitFor(async () => expect(await world.agent.list()).toEqual(before), patience);
      const [older] = await world.agent.ensure(items.map((item) => ({ ...item, placement: 2 })).slice(1));
      expect(older).toMatchObject({ problem: { code: 'stale-placement' } });
    });

    test('an aborted call rejects with its reason', async () => {
      const reason = new Error('changed my mind');
      await expect(world.agent.ensure([newItem()], AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}

let count = 0;

function newItem(placement = 1): EnsureItem {
  count += 1;
  const macAddress = `02:00:5e:00:${hex(count >> 8)}:${hex(count & 255)}`;
  return { projectId: randomUUID(), vnicId: randomUUID(), macAddress, placement, device: none };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function keyOf({ projectId, vnicId }: VnicKey): VnicKey {
  return { projectId, vnicId };
}
