import { readFile } from 'node:fs/promises';
import { ProviderError } from '@patchpanel/provider';
import { z } from 'zod';
import { attempt, run, type Command } from './commands.ts';
import type { Plan } from './desired.ts';
import { emptyTable, parseListing, type ActualTable } from './listing.ts';
import type { Machine } from './machine.ts';
import { sendingChain } from './names.ts';

const link = z.object({
  ifindex: z.number(),
  /** The other end's index, for a veth. */
  link_index: z.number().optional(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  master: z.string().optional(),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({
          stp_state: z.number().optional(),
          forward_delay: z.number().optional(),
          mcast_snooping: z.number().optional(),
          nf_call_iptables: z.number().optional(),
          nf_call_ip6tables: z.number().optional(),
          nf_call_arptables: z.number().optional(),
        })
        .optional(),
      info_slave_data: z.object({ state: z.string().optional() }).optional(),
    })
    .optional(),
  addr_info: z
    .array(
      z.object({
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        tentative: z.boolean().optional(),
        dadfailed: z.boolean().optional(),
      }),
    )
    .optional(),
});

const route = z.object({
  type: z.string().optional(),
  dst: z.string(),
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  metric: z.number().optional(),
  protocol: z.string().optional(),
  table: z.string().optional(),
  /** Only IPv6 routes have a preference. */
  pref: z.string().optional(),
});

/** A link as `ip -j -d addr show` has it; the fields that matter here. */
export type ActualLink = z.infer<typeof link>;
/** A route as `ip -j route show` has it. */
export type ActualRoute = z.infer<typeof route>;

/** A link of the host with what `ip` does not say of it. */
export interface ActualHostLink extends ActualLink {
  readonly isIpv6Disabled: boolean;
  /** The user who may open it, for a tap. */
  readonly ownerUid?: number;
}

/** The inside of a machine. */
export interface ActualInside {
  /** Loopback, without addresses, and the link with the wanted name. */
  readonly links: readonly ActualLink[];
  /** Of the link with the wanted name, in every table. */
  readonly routes: readonly ActualRoute[];
  /** There is more than was read. */
  readonly isCut: boolean;
}

/** Everything that one wiring consists of, as the kernel has it. */
export interface Snapshot {
  readonly bridge: ActualHostLink | undefined;
  readonly hostEnd: ActualHostLink | undefined;
  /** Undefined for a tap. */
  readonly inside: ActualInside | undefined;
  readonly netdev: ActualTable;
  readonly bridgeFamily: ActualTable;
}

/** The part of it that is on the host. */
export type HostSnapshot = Omit<Snapshot, 'inside'>;

/** What of a machine's output is read: far more than any port has, and little enough to be read again and again. */
const mostInsideBytes = 256 * 1024;

/** Reads the kernel's state of one wiring. Three to four processes, side by side. */
export async function readSnapshot(
  table: string,
  plan: Plan,
  machine: Machine | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  const [host, inside] = await Promise.all([
    readHostSnapshot(table, plan, signal),
    readInside(machine, plan, signal),
  ]);
  return { ...host, inside };
}

/** Reads what of one wiring is on the host. */
export async function readHostSnapshot(
  table: string,
  plan: Plan,
  signal: AbortSignal,
): Promise<HostSnapshot> {
  const [links, netdev, bridgeFamily] = await Promise.all([
    readHostLinks([plan.bridge, plan.hostEnd], signal),
    readTable(['list', 'chain', 'netdev', table, sendingChain(plan.hostEnd)], signal),
    readTable(['list', 'table', 'bridge', table], signal),
  ]);
  const named = (name: string) => links.find(({ ifname }) => ifname === name);
  return { bridge: named(plan.bridge), hostEnd: named(plan.hostEnd), netdev, bridgeFamily };
}

