import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { describeHostProvider, type Damage, type HostSubject } from '@patchpanel/provider/conformance';
import { bridgeName, hostEndName, tableName } from './host/names.ts';
import { startUnprivilegedAgent, type UnprivilegedAgent } from './testing/agent.ts';
import { cleanUpInstance, hostRun } from './testing/host.ts';
import { insideOf, newInstance, startMachine, wiringOf, type TestMachine } from './testing/machines.ts';

let agent: UnprivilegedAgent;
beforeAll(async () => {
  agent = await startUnprivilegedAgent();
});
afterAll(() => agent.stop());

describeHostProvider('flat, as a user without privileges, on the kernel', makeSubject);

async function makeSubject(): Promise<HostSubject> {
  const instance = newInstance();
  const machines = [await startMachine(), await startMachine()] as const;
  const network = { networkId: randomUUID(), projectId: randomUUID() };
  return {
    provider: agent.provider(instance, { fresh: true }),
    wirings: [wiringOf(1, insideOf(machines[0]), network), wiringOf(2, insideOf(machines[1]), network)],
    damages: damagesTo(instance, machines[0]),
    restart: async () => agent.provider(instance, { fresh: true }),
    dispose: async () => {
      await Promise.all(machines.map((machine) => machine.kill()));
      await cleanUpInstance(instance);
    },
  };
}

/** What other software, an administrator or the machine itself may do to a wiring. */
function damagesTo(instance: string, machine: TestMachine): readonly Damage[] {
  const table = tableName(instance);
  const onHost = (
    name: string,
    program: 'ip' | 'nft',
    command: (hostEnd: string, bridge: string) => string,
  ): Damage => ({
    name,
    inflict: async ({ attachment }) => {
      const line = command(hostEndName(attachment.vnicId), bridgeName(attachment.networkId));
      await hostRun(program, [program === 'ip' ? '-batch' : '-f', '-'], `${line}\n`);
    },
  });
  const inside = (name: string, ...lines: readonly string[]): Damage => ({
    name,
    inflict: async () => {
      for (const line of lines) {
        const { exitCode, output } = await machine.run('ip', line.split(' '));
        if (exitCode !== 0) throw new Error(`ip ${line}: ${output}`);
      }
    },
  });
  return [
    onHost('an emptied ingress chain', 'nft', (end) => `flush chain netdev ${table} from_${end}`),
    onHost('a deleted ingress chain', 'nft', (end) => `delete chain netdev ${table} from_${end}`),
    onHost('a rule that lets all through', 'nft', (end) => `insert rule netdev ${table} from_${end} accept`),
    onHost('a deleted table', 'nft', () => `delete table netdev ${table}`),
    onHost(
      'an emptied chain of what the machine is sent',
      'nft',
      (end) => `flush chain bridge ${table} to_${end}`,
    ),
    onHost(
      'a port that the host may speak to',
      'nft',
      (end) => `delete element bridge ${table} host_ends { "${end}" }`,
    ),
    onHost(
      'a port without its receiver chain',
      'nft',
      (end) => `delete element bridge ${table} receivers { "${end}" }`,
    ),
    onHost('a host that hears machines', 'nft', () => `flush chain bridge ${table} at_input`),
    onHost('a deleted table of the bridge', 'nft', () => `delete table bridge ${table}`),
    onHost('a link off its bridge', 'ip', (end) => `link set dev ${end} nomaster`),
    onHost('a host end that is down', 'ip', (end) => `link set dev ${end} down`),
    onHost('a host end with another MTU', 'ip', (end) => `link set dev ${end} mtu 1400`),
    onHost('a host end that answers ARP', 'ip', (end) => `link set dev ${end} arp on`),
    onHost('an address on the host end', 'ip', (end) => `addr add 198.51.100.1/32 dev ${end}`),
    onHost('a deleted host end', 'ip', (end) => `link del dev ${end}`),
    onHost('an address on the bridge', 'ip', (_, bridge) => `addr add 198.51.100.1/32 dev ${bridge}`),
    onHost(
      'spanning tree on the bridge',
      'ip',
      (_, bridge) => `link set dev ${bridge} type bridge stp_state 1`,
    ),
    onHost(
      'multicast snooping on the bridge',
      'ip',
      (_, bridge) => `link set dev ${bridge} type bridge mcast_snooping 1`,
    ),
    onHost(
      'a bridge that calls iptables',
      'ip',
      (_, bridge) => `link set dev ${bridge} type bridge nf_call_iptables 1`,
    ),
    onHost('a bridge that is down', 'ip', (_, bridge) => `link set dev ${bridge} down`),
    onHost('a deleted bridge', 'ip', (_, bridge) => `link del dev ${bridge}`),
    inside('a changed address', 'addr del 192.0.2.1/24 dev eth0', 'addr add 192.0.2.99/24 dev eth0'),
    inside('a lost IPv6 address', 'addr del 2001:db8::1/64 dev eth0'),
    inside('a changed MAC', 'link set dev eth0 address 02:fe:00:00:00:99'),
    inside('a changed MTU', 'link set dev eth0 mtu 1280'),
    inside('a link that is down', 'link set dev eth0 down'),
    inside('a loopback that is down', 'link set dev lo down'),
    inside('a lost default route', 'route del default'),
    inside('a route of its own', 'route add 198.51.100.0/24 via 192.0.2.77 dev eth0'),
    inside('an IPv6 route of its own', '-6 route add default dev eth0 metric 7'),
    inside('another name', 'link set dev eth0 down', 'link set dev eth0 name eth9'),
    inside('a deleted link', 'link del dev eth0'),
  ];
}
