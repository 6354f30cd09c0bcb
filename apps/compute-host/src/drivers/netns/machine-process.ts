import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { DriverError } from '../driver-error.ts';
import {
  argumentsOf,
  childrenOf,
  identifyProcess,
  isAlive,
  namespaceOf,
  pidsOfUser,
  readProcFile,
  signalProcess,
  type ProcessIdentity,
} from '../process-identity.ts';
import { waitUntil } from '../wait-until.ts';
import { machineEnvironment, readyLine } from './machine-script.ts';
import { namespaceArguments } from './probe.ts';

/** The processes that are a machine: unshare(1), which holds the namespaces, and its child, pid 1 inside. */
export interface MachineProcesses {
  /** The handle: lives as long as the machine, and dies with it. */
  readonly holder: ProcessIdentity;
  readonly init: ProcessIdentity;
}

/** Generous: a machine takes some tens of milliseconds, but the host may be starting hundreds. */
const launchDeadlineMs = 20_000;
const endDeadlineMs = 10_000;
const lookEveryMs = 2;

/**
 * Starts a machine in namespaces of its own and resolves once its pid 1 has set it up.
 *
 * The process is a session leader of its own, so it survives this one; its working directory is the root, its environment
 * is a constant, and its only open files are /dev/null and its log.
 * @param options.scriptPath holds the machine script
 * @param options.logPath receives what the machine's pid 1 says
 * @throws DriverError `launch-failed`, `timed-out`, `closed`; nothing of the machine is left then
 */
export async function launchMachine(options: {
  readonly instanceId: string;
  readonly hostName: string;
  readonly scriptPath: string;
  readonly logPath: string;
  readonly signal: AbortSignal;
}): Promise<MachineProcesses> {
  const log = await open(options.logPath, 'a', 0o600);
  const nothing = await open('/dev/null', 'r+');
  let logStart: number;
  let exit: { readonly how: string } | undefined;
  let pid: number | undefined;
  try {
    logStart = (await log.stat()).size;
    const child = spawn(
      'unshare',
      [...namespaceArguments, '/bin/sh', options.scriptPath, options.instanceId, options.hostName],
      { cwd: '/', detached: true, env: machineEnvironment, stdio: stdioFor(log.fd, nothing.fd) },
    );
    child.once('error', (cause) => (exit = { how: cause.message }));
    child.once('exit', (code, signal) => (exit = { how: signal ?? `exit code ${code}` }));
    child.unref();
    pid = child.pid;
  } finally {
    await log.close();
    await nothing.close();
  }
  const holder = pid === undefined ? undefined : identifyProcess(pid);
  try {
    return await waitUntil(
      async () => {
        const said = (await readFile(options.logPath)).subarray(logStart).toString('utf8');
        if (exit !== undefined || holder === undefined) {
          const how = exit?.how ?? 'it ended at once';
          throw new DriverError(
            'launch-failed',
            `the machine did not come up (${how}): ${said.trim().slice(-500)}`,
          );
        }
        const init = childrenOf(holder.pid)[0];
        return init !== undefined && said.split('\n').includes(readyLine) ? { holder, init } : undefined;
      },
      {
        what: 'the machine is up',
        deadlineMs: launchDeadlineMs,
        everyMs: lookEveryMs,
        signal: options.signal,
      },
    );
  } catch (cause) {
    if (holder !== undefined) signalProcess(holder, 'SIGKILL');
    throw cause;
  }
}

/**
 * Asks pid 1 to end the machine and waits for it, so long.
 * @returns whether it ended
 * @throws DriverError `closed`
 */
export async function askMachineToEnd(
  machine: MachineProcesses,
  options: { readonly graceSeconds: number; readonly signal: AbortSignal },
): Promise<boolean> {
  signalProcess(machine.init, 'SIGTERM');
  try {
    await waitUntilGone([machine.holder, machine.init], options.graceSeconds * 1000, options.signal);
    return true;
  } catch (cause) {
    if (cause instanceof DriverError && cause.code === 'timed-out') return false;
    throw cause;
  }
}

/**
 * Ends the machine at once: pid 1 and so all in its pid namespace, the holder, and whatever of ours was put into its network
 * namespace from outside. The last of them takes the namespace, and with it the machine's interfaces, away.
 * @throws DriverError `timed-out`, `closed`
 */
export async function endMachine(machine: MachineProcesses, signal: AbortSignal): Promise<void> {
  const ends = [machine.init, machine.holder, ...visitorsOf(machine.holder)];
  for (const end of ends) signalProcess(end, 'SIGKILL');
  await waitUntilGone(ends, endDeadlineMs, signal);
}

/**
 * The holders of machines that this script path launched, whether or not a record tells of them.
 * @returns instance id and process of each
 */
export function findMachineHolders(
  scriptPath: string,
): { readonly instanceId: string; readonly holder: ProcessIdentity }[] {
  const uid = process.getuid?.();
  if (uid === undefined) return [];
  return pidsOfUser(uid).flatMap((pid) => {
    const holder = identifyProcess(pid);
    const words = argumentsOf(pid);
    const script = words.indexOf(scriptPath);
    const instanceId = words[script + 1];
    if (holder === undefined || words[0] !== 'unshare' || script < 0 || instanceId === undefined) return [];
    return [{ instanceId, holder }];
  });
}

/**
 * The machine's open files: /dev/null and its log, and /dev/null over every descriptor that it would inherit. Node marks what it
 * opens close-on-exec, and most of what it was given, but not what it was given on scattered high numbers.
 */
function stdioFor(log: number, nothing: number): ('ignore' | number)[] {
  const inheritable = new Set(inheritableDescriptors());
  const highest = Math.max(2, ...inheritable);
  return Array.from({ length: highest + 1 }, (_, descriptor) => {
    if (descriptor === 1 || descriptor === 2) return log;
    return descriptor === 0 || inheritable.has(descriptor) ? nothing : 'ignore';
  });
}

/** Our open descriptors above standard error that a program we start would inherit. */
function inheritableDescriptors(): number[] {
  const closeOnExec = 0o2_000_000;
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => {
      const flags = /^flags:\s+([0-7]+)$/m.exec(readProcFile(`/proc/self/fdinfo/${descriptor}`) ?? '')?.[1];
      return descriptor > 2 && flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
    });
}

/** Our processes in the machine's network namespace, which for a living holder is surely still its own. */
function visitorsOf(holder: ProcessIdentity): ProcessIdentity[] {
  const uid = process.getuid?.();
  const inode = namespaceOf(holder.pid, 'net');
  if (uid === undefined || inode === undefined || !isAlive(holder)) return [];
  if (inode === namespaceOf(process.pid, 'net')) return [];
  return pidsOfUser(uid)
    .filter((pid) => namespaceOf(pid, 'net') === inode)
    .map(identifyProcess)
    .filter((identity) => identity !== undefined);
}

async function waitUntilGone(
  processes: readonly ProcessIdentity[],
  deadlineMs: number,
  signal: AbortSignal,
): Promise<void> {
  await waitUntil(() => (processes.some(isAlive) ? undefined : true), {
    what: `processes ${processes.map(({ pid }) => pid).join(', ')} are gone`,
    deadlineMs,
    everyMs: lookEveryMs,
    signal,
  });
}