/** Reads links of the host; those that don't exist are left out. */
export async function readHostLinks(
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly ActualHostLink[]> {
  const found = await readLinks(
    {
      program: 'ip',
      args: ['-j', '-d', '-force', '-batch', '-'],
      stdin: names.map((name) => `addr show dev ${name}\n`).join(''),
    },
    signal,
  );
  return Promise.all(found.map(completeHostLink));
}

/** Reads all links of the host: names, labels and masters. */
export async function readAllHostLinks(signal?: AbortSignal): Promise<readonly ActualLink[]> {
  return readLinks({ program: 'ip', args: ['-j', '-d', 'link', 'show'] }, signal);
}

/** Reads a table, or a chain of it; empty when there is none. */
export async function readTable(args: readonly string[], signal?: AbortSignal): Promise<ActualTable> {
  const command: Command = { program: 'nft', args: ['-s', ...args] };
  const { exitCode, stdout, stderr } = await attempt(command, signal);
  if (exitCode === 0) return parseListing(stdout);
  if (stderr.includes('No such file or directory')) return emptyTable;
  throw new ProviderError('command-failed', `nft ${args.join(' ')} failed (${exitCode}): ${stderr}`);
}

/** Reads the inside of a machine; undefined without one. Its root may have made anything: what is read has a bound. */
export async function readInside(
  machine: Machine | undefined,
  { device }: Plan,
  signal: AbortSignal,
): Promise<ActualInside | undefined> {
  if (machine === undefined || device.kind !== 'namespace') return undefined;
  const name = device.interfaceName;
  const ask = (questions: readonly string[]) =>
    batchOutput(
      {
        ...insideMachine(machine, ['-j', '-d', '-force', '-batch', '-'], {
          stdin: questions.map((question) => `${question}\n`).join(''),
        }),
        mostBytes: mostInsideBytes,
      },
      signal,
    );
  // Links last: within a batch, `ip` shows no addresses any more after it.
  const all = await ask([`addr show dev ${name}`, `route show table all dev ${name}`, 'link show dev lo']);
  const { answers } = all.isCut ? await ask([`link show dev ${name}`, 'link show dev lo']) : all;
  // The link may go away at any moment: what an answer is about shows in its fields, not in its place.
  const objects = answers.flatMap((answer) => z.array(z.looseObject({})).parse(answer));
  const links = z.array(link).parse(objects.filter((object) => 'ifindex' in object));
  const routes = z.array(route).parse(objects.filter((object) => 'dst' in object));
  return { links, routes, isCut: all.isCut };
}

/** An `ip` command in a machine's namespace: the host's own program, with the machine's network. */
export function insideMachine(
  machine: Machine,
  args: readonly string[],
  { stdin }: { stdin: string },
): Command {
  return {
    program: 'nsenter',
    args: ['--net=/proc/self/fd/3', 'ip', ...args],
    stdin,
    descriptor: machine.descriptor,
  };
}

async function readLinks(command: Command, signal?: AbortSignal): Promise<readonly ActualLink[]> {
  const lists =
    command.stdin === undefined
      ? [parseJson(await run(command, signal))]
      : (await batchOutput(command, signal)).answers;
  // `ip` prints an empty object for a link that went away while it listed.
  return lists
    .flatMap((list) => z.array(z.union([link, z.strictObject({}).transform(() => undefined)])).parse(list))
    .filter((each) => each !== undefined);
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}

/** The answers of a batch, one JSON list per line; what doesn't exist has none, nor has what was cut off. */
async function batchOutput(
  command: Command,
  signal?: AbortSignal,
): Promise<{ readonly answers: readonly unknown[]; readonly isCut: boolean }> {
  const { exitCode, stdout, stderr, isCut } = await attempt(command, signal);
  const complaints = stderr
    .split('\n')
    .filter(
      (line) =>
        line !== '' &&
        !/^(Device ".*" does not exist\.|Cannot find device ".*"|Command failed -:\d+)$/.test(line),
    );
  if (exitCode !== 0 && complaints.length > 0) {
    throw new ProviderError(
      'command-failed',
      `${command.program} failed (${exitCode}): ${complaints.join(' ')}`,
    );
  }
  const answers = stdout
    .split('\n')
    .slice(0, isCut ? -1 : undefined)
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line));
  return { answers, isCut };
}

async function completeHostLink(found: ActualLink): Promise<ActualHostLink> {
  const [disableIpv6, owner] = await Promise.all([
    readIfThere(disableIpv6File(found.ifname)),
    readIfThere(`/sys/class/net/${found.ifname}/owner`),
  ]);
  return {
    ...found,
    // Without the file this kernel has no IPv6.
    isIpv6Disabled: disableIpv6?.trim() !== '0',
    ...(owner === undefined ? {} : { ownerUid: Number(owner) }),
  };
}

/** The switch that keeps the host's IPv6 stack off a link. */
export function disableIpv6File(linkName: string): string {
  return `/proc/sys/net/ipv6/conf/${linkName}/disable_ipv6`;
}

/** A file's text; undefined when there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EINVAL'))
      return undefined;
    throw error;
  }
}
