import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { ProviderError } from '@patchpanel/provider';

/** A machine's network namespace, held open so that it stays the one that was checked even if its process ends. */
export interface Machine {
  readonly pid: number;
  /** A descriptor of the namespace. */
  readonly descriptor: number;
  close(): Promise<void>;
}

/** What /proc says of a process. */
export interface ProcessFacts {
  /** Real, effective, saved and file system uid. */
  readonly uids: readonly number[];
  /** Field 22 of stat: clock ticks since boot. */
  readonly startTime: number;
}

/**
 * Opens the network namespace of a machine after making sure that it is one: its process belongs to the machines' user, is
 * the one that was meant, and lives in a user and a network namespace other than this agent's.
 * @throws ProviderError `device-refused`, saying why.
 */
export async function openMachine(
  { pid, startTime }: { readonly pid: number; readonly startTime?: number },
  machineUid: number | undefined,
): Promise<Machine> {
  if (machineUid === undefined) {
    throw new ProviderError(
      'device-refused',
      'this agent was not told which user owns machines, so it wires no namespace',
    );
  }
  if (!Number.isSafeInteger(pid) || pid < 2)
    throw new ProviderError('device-refused', `${pid} is not a machine's process`);
  const before = await processFacts(pid);
  const refuse = (reason: string) => new ProviderError('device-refused', `process ${pid} ${reason}`);
  if (before.uids.some((uid) => uid !== machineUid)) {
    throw refuse(`belongs to user ${before.uids[0] ?? 'unknown'}, machines belong to user ${machineUid}`);
  }
  if (startTime !== undefined && before.startTime !== startTime) {
    throw refuse(`is not the one that was meant: it started at tick ${before.startTime}, not ${startTime}`);
  }
  const handle = await orGone(pid, open(`/proc/${pid}/ns/net`));
  try {
    await verifyNamespaces(pid, handle, refuse);
    // The number may have passed to another process between the looks: then the descriptor may be the other's.
    if ((await processFacts(pid)).startTime !== before.startTime)
      throw refuse('ended while it was looked at');
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { pid, descriptor: handle.fd, close: () => handle.close() };
}

async function verifyNamespaces(
  pid: number,
  handle: FileHandle,
  refuse: (reason: string) => ProviderError,
): Promise<void> {
  const [ownNetwork, ownUsers, users, network] = await Promise.all([
    stat('/proc/self/ns/net'),
    stat('/proc/self/ns/user'),
    orGone(pid, stat(`/proc/${pid}/ns/user`)),
    handle.stat(),
  ]);
  if (network.ino === ownNetwork.ino) throw refuse("lives in this host's own network namespace");
  if (users.ino === ownUsers.ino) throw refuse("lives in this host's own user namespace");
}

/** Reads what must be known of a process before it is trusted to be a machine's. */
export async function processFacts(pid: number): Promise<ProcessFacts> {
  const [status, statLine] = await Promise.all([
    orGone(pid, readFile(`/proc/${pid}/status`, 'utf8')),
    orGone(pid, readFile(`/proc/${pid}/stat`, 'utf8')),
  ]);
  const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
  return { uids, startTime: startTimeOf(statLine) };
}

/** Field 22 of a /proc/<pid>/stat line; the command name before it may hold spaces and parentheses. */
export function startTimeOf(statLine: string): number {
  const afterName = statLine.slice(statLine.lastIndexOf(')') + 2).split(' ');
  return Number(afterName[19]);
}

async function orGone<Result>(pid: number, looking: Promise<Result>): Promise<Result> {
  try {
    return await looking;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') {
      throw new ProviderError('device-refused', `process ${pid} is gone`, { cause });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new ProviderError(
        'device-refused',
        `process ${pid} can't be looked into: this needs CAP_SYS_PTRACE`,
        { cause },
      );
    }
    throw cause;
  }
}
