import { readFileSync } from 'node:fs';
import { run } from './processes/run.ts';
import { agentCapabilities } from './processes/users.ts';

/** Real machines and wires in this kernel, or both simulated. */
export interface Mode {
  readonly isReal: boolean;
  /** Why it is not real. */
  readonly reason?: string;
  readonly driver: 'netns' | 'simulated';
  readonly provider: 'flat' | 'simulated';
}

const neededPrograms = ['ip', 'nft', 'ping', 'setpriv', 'nsenter', 'unshare'];

/** Real where root, Linux and user namespaces make it possible. */
export async function chooseMode({ simulated }: { readonly simulated: boolean }): Promise<Mode> {
  const reason = simulated ? 'asked for by --simulated' : await whyNotReal();
  return reason === undefined
    ? { isReal: true, driver: 'netns', provider: 'flat' }
    : { isReal: false, reason, driver: 'simulated', provider: 'simulated' };
}

async function whyNotReal(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'making links and users needs root';
  for (const program of neededPrograms) {
    const { code } = await run('sh', ['-c', 'command -v "$1"', 'sh', program]);
    if (code !== 0) return `the program ${program} is missing`;
  }
  const missing = agentCapabilities.filter((name) => !mayHold(name));
  if (missing.length > 0) return `root lacks ${missing.join(', ')} here, as in a container`;
  const trial = await run('setpriv', [
    '--reuid=65533',
    '--regid=65533',
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
    'true',
  ]);
  return trial.code === 0 ? undefined : `users can't make namespaces here (${trial.stderr.trim()})`;
}

/** Capability numbers (capability.h). */
const capabilityBits = { net_admin: 12n, sys_ptrace: 19n, sys_admin: 21n } as const;

function mayHold(name: keyof typeof capabilityBits): boolean {
  const bounding = /^CapBnd:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${bounding}`) & (1n << capabilityBits[name])) !== 0n;
}
