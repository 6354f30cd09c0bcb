import { readFileSync } from 'node:fs';

/** Clock ticks per second, as Linux reports processor time to programs (USER_HZ). */
const ticksPerSecond = 100;

/** Processor time that a process has used so far, in seconds; with its children when asked. 0 for one that is gone. */
export function processorSeconds(pid: number, { withChildren = false } = {}): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    if (!withChildren) return own;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + processorSeconds(Number(child)), own);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return 0;
    throw error;
  }
}

/** Resident memory of a process, in MiB. */
export function residentMebibytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no resident memory: it has ended`);
  return Number(kibibytes) / 1024;
}
