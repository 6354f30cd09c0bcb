import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { DesiredWiring, HostProvider } from '@patchpanel/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bridgeName } from './host/names.ts';
import { startUnprivilegedAgent, type UnprivilegedAgent } from './testing/agent.ts';
import {
  arp,
  broadcastMac,
  ethernet,
  fragment,
  hexOfIpv6,
  icmpv6,
  ipv6,
  neighbour,
  tagged,
  udp,
  udp4,
} from './testing/frames.ts';
import { cleanUpInstance, hostRun } from './testing/host.ts';
import {
  insideOf,
  macOf,
  newInstance,
  startMachine,
  wiringOf,
  type TestMachine,
} from './testing/machines.ts';
import { capture, flood, send, type Capture } from './testing/packets.ts';
import { waitFor } from './testing/wait.ts';

const own = { mac: macOf(1), ip: '192.0.2.1', ip6: '2001:db8::1', linkLocal: 'fe80::fe:ff:fe00:1' };
const other = { mac: macOf(2), ip: '192.0.2.2', ip6: '2001:db8::2' };
const foreign = { mac: macOf(9), ip: '192.0.2.9', ip6: '2001:db8::9' };
const signal = new AbortController().signal;

let agent: UnprivilegedAgent;
let instance: string;
let provider: HostProvider;
let sender: TestMachine;
let receiver: TestMachine;
let wirings: readonly [DesiredWiring, DesiredWiring];

beforeAll(async () => {
  agent = await startUnprivilegedAgent();
});
afterAll(() => agent.stop());

beforeEach(async () => {
  instance = newInstance();
  provider = agent.provider(instance);
  [sender, receiver] = await Promise.all([startMachine(), startMachine()]);
  const network = { networkId: randomUUID(), projectId: randomUUID() };
  wirings = [wiringOf(1, insideOf(sender), network), wiringOf(2, insideOf(receiver), network)];
});
afterEach(async () => {
  await Promise.all([sender.kill(), receiver.kill()]);
  await cleanUpInstance(instance);
});

async function wireBoth(): Promise<void> {
  for (const wiring of wirings) await provider.ensure(wiring, signal);
}

async function droppedBy(index: 0 | 1): Promise<Readonly<Record<string, number>>> {
  const { wirings: statuses } = await provider.status();
  const found = statuses.find(({ identity }) => identity.vnicId === wirings[index].attachment.vnicId);
  return found?.droppedFrames ?? {};
}

function ping(machine: TestMachine, target: string) {
  return machine.run('ping', ['-c', '3', '-i', '0.2', '-W', '1', target]);
}

/** A frame that the sender may send, to be told apart by its text. */
function marker(text: string): string {
  return ethernet(other.mac, own.mac, 0x0800, udp4(own.ip, other.ip, [4000, 4001], text));
}

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex');
}

/** Sends frames, then a marker; yields what of the frames had arrived before the marker did. */
async function arriving(
  listening: Capture,
  frames: readonly string[],
  text: string,
): Promise<readonly string[]> {
  await send(sender, ...frames, marker(text));
  await listening.waitFor(hexOf(text));
  return frames.filter((frame) => listening.frames().includes(frame));
}

describe('two machines of one network', () => {
  test('reach each other by IPv4 and IPv6 without a single loss, as soon as they are wired', async () => {
    await wireBoth();
    for (const [machine, targets] of [
      [sender, [other.ip, other.ip6]],
      [receiver, [own.ip, own.ip6]],
    ] as const) {
      for (const target of targets) {
        const { output } = await ping(machine, target);
        expect(output).toContain('3 packets transmitted, 3 received, 0% packet loss');
      }
    }
  });

  test('are cut off while a port is administratively down, and reach each other again after', async () => {
    await wireBoth();
    const [first] = wirings;
    const down: DesiredWiring = { ...first, attachment: { ...first.attachment, adminState: 'down' } };
    await provider.ensure(down, signal);
    expect(await provider.check(down, signal)).toEqual([]);
    expect((await receiver.run('ping', ['-c', '1', '-W', '1', own.ip])).exitCode).not.toBe(0);
    await provider.ensure(first, signal);
    expect((await ping(receiver, own.ip)).output).toContain(' 0% packet loss');
  });
});

