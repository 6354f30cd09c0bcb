import { readFileSync, writeFileSync } from 'node:fs';
import { hold, type Release } from '../lock.ts';
import { usersWithProcesses } from './process-identity.ts';
import { run } from './run.ts';

/** The four processes of a Patchpanel on one machine, in the order in which they start. */
export const processNames = ['network-api', 'compute-api', 'network-agent', 'compute-host'] as const;
export type ProcessName = (typeof processNames)[number];

/** A Unix user (and group) for each process. */
export type Users = Readonly<Record<ProcessName, number>>;

/** Users that no other stack on this machine takes until they are released. */
export interface ChosenUsers {
  readonly users: Users;
  readonly release: Release;
}

/**
 * The first of four numbers in a row that belong to no account: file modes keep apart only processes of different
 * users, and a number needs no account to be one (systemd's DynamicUser does the same, in the same range).
 */
const firstUid = 61_810;
const firstUids = Array.from({ length: 20 }, (_, block) => firstUid + block * 10);

/**
 * Chooses four user numbers that no account has, no process runs as and no other stack has chosen, and notes them in a
 * file: the same ones are taken the next time, if they can be.
 */
export async function chooseUsers(file: string): Promise<ChosenUsers> {
  const kept = notedUsers(file)?.['network-api'];
  for (const first of kept === undefined ? firstUids : [kept, ...firstUids]) {
    const release = await hold(`users-${first}`);
    if (release === undefined) continue;
    const users = usersFrom(first);
    if (await areFree(Object.values(users))) {
      writeFileSync(file, JSON.stringify({ first }));
      return { users, release };
    }
    await release();
  }
  throw new Error(`no four free user numbers from ${firstUid} on: accounts or processes have them all`);
}

/** The users that an earlier run has noted; undefined when it came to none. */
export function notedUsers(file: string): Users | undefined {
  try {
    const { first } = JSON.parse(readFileSync(file, 'utf8')) as { first?: unknown };
    return typeof first === 'number' && firstUids.includes(first) ? usersFrom(first) : undefined;
  } catch {
    return undefined; // none, or one that was being written
  }
}

function usersFrom(first: number): Users {
  return {
    'network-api': first,
    'compute-api': first + 1,
    'network-agent': first + 2,
    'compute-host': first + 3,
  };
}

async function areFree(uids: readonly number[]): Promise<boolean> {
  const running = usersWithProcesses();
  if (uids.some((uid) => running.has(uid))) return false;
  const numbers = uids.map(String);
  const taken = await Promise.all([
    run('getent', ['passwd', ...numbers]),
    run('getent', ['group', ...numbers]),
  ]);
  return taken.every(({ stdout }) => stdout.trim() === '');
}

/** The kernel's capabilities that the agent holds, and it alone: to make links and rules, and to enter machines. */
export const agentCapabilities = ['net_admin', 'sys_admin', 'sys_ptrace'] as const;
