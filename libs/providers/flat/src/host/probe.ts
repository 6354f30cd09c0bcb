import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { ProviderError, type HostContext, type MissingRequirement } from '@patchpanel/provider';
import { z } from 'zod';
import { attempt, run, type Command } from './commands.ts';
import { readIfThere } from './snapshot.ts';

const programs = [
  { program: 'ip', args: ['-V'], package: 'iproute2' },
  { program: 'nft', args: ['--version'], package: 'nftables' },
  { program: 'nsenter', args: ['--version'], package: 'util-linux' },
] as const;

/** Capability numbers (capability.h). */
const capabilities = [
  { name: 'CAP_NET_ADMIN', bit: 12n, purpose: 'to make links and rules' },
  { name: 'CAP_SYS_PTRACE', bit: 19n, purpose: "to look into machines' namespaces" },
  { name: 'CAP_SYS_ADMIN', bit: 21n, purpose: "to enter machines' namespaces" },
] as const;

/** One rule of each kind that is needed; the kernel judges them without keeping any. */
const sampleRules = `
add table netdev patchpanel-probe
add chain netdev patchpanel-probe from { type filter hook ingress device "lo" priority -350; policy drop; }
add rule netdev patchpanel-probe from ip6 saddr :: icmpv6 type nd-neighbor-solicit @th,64,128 0x1 accept comment "probe"
add table bridge patchpanel-probe
add map bridge patchpanel-probe receivers { type ifname : verdict; }
add chain bridge patchpanel-probe forward_ { type filter hook forward priority -350; policy accept; }
add rule bridge patchpanel-probe forward_ oifname vmap @receivers
`;

/** Says what this machine lacks for flat networks, and how to get it. */
export async function probe(context: HostContext): Promise<readonly MissingRequirement[]> {
  const missingPrograms = (await Promise.all(programs.map((each) => missingProgram(each)))).flat();
  if (missingPrograms.length > 0) return missingPrograms;
  const missing = [...(await missingCapabilities()), ...(await missingTun())];
  if (missing.some(({ isRequired }) => isRequired)) return missing;
  if (context.machineUid === undefined) {
    missing.push({ what: 'the user who owns machines', remedy: 'tell the agent its uid', isRequired: false });
  }
  const { exitCode, stderr } = await attempt({ program: 'nft', args: ['-c', '-f', '-'], stdin: sampleRules });
  if (exitCode !== 0) {
    missing.push({
      what: `nft rules of the families netdev and bridge: ${stderr.split('\n')[0] ?? ''}`,
      remedy: 'use a kernel with CONFIG_NF_TABLES_NETDEV and CONFIG_NF_TABLES_BRIDGE',
      isRequired: true,
    });
  }
  return missing;
}

/** Says what of this machine's state hinders traffic on flat networks. */
export async function warnings(): Promise<readonly string[]> {
  const callsIptables = (await readIfThere('/proc/sys/net/bridge/bridge-nf-call-iptables'))?.trim() === '1';
  if (!callsIptables) return [];
  return forwardDrops(await run({ program: 'nft', args: ['-j', 'list', 'chains'] }));
}

/** The chains that drop forwarded packets which they do not know, in what `nft -j list chains` says. Pure. */
export function forwardDrops(chainsListing: string): readonly string[] {
  const listing = chainList.parse(JSON.parse(chainsListing));
  return listing.nftables.flatMap(({ chain }) =>
    chain?.hook === 'forward' && chain.policy === 'drop' && ['ip', 'ip6', 'inet'].includes(chain.family)
      ? [
          `the chain ${chain.family} ${chain.table} ${chain.name} of other software drops what it does not know, and ` +
            'sees bridged frames because net.bridge.bridge-nf-call-iptables is 1: machines may not reach each other',
        ]
      : [],
  );
}

const chainList = z.object({
  nftables: z.array(
    z.looseObject({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

async function missingProgram(needed: Command & { readonly package: string }): Promise<MissingRequirement[]> {
  try {
    await run(needed);
    return [];
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return [
      {
        what: `the program ${needed.program}`,
        remedy: `apt-get install -y ${needed.package}`,
        isRequired: true,
      },
    ];
  }
}

async function missingCapabilities(): Promise<MissingRequirement[]> {
  const status = (await readIfThere('/proc/self/status')) ?? '';
  // Programs that a user other than root starts get only what is ambient.
  const kind = process.getuid?.() === 0 ? 'CapEff' : 'CapAmb';
  const held = BigInt(`0x${new RegExp(`^${kind}:\\s+([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return capabilities
    .filter(({ bit }) => (held & (1n << bit)) === 0n)
    .map(({ name, purpose }) => ({
      what: `the capability ${name}, ${purpose}`,
      remedy: `run the agent with ${name} as an ambient capability (systemd: AmbientCapabilities=${name})`,
      isRequired: true,
    }));
}

async function missingTun(): Promise<MissingRequirement[]> {
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK);
    return [];
  } catch {
    return [
      {
        what: 'access to /dev/net/tun, for taps',
        remedy: 'modprobe tun; chmod 0666 /dev/net/tun',
        isRequired: false,
      },
    ];
  }
}