/** Frames that no port may send, with the counter that must show them. */
const falseFrames: readonly (readonly [what: string, reason: string, frame: string])[] = [
  [
    'a false source MAC',
    'source-mac',
    ethernet(other.mac, foreign.mac, 0x0800, udp4(own.ip, other.ip, [1, 2])),
  ],
  ['a VLAN tag', 'ethertype', tagged(marker('tagged'), 0x8100, 7)],
  ['a priority tag', 'ethertype', tagged(marker('priority'), 0x8100, 0)],
  ['a provider tag', 'ethertype', tagged(marker('provider'), 0x88a8, 7)],
  ['another ethertype (LLDP)', 'ethertype', ethernet(broadcastMac, own.mac, 0x88cc, '00'.repeat(46))],
  [
    'a length in place of a type (802.3)',
    'ethertype',
    ethernet(broadcastMac, own.mac, 0x0026, '42'.repeat(46)),
  ],
  [
    'an ARP answer for a foreign address',
    'arp',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 2, senderMac: own.mac, senderIp: foreign.ip, targetIp: other.ip }),
    ),
  ],
  [
    'an ARP request from a foreign address',
    'arp',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 1, senderMac: own.mac, senderIp: foreign.ip, targetIp: other.ip }),
    ),
  ],
  [
    'an ARP answer with a foreign MAC',
    'arp',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 2, senderMac: foreign.mac, senderIp: own.ip, targetIp: other.ip }),
    ),
  ],
  [
    'an ARP probe for a foreign address',
    'arp',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 1, senderMac: own.mac, senderIp: '0.0.0.0', targetIp: foreign.ip }),
    ),
  ],
  [
    'an ARP answer from no address',
    'arp',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 2, senderMac: own.mac, senderIp: '0.0.0.0', targetIp: own.ip }),
    ),
  ],
  [
    'a foreign IPv4 source',
    'source-ip',
    ethernet(other.mac, own.mac, 0x0800, udp4(foreign.ip, other.ip, [1, 2])),
  ],
  [
    'no IPv4 source',
    'source-ip',
    ethernet(broadcastMac, own.mac, 0x0800, udp4('0.0.0.0', '255.255.255.255', [1, 2])),
  ],
  [
    'the other machine as IPv4 source',
    'source-ip',
    ethernet(other.mac, own.mac, 0x0800, udp4(other.ip, other.ip, [1, 2])),
  ],
  [
    'a foreign IPv6 source',
    'source-ip',
    ethernet(other.mac, own.mac, 0x86dd, ipv6(foreign.ip6, other.ip6, 17, udp([1, 2]))),
  ],
  [
    'a foreign link-local source',
    'source-ip',
    ethernet(other.mac, own.mac, 0x86dd, ipv6('fe80::fe:ff:fe00:9', other.ip6, 17, udp([1, 2]))),
  ],
  [
    'no IPv6 source',
    'source-ip',
    ethernet(other.mac, own.mac, 0x86dd, ipv6('::', other.ip6, 17, udp([1, 2]))),
  ],
  [
    'an IPv6 chain of headers without an end',
    'malformed',
    ethernet(
      other.mac,
      own.mac,
      0x86dd,
      ipv6(own.ip6, other.ip6, 44, fragment(60, 0, true, '3a0f000000000000')),
    ),
  ],
  [
    'an advertisement for a foreign address',
    'neighbour-discovery',
    ethernet('33:33:00:00:00:01', own.mac, 0x86dd, ipv6(own.ip6, 'ff02::1', 58, neighbour(136, foreign.ip6))),
  ],
  [
    'an advertisement for a foreign address behind an extension header',
    'neighbour-discovery',
    ethernet(
      '33:33:00:00:00:01',
      own.mac,
      0x86dd,
      ipv6(own.ip6, 'ff02::1', 60, `3a00010400000000${neighbour(136, foreign.ip6)}`),
    ),
  ],
  [
    'an advertisement whose target is in another fragment',
    'neighbour-discovery',
    ethernet(
      '33:33:00:00:00:01',
      own.mac,
      0x86dd,
      ipv6(own.ip6, 'ff02::1', 44, fragment(58, 0, true, '8800000020000000')),
    ),
  ],
  [
    'a solicitation that claims a foreign address',
    'neighbour-discovery',
    ethernet(
      '33:33:ff:00:00:09',
      own.mac,
      0x86dd,
      ipv6('::', 'ff02::1:ff00:9', 58, neighbour(135, foreign.ip6)),
    ),
  ],
  [
    'a solicitation from a foreign address',
    'neighbour-discovery',
    ethernet(
      '33:33:ff:00:00:02',
      own.mac,
      0x86dd,
      ipv6(foreign.ip6, 'ff02::1:ff00:2', 58, neighbour(135, other.ip6)),
    ),
  ],
  [
    'a router advertisement',
    'neighbour-discovery',
    ethernet(
      '33:33:00:00:00:01',
      own.mac,
      0x86dd,
      ipv6(own.linkLocal, 'ff02::1', 58, icmpv6(134, '40000708' + '0'.repeat(16))),
    ),
  ],
  [
    'a redirect',
    'neighbour-discovery',
    ethernet(
      other.mac,
      own.mac,
      0x86dd,
      ipv6(own.linkLocal, other.ip6, 58, icmpv6(137, '00000000' + hexOfIpv6(own.ip6).repeat(2))),
    ),
  ],
  [
    'a DHCP server',
    'dhcp-server',
    ethernet(broadcastMac, own.mac, 0x0800, udp4(own.ip, '255.255.255.255', [67, 68])),
  ],
  [
    'a DHCP server at another port',
    'dhcp-server',
    ethernet(other.mac, own.mac, 0x0800, udp4(own.ip, other.ip, [4000, 68])),
  ],
  [
    'a DHCPv6 server',
    'dhcp-server',
    ethernet(other.mac, own.mac, 0x86dd, ipv6(own.linkLocal, other.ip6, 17, udp([547, 546]))),
  ],
];

