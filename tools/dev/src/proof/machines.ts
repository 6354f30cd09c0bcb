import { identifyProcess, processesOf, signalProcess } from '../processes/process-identity.ts';
import { demand, run } from '../processes/run.ts';
import { until } from '../processes/until.ts';

/** A machine of the `netns` driver as root sees it from outside: a process that holds its namespaces. */
export interface MachineProcess {
  readonly instanceId: string;
  readonly pid: number;
}

const instanceForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Finds the machines that a compute-host of the given user and folder has started: unshare(1) runs a script of that
 * folder, with the instance's id among its arguments.
 */
export function findMachines(uid: number, folder: string): MachineProcess[] {
  return processesOf(uid).flatMap(({ pid, args }) => {
    if (args[0] !== 'unshare' || !args.some((arg) => arg.startsWith(`${folder}/`))) return [];
    const instanceId = args.find((arg) => instanceForm.test(arg));
    return instanceId === undefined ? [] : [{ instanceId, pid }];
  });
}

/** Ends machines at once; their namespaces and what is in them go with them. Gives how many there were. */
export async function endMachines(uid: number, folder: string): Promise<number> {
  const found = findMachines(uid, folder);
  for (const { pid } of found) {
    const identity = await identifyProcess(pid);
    if (identity !== undefined) await signalProcess(identity, 'SIGKILL');
  }
  await until('machines to end', () => (findMachines(uid, folder).length === 0 ? true : undefined), {
    timeoutMs: 10_000,
  });
  return found.length;
}

/** Runs a program of this host in a machine's network, and nowhere else in it. */
export function inMachine(pid: number, program: string, ...args: string[]): Promise<string> {
  return demand('nsenter', ['--target', String(pid), '--net', program, ...args]);
}

/** The global addresses of a machine's first card, as `ip` shows them: without prefix lengths, in canonical form. */
export async function addressesIn(pid: number): Promise<string[]> {
  const shown = JSON.parse(
    await inMachine(pid, 'ip', '-j', 'addr', 'show', 'dev', 'eth0', 'scope', 'global'),
  ) as { addr_info?: { local?: string }[] }[];
  return shown.flatMap(({ addr_info = [] }) => addr_info.flatMap(({ local }) => local ?? [])).sort();
}

/** How many of the echo requests that were sent came back. */
export interface PingResult {
  readonly sent: number;
  readonly received: number;
  readonly averageMs: number | undefined;
}

/** Pings an address from a machine. */
export async function pingFrom(
  pid: number,
  address: string,
  { count = 3, source }: { readonly count?: number; readonly source?: string } = {},
): Promise<PingResult> {
  const { stdout, stderr } = await run('nsenter', [
    ...['--target', String(pid), '--net', 'ping', '-n', '-q'],
    ...['-c', String(count), '-i', '0.2', '-W', '1'],
    ...(source === undefined ? [] : ['-I', source]),
    address,
  ]);
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(stdout);
  if (counts === null) throw new Error(`ping ${address} said: ${(stderr || stdout).trim()}`);
  const average = /= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1];
  return {
    sent: Number(counts[1]),
    received: Number(counts[2]),
    averageMs: average === undefined ? undefined : Number(average),
  };
}

/** How many echo requests of either IP version a machine has been sent so far, by the counters of its network. */
export async function echoRequestsSeenBy(pid: number): Promise<number> {
  const ipv4 = (await inMachine(pid, 'cat', '/proc/net/snmp'))
    .split('\n')
    .filter((line) => line.startsWith('Icmp:'))
    .map((line) => line.split(' '));
  const ofIpv4 = Number(ipv4[1]?.[ipv4[0]?.indexOf('InEchos') ?? -1] ?? Number.NaN);
  const ipv6 = await inMachine(pid, 'cat', '/proc/net/snmp6');
  const ofIpv6 = Number(/^Icmp6InEchos\s+(\d+)$/m.exec(ipv6)?.[1] ?? 0);
  return ofIpv4 + ofIpv6;
}

/** Frames of a card that were dropped for a reason, by the agent's named counter in nft. */
export async function droppedFrames(hostDevice: string, reason: string): Promise<number> {
  const listing = JSON.parse(await demand('nft', ['-j', 'list', 'counters'])) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const found = listing.nftables.find(({ counter }) => counter?.name === `${hostDevice}_${reason}`);
  if (found?.counter === undefined) throw new Error(`nft has no counter ${hostDevice}_${reason}`);
  return found.counter.packets;
}
