import { readFileSync, readdirSync, statSync } from 'node:fs';
import { z } from 'zod';

/**
 * A process that can be told from a later one with the same pid: start times are in clock ticks since boot, so pid, start
 * time and boot together name one process for good. See proc_pid_stat(5), field 22.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
  readonly bootId: string;
}

export const processIdentitySchema = z.object({
  pid: z.int().min(2),
  startTime: z.int().min(0),
  bootId: z.string().min(1),
});

/** Who has this pid now; undefined when nobody does, or only a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readProcFile(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const parsed = parseStat(stat);
  if (parsed === undefined || parsed.state === 'Z' || parsed.state === 'X') return undefined;
  return { pid, startTime: parsed.startTime, bootId: bootId() };
}

/** Whether this very process, not a later one with its pid, lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/**
 * Signals this very process; false when it is gone. Checking and signalling happen in one go, without a turn of the event
 * loop between them.
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return false;
    throw cause;
  }
}

/** The living children of a process. */
export function childrenOf(pid: number): ProcessIdentity[] {
  const text = readProcFile(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text
    .split(' ')
    .filter((word) => /^\d+$/.test(word))
    .map((word) => identifyProcess(Number(word)))
    .filter((identity) => identity !== undefined);
}

/** The pids of this user's processes. */
export function pidsOfUser(uid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => ownerOf(pid) === uid);
}

/** The arguments that a process was started with; empty when it is gone or a zombie. */
export function argumentsOf(pid: number): string[] {
  return (readProcFile(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
}

/** The inode of one of a process's namespaces; undefined when it is gone or not ours to look at. */
export function namespaceOf(pid: number, kind: 'net' | 'user' | 'pid'): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/${kind}`).ino;
  } catch (cause) {
    if (isUnreachable(cause)) return undefined;
    throw cause;
  }
}

/** The fields of /proc/<pid>/stat that we use. The second field, in brackets, may hold any character. */
export function parseStat(stat: string): { readonly state: string; readonly startTime: number } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], Number(fields[19])];
  return state === undefined || !Number.isSafeInteger(startTime) ? undefined : { state, startTime };
}

function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch (cause) {
    if (isUnreachable(cause)) return undefined;
    throw cause;
  }
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

/** The text of a file below /proc; undefined when its process is gone or not ours to look into. */
export function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (isUnreachable(cause)) return undefined;
    throw cause;
  }
}

/** Processes vanish while one reads about them (ENOENT, ESRCH), and some are not ours to look into (EACCES, EPERM). */
function isUnreachable(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'ENOENT' || cause.code === 'ESRCH' || cause.code === 'EACCES' || cause.code === 'EPERM')
  );
}