/** Frames that a port may send although they look much like the false ones. */
const honestFrames: readonly (readonly [what: string, frame: string])[] = [
  [
    'an ARP announcement of its own',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 1, senderMac: own.mac, senderIp: own.ip, targetIp: own.ip }),
    ),
  ],
  [
    'an ARP probe for its own address',
    ethernet(
      broadcastMac,
      own.mac,
      0x0806,
      arp({ operation: 1, senderMac: own.mac, senderIp: '0.0.0.0', targetIp: own.ip }),
    ),
  ],
  ['an IPv4 broadcast', ethernet(broadcastMac, own.mac, 0x0800, udp4(own.ip, '192.0.2.255', [1, 2]))],
  [
    'an IPv4 multicast',
    ethernet('01:00:5e:00:00:fb', own.mac, 0x0800, udp4(own.ip, '224.0.0.251', [5353, 5353])),
  ],
  [
    'a link-local source of its own',
    ethernet(other.mac, own.mac, 0x86dd, ipv6(own.linkLocal, other.ip6, 17, udp([1, 2]))),
  ],
  [
    'duplicate address detection for its own',
    ethernet('33:33:ff:00:00:01', own.mac, 0x86dd, ipv6('::', 'ff02::1:ff00:1', 58, neighbour(135, own.ip6))),
  ],
  [
    'an advertisement of its own',
    ethernet('33:33:00:00:00:01', own.mac, 0x86dd, ipv6(own.ip6, 'ff02::1', 58, neighbour(136, own.ip6))),
  ],
  [
    'a later fragment of its own',
    ethernet(
      other.mac,
      own.mac,
      0x86dd,
      ipv6(own.ip6, other.ip6, 44, fragment(17, 185, false, '00'.repeat(16))),
    ),
  ],
];

describe('a port lets through', () => {
  test('what is its own, and nothing that is not: each false frame is dropped and counted', async () => {
    await wireBoth();
    const listening = await capture(receiver);
    try {
      const honest = honestFrames.map(([, frame]) => frame);
      const arrived = await arriving(listening, honest, 'honest');
      expect(honestFrames.filter(([, frame]) => !arrived.includes(frame)).map(([what]) => what)).toEqual([]);
      for (const [what, reason, frame] of falseFrames) {
        const before = await droppedBy(0);
        expect.soft(await arriving(listening, [frame], `after ${what}`), what).toEqual([]);
        const after = await droppedBy(0);
        expect.soft(after, what).toEqual({ ...before, [reason]: (before[reason] ?? 0) + 1 });
      }
    } finally {
      listening.stop();
    }
  });

  test('only what is for it: neither a foreign MAC nor a foreign address behind its own MAC', async () => {
    await wireBoth();
    const listening = await capture(receiver);
    try {
      const unreceivable = [
        ethernet(foreign.mac, own.mac, 0x0800, udp4(own.ip, other.ip, [1, 2])),
        ethernet(other.mac, own.mac, 0x0800, udp4(own.ip, foreign.ip, [1, 2])),
        ethernet(broadcastMac, own.mac, 0x0800, udp4(own.ip, foreign.ip, [1, 2])),
        ethernet(other.mac, own.mac, 0x86dd, ipv6(own.ip6, foreign.ip6, 17, udp([1, 2]))),
      ];
      const before = (await droppedBy(1))['unreceivable'] ?? 0;
      expect(await arriving(listening, unreceivable, 'after the unreceivable')).toEqual([]);
      expect((await droppedBy(1))['unreceivable']).toBe(before + unreceivable.length);
    } finally {
      listening.stop();
    }
  });

  test('no false frame from the very first one on, also while it is being repaired', async () => {
    const [first, second] = wirings;
    await provider.ensure(second, signal);
    const listening = await capture(receiver);
    const spoofed = ethernet(other.mac, own.mac, 0x0800, udp4(foreign.ip, other.ip, [1, 2], 'spoofed'));
    const flooding = flood(sender, spoofed);
    try {
      await provider.ensure(first, signal);
      await hostRun('nft', ['delete', 'table', 'bridge', `patchpanel_${instance.replaceAll('-', '_')}`]);
      await provider.ensure(first, signal);
      await provider.ensure(
        { ...first, attachment: { ...first.attachment, generation: 2, mtu: 1400 } },
        signal,
      );
      expect((await droppedBy(0))['source-ip']).toBeGreaterThan(0);
      expect(await arriving(listening, [spoofed], 'after the flood')).toEqual([]);
    } finally {
      flooding.stop();
      listening.stop();
    }
  });
});

