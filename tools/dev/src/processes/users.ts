import { run } from './run.ts';

/** The four processes of a Patchpanel on one machine, in the order in which they start. */
export const processNames = ['network-api', 'compute-api', 'network-agent', 'compute-host'] as const;
export type ProcessName = (typeof processNames)[number];

/** A Unix user (and group) for each process. */
export type Users = Readonly<Record<ProcessName, number>>;

/**
 * The first of four numbers in a row that belong to no account: file modes keep apart only processes of different
 * users, and a number needs no account to be one (systemd's DynamicUser does the same, in the same range).
 */
const firstUid = 61_810;
const blocks = 20;

/** Finds four user numbers that nobody has. The same ones each time, unless an account has taken one since. */
export async function findUsers(): Promise<Users> {
  for (let first = firstUid; first < firstUid + blocks * 10; first += 10) {
    const users = {
      'network-api': first,
      'compute-api': first + 1,
      'network-agent': first + 2,
      'compute-host': first + 3,
    };
    const numbers = Object.values(users).map(String);
    const taken = await Promise.all([
      run('getent', ['passwd', ...numbers]),
      run('getent', ['group', ...numbers]),
    ]);
    if (taken.every(({ stdout }) => stdout.trim() === '')) return users;
  }
  throw new Error(`no four free user numbers from ${firstUid} on: accounts have them all`);
}

/** The kernel's capabilities that the agent holds, and it alone: to make links and rules, and to enter machines. */
export const agentCapabilities = ['net_admin', 'sys_admin', 'sys_ptrace'] as const;
