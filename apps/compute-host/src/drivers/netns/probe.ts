import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { x } from 'tinyexec';
import type { DriverProbe, DriverProblem } from '../driver.ts';
import { machineEnvironment, machinePrograms } from './machine-script.ts';

/** The namespaces of a machine, as arguments of unshare(1). */
export const namespaceArguments = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--uts',
  '--fork',
  '--kill-child=SIGKILL',
] as const;

/**
 * Whether this process may make machines here: the programs are there, it is no root, and a trial machine gets as far as
 * mounting its root.
 */
export async function probeNetns(): Promise<DriverProbe> {
  if (process.platform !== 'linux') {
    return {
      ok: false,
      problems: [{ problem: 'This is no Linux.', remedy: 'Use the simulated driver here.' }],
    };
  }
  const problems: DriverProblem[] = [];
  if (process.getuid?.() === 0) {
    problems.push({
      problem: 'compute-host runs as root, so machines would hold what root holds.',
      remedy: 'Run it as a user of its own without capabilities, for example with systemd DynamicUser=yes.',
    });
  }
  const missing = missingPackages();
  if (missing.length > 0) {
    problems.push({
      problem: `Programs that machines need are missing: ${missing.flatMap(({ programs }) => programs).join(', ')}.`,
      remedy: `apt-get install ${missing.map(({ name }) => name).join(' ')}`,
    });
  } else {
    const trial = await x('unshare', [...namespaceArguments, 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], {
      timeout: 10_000,
      nodeOptions: { cwd: '/', env: machineEnvironment, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    if (trial.exitCode !== 0) problems.push(explainRefusal(readSettings(), trial.stderr.trim()));
  }
  return { ok: problems.length === 0, problems };
}

/** The kernel's settings that decide about unprivileged namespaces; undefined where a kernel has no such setting. */
export interface NamespaceSettings {
  readonly maxUserNamespaces: string | undefined;
  readonly maxNetNamespaces: string | undefined;
  /** Debian's own. */
  readonly unprivilegedUsernsClone: string | undefined;
  /** Ubuntu 23.10 and later: namespaces can be made but hold no capability. */
  readonly apparmorRestrictsUserns: string | undefined;
}

/** Why the trial machine was refused, as far as the kernel's settings tell. */
export function explainRefusal(settings: NamespaceSettings, complaint: string): DriverProblem {
  if (settings.maxUserNamespaces === '0' || settings.maxNetNamespaces === '0') {
    const setting =
      settings.maxUserNamespaces === '0' ? 'user.max_user_namespaces' : 'user.max_net_namespaces';
    return {
      problem: `Namespaces are switched off: ${setting} is 0.`,
      remedy: `sysctl -w ${setting}=65536`,
    };
  }
  if (settings.unprivilegedUsernsClone === '0') {
    return {
      problem: 'User namespaces are kept from unprivileged users: kernel.unprivileged_userns_clone is 0.',
      remedy: 'sysctl -w kernel.unprivileged_userns_clone=1',
    };
  }
  if (settings.apparmorRestrictsUserns === '1') {
    return {
      problem: 'AppArmor restricts user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1.',
      remedy:
        'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that allows userns to unshare',
    };
  }
  return {
    problem: `A trial machine could not be made: ${complaint === '' ? 'unshare gave no reason' : complaint}.`,
    remedy:
      'Allow unprivileged user namespaces; in a container that means a seccomp profile that allows unshare, mount and pivot_root.',
  };
}

function readSettings(): NamespaceSettings {
  return {
    maxUserNamespaces: readSetting('user/max_user_namespaces'),
    maxNetNamespaces: readSetting('user/max_net_namespaces'),
    unprivilegedUsernsClone: readSetting('kernel/unprivileged_userns_clone'),
    apparmorRestrictsUserns: readSetting('kernel/apparmor_restrict_unprivileged_userns'),
  };
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES')) {
      return undefined;
    }
    throw cause;
  }
}

function missingPackages(): { readonly name: string; readonly programs: string[] }[] {
  return Object.entries(machinePrograms)
    .map(([name, programs]) => ({ name, programs: programs.filter((program) => !isInstalled(program)) }))
    .filter(({ programs }) => programs.length > 0);
}

function isInstalled(program: string): boolean {
  return machineEnvironment.PATH.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
