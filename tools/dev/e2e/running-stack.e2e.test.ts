import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../src/processes/run.ts';
import { until } from '../src/processes/until.ts';
import {
  addressesIn,
  droppedFrames,
  echoRequestsSeenBy,
  inMachine,
  pingFrom,
} from '../src/proof/machines.ts';
import { readCounts } from '../src/proof/separation.ts';
import type { Stack } from '../src/stack.ts';
import { addressesOf, type Story, type StoryMachine } from '../src/story/four-steps.ts';
import { pingWhile } from './steady-ping.ts';
import { root, startTestStack, takeTurns, walkInSilence } from './test-stack.ts';

let endTurn: () => Promise<void>;
let stack: Stack;
let story: Story;
let one: StoryMachine;
let two: StoryMachine;
let pidOne: number;
let pidTwo: number;
let addressTwo: string;

beforeAll(async () => {
  endTurn = await takeTurns();
  stack = await startTestStack();
  story = await walkInSilence(stack);
  [one, two] = story.machines;
  pidOne = await stack.machine(one.instance.id);
  pidTwo = await stack.machine(two.instance.id);
  addressTwo = addressesOf(two.port)[0] ?? '';
});

afterAll(async () => {
  await stack?.close();
  await endTurn?.();
});

describe('the four steps', () => {
  test('inside each machine are the addresses that its port had before the machine was', async () => {
    expect(await addressesIn(pidOne)).toEqual(addressesOf(one.port).sort());
    expect(await addressesIn(pidTwo)).toEqual(addressesOf(two.port).sort());
    const isOlder = Date.parse(one.port.createdAt) < Date.parse(one.instance.createdAt);
    expect(isOlder).toBe(true);
  });

  test('the machines reach each other both ways, by IPv4 and IPv6, without loss', async () => {
    for (const [pid, port] of [
      [pidOne, two.port],
      [pidTwo, one.port],
    ] as const) {
      expect(addressesOf(port)).toHaveLength(2);
      for (const address of addressesOf(port)) {
        expect(await pingFrom(pid, address)).toMatchObject({ sent: 3, received: 3 });
      }
    }
  });

  test.each([
    ['IPv4', '10.0.0.201/32', 0],
    ['IPv6', 'fd00:b1ce::bad/128', 1],
  ])(
    "packets from an %s address that is not the port's are dropped and counted",
    async (_, spoofed, index) => {
      const device = one.port.attachment?.binding?.deviceName ?? '';
      const source = spoofed.split('/')[0] ?? '';
      const target = addressesOf(two.port)[index] ?? '';
      const before = await droppedFrames(device, 'source-ip');
      const seenBefore = await echoRequestsSeenBy(pidTwo);
      await inMachine(pidOne, 'ip', 'addr', 'add', spoofed, 'dev', 'eth0', ...(index === 1 ? ['nodad'] : []));
      try {
        expect(await pingFrom(pidOne, target, { count: 4, source })).toMatchObject({ sent: 4, received: 0 });
      } finally {
        await inMachine(pidOne, 'ip', 'addr', 'flush', 'to', spoofed);
      }
      expect((await droppedFrames(device, 'source-ip')) - before).toBeGreaterThanOrEqual(4);
      expect(await echoRequestsSeenBy(pidTwo)).toBe(seenBefore);
    },
  );

  test('compute has not sent the network service a single packet', async () => {
    const counts = await readCounts(stack.places.instance);
    expect(counts['compute-api']).toBe(0);
    expect(counts['compute-host']).toBe(0);
    expect(counts['network-agent']).toBeGreaterThan(0);
  });
});

