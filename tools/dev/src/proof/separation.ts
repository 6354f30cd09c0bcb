import { type Ports } from '../ports.ts';
import { demand, run } from '../processes/run.ts';
import type { ProcessName, Users } from '../processes/users.ts';

/** Packets that a process's user has sent to the network service's two ports, as the kernel counted them. */
export type PacketCounts = Readonly<Record<Exclude<ProcessName, 'network-api'>, number>>;

const watched = ['compute-api', 'network-agent', 'compute-host'] as const;

/**
 * Lets the kernel count who speaks to the network service: each packet that leaves a socket towards one of its two
 * ports, by the user that the socket belongs to. Nothing is dropped; it is only counted. To be called before the
 * processes start, so that no packet is missed.
 */
export async function startCounting(instance: string, users: Users, ports: Ports): Promise<void> {
  const table = tableOf(instance);
  const networkPorts = `{ ${ports.network}, ${ports.networkSouthbound} }`;
  await demand(
    'nft',
    ['-f', '-'],
    [
      `add table inet ${table}`,
      `delete table inet ${table}`,
      `add table inet ${table}`,
      ...watched.map((name) => `add counter inet ${table} ${name}`),
      `add chain inet ${table} sent { type filter hook output priority 0; policy accept; }`,
      ...watched.map(
        (name) =>
          `add rule inet ${table} sent meta skuid ${users[name]} tcp dport ${networkPorts} counter name "${name}"`,
      ),
      '',
    ].join('\n'),
  );
}

/** The counts so far. */
export async function readCounts(instance: string): Promise<PacketCounts> {
  const listing = JSON.parse(
    await demand('nft', ['-j', 'list', 'counters', 'table', 'inet', tableOf(instance)]),
  ) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const of = (name: string): number => {
    const packets = listing.nftables.find(({ counter }) => counter?.name === name)?.counter?.packets;
    if (packets === undefined) throw new Error(`the kernel does not count for ${name}`);
    return packets;
  };
  return {
    'compute-api': of('compute-api'),
    'network-agent': of('network-agent'),
    'compute-host': of('compute-host'),
  };
}

/** Removes the table, if it is there. */
export async function stopCounting(instance: string): Promise<void> {
  await run('nft', ['delete', 'table', 'inet', tableOf(instance)]);
}

/**
 * The same without root, by the network service's own count of requests: how many each kind of caller has made.
 *
 * @param url the network service.
 */
export async function requestsByCaller(url: string): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const counts: Record<string, number> = {};
  for (const line of (await response.text()).split('\n')) {
    const [, labels = '', value] = /^http_requests_total\{([^}]*)\} (\S+)/.exec(line) ?? [];
    const operation = /operationId="([^"]*)"/.exec(labels)?.[1];
    const caller = /caller="([^"]*)"/.exec(labels)?.[1];
    // Probes and documents belong to no operation and are open to anybody.
    if (caller === undefined || value === undefined || operation === 'none') continue;
    counts[caller] = (counts[caller] ?? 0) + Number(value);
  }
  return counts;
}

/** No agent's table is called so: theirs begin with `patchpanel_`. */
function tableOf(instance: string): string {
  return `patchpanel-counting-${instance}`;
}