describe('the host', () => {
  test('hears nothing that machines say, neither to everyone nor to its own addresses', async () => {
    await wireBoth();
    const heard: string[] = [];
    const socket = createSocket('udp4', (message) => heard.push(message.toString()));
    try {
      await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
      const { port } = socket.address();
      const bridgeMac = await macOfHostLink(bridgeName(wirings[0].attachment.networkId));
      const frames = hostAddresses().map((address) =>
        ethernet(bridgeMac, own.mac, 0x0800, udp4(own.ip, address, [4000, port], 'to the host')),
      );
      const toAll = udp4(own.ip, '255.255.255.255', [4000, port], 'to everyone');
      const listening = await capture(receiver);
      await arriving(listening, [...frames, ethernet(broadcastMac, own.mac, 0x0800, toAll)], 'said').finally(
        () => listening.stop(),
      );
      socket.send('by itself', port, '127.0.0.1');
      await waitFor('the host to hear itself', () => heard.includes('by itself'));
      expect(heard).toEqual(['by itself']);
    } finally {
      socket.close();
    }
  });

  test('neither answers machines nor lets them see its addresses, and reaches none of them', async () => {
    await wireBoth();
    const listening = await capture(receiver);
    const bridge = bridgeName(wirings[0].attachment.networkId);
    try {
      const requests = hostAddresses().map((targetIp) =>
        ethernet(
          broadcastMac,
          own.mac,
          0x0806,
          arp({ operation: 1, senderMac: own.mac, senderIp: own.ip, targetIp }),
        ),
      );
      const atSender = await capture(sender);
      try {
        await send(sender, ...requests, marker('asked'));
        await listening.waitFor(hexOf('asked'));
        await receiver.run('ping', ['-c', '1', '-W', '1', own.ip]);
        const answers = atSender
          .frames()
          .filter((frame) => frame.slice(24, 28) === '0806' && frame.slice(40, 44) === '0002');
        expect(
          answers.filter((frame) => !frame.slice(12, 24).includes(other.mac.replaceAll(':', ''))),
        ).toEqual([]);
        const everyone = await sender.run('ping', ['-c', '1', '-W', '1', 'ff02::1%eth0']);
        expect(everyone.output).not.toMatch(/from fe80::(?!fe:ff:fe00:[12])/);
        // Nor does the host get a frame out to them, even when told to use the bridge.
        await expect(hostRun('ping', ['-c', '1', '-W', '1', '-I', bridge, own.ip])).rejects.toThrow();
        const fromHost = atSender.frames().filter((frame) => ![own.mac, other.mac].includes(macIn(frame)));
        expect(fromHost).toEqual([]);
      } finally {
        atSender.stop();
      }
      const neighbours = await hostRun('ip', ['neigh', 'show', 'dev', bridge]);
      expect(neighbours).not.toContain('lladdr');
    } finally {
      listening.stop();
    }
  });
});

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

async function macOfHostLink(name: string): Promise<string> {
  return (await readFile(`/sys/class/net/${name}/address`, 'utf8')).trim();
}

/** The source of a frame. */
function macIn(frame: string): string {
  return (frame.slice(12, 24).match(/../g) ?? []).join(':');
}