describe('what users touch', () => {
  test.each(['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'])(
    'both services serve %s',
    async (path) => {
      for (const url of [stack.networkUrl, stack.computeUrl]) {
        const response = await fetch(`${url}${path}`);
        expect(response.status).toBe(200);
        expect((await response.text()).length).toBeGreaterThan(1);
      }
    },
  );

  test('the example of the four steps works as it stands', async () => {
    const env = {
      ...process.env,
      PATCHPANEL_NETWORK_URL: stack.networkUrl,
      PATCHPANEL_NETWORK_TOKEN: stack.user.networkToken,
      PATCHPANEL_COMPUTE_URL: stack.computeUrl,
      PATCHPANEL_COMPUTE_TOKEN: stack.user.computeToken,
    };
    const { code, stdout, stderr } = await run(process.execPath, [join(root, 'examples/four-steps.ts')], {
      env,
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('its port is active on host-1');
    expect(stdout).toContain('all removed');
  });
});

describe('either service without the other', () => {
  test('without the network service compute makes, boots and answers, and machines reach each other', async () => {
    const { compute } = stack.patchpanel();
    await stack.process('network-api').stop();
    try {
      const loss = await pingWhile(pidOne, addressTwo, async () => {
        const vnic = await compute.vnics.create({ name: 'while-the-network-service-is-away' });
        const unplugged = await compute.instances.create({ name: 'no-network-card' });
        await compute.instances.waitUntilRunning(unplugged.id, { timeoutMs: 20_000 });
        expect(await compute.instances.list().toArray()).toHaveLength(3);
        await compute.instances.delete(unplugged.id);
        await compute.instances.waitUntilGone(unplugged.id, { timeoutMs: 20_000 });
        await compute.vnics.delete(vnic.id);
      });
      expect(loss.sent).toBeGreaterThan(5);
      expect(loss.received).toBe(loss.sent);
    } finally {
      await stack.start('network-api');
    }
  });

  test('without the compute service the network service makes, plugs and answers, and machines reach each other', async () => {
    const { network } = stack.patchpanel();
    await stack.process('compute-api').stop();
    try {
      const loss = await pingWhile(pidOne, addressTwo, async () => {
        const port = await network.ports.create(story.network.id, { name: 'spare' });
        const vnic = { id: '019abc00-1234-7abc-8def-0123456789ae', macAddress: '02:00:5e:10:00:01' };
        await network.attachments.plug(port.id, vnic);
        expect(await network.ports.list({ networkId: story.network.id }).toArray()).toHaveLength(3);
        await network.attachments.unplug(port.id);
        await network.ports.delete(port.id);
      });
      expect(loss.received).toBe(loss.sent);
    } finally {
      await stack.start('compute-api');
    }
  });
});

describe('crashes', () => {
  test('the agent killed and started again: not a packet is lost, and the ports are still active', async () => {
    const loss = await pingWhile(pidOne, addressTwo, async () => {
      await stack.process('network-agent').kill();
      await pause(500); // packets flow while nobody looks after them
      await stack.start('network-agent');
    });
    expect(loss.sent).toBeGreaterThan(8);
    expect(loss.received).toBe(loss.sent);
    await stack.patchpanel().network.ports.waitUntilActive(one.port.id, { timeoutMs: 10_000 });
  });

  test('the host killed and started again: it adopts its machines, and not a packet is lost', async () => {
    const { compute } = stack.patchpanel();
    const loss = await pingWhile(pidOne, addressTwo, async () => {
      await stack.process('compute-host').kill();
      await pause(500); // packets flow while nobody looks after them
      await stack.start('compute-host');
      await compute.instances.waitUntilRunning(one.instance.id, { timeoutMs: 20_000 });
    });
    expect(loss.received).toBe(loss.sent);
    expect(await stack.machine(one.instance.id)).toBe(pidOne);
    expect(await stack.machine(two.instance.id)).toBe(pidTwo);
  });

  test('what agent and host have adopted they can take down again', async () => {
    const { network, compute } = stack.patchpanel();
    const card = await compute.vnics.create({ name: 'third-card' });
    const port = await network.ports.create(story.network.id, { name: 'third' });
    await network.attachments.plug(port.id, card);
    const third = await compute.instances.create({ name: 'third', vnicIds: [card.id] });
    const { attachment } = await network.ports.waitUntilActive(port.id, { timeoutMs: 30_000 });
    const pid = await stack.machine(third.id);
    expect(await pingFrom(pid, addressTwo)).toMatchObject({ sent: 3, received: 3 });
    await Promise.all([stack.process('network-agent').kill(), stack.process('compute-host').kill()]);
    await stack.start('network-agent');
    await stack.start('compute-host');
    await compute.instances.delete(third.id);
    await compute.instances.waitUntilGone(third.id, { timeoutMs: 30_000 });
    const device = attachment?.binding?.deviceName ?? '';
    expect(device).not.toBe('');
    await until('the wire to be gone', async () => ((await hasLink(device)) ? undefined : true), {
      timeoutMs: 10_000,
    });
    await until(
      'the port to be released',
      async () => {
        const { status } = await network.ports.get(port.id);
        return status === 'plugged' ? true : undefined;
      },
      { timeoutMs: 10_000 },
    );
    await network.attachments.unplug(port.id);
    await network.ports.delete(port.id);
    await compute.vnics.delete(card.id);
  });
});

async function hasLink(name: string): Promise<boolean> {
  return (await run('ip', ['link', 'show', 'dev', name])).code === 0;
}
