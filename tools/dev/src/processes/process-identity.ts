import { readdirSync, readFileSync, statSync } from 'node:fs';
import { run } from './run.ts';

/** A process that can't be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** On Linux the boot's id and the start time in clock ticks; elsewhere what `ps` says. */
  readonly startedAt: string;
}

/** The identity of a running process; undefined when there is none (a zombie counts as none). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (process.platform !== 'linux') {
    const { code, stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return code === 0 ? { pid, startedAt: stdout.trim() } : undefined;
  }
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold anything; state is field 3, start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { pid, startedAt: `${boot}/${fields[19] ?? ''}` };
}

/** Whether that very process still runs. */
export async function isRunning({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(pid))?.startedAt === startedAt;
}

/** Sends a signal to that very process, and says whether it was there. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** The processes of a user, with their command lines. Linux only; elsewhere none. */
export function processesOf(uid: number): { readonly pid: number; readonly args: readonly string[] }[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const owner = statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid;
      const line = owner === uid ? readProc(`/proc/${name}/cmdline`) : undefined;
      return line === undefined || line === '' ? [] : [{ pid: Number(name), args: line.split('\0') }];
    });
}

/** The users that any process runs as. Linux only; elsewhere none. */
export function usersWithProcesses(): ReadonlySet<number> {
  if (process.platform !== 'linux') return new Set();
  return new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid ?? []),
  );
}

/** Reads a file of /proc; undefined when the process has just ended. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return undefined;
    }
    throw error;
  }
}
