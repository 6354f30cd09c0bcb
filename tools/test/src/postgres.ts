import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endWithin } from './programs.ts';

const startSeconds = 30;
const port = 5432;

/** A private PostgreSQL cluster, reachable only through a socket in its own folder. */
export interface Cluster {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where Debian keeps PostgreSQL's programs, newest version first; undefined if there is none. */
export function postgresPrograms(): string | undefined {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return undefined;
  return readdirSync(base)
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(base, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

/**
 * Makes and starts a cluster in `folder` with PostgreSQL's own defaults (fsync on). PostgreSQL refuses to run as root,
 * so root runs it as the user `postgres`. It shuts down by itself if this process dies. `settings` go before ours.
 */
export async function startCluster(
  programs: string,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const isRoot = process.getuid?.() === 0;
  mkdirSync(folder, { recursive: true });
  if (isRoot) chownSync(folder, ...postgresUser());
  const asUser = isRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : ['setpriv'];
  const data = join(folder, 'data');
  const [setpriv = '', ...options] = asUser;

  execFileSync(
    setpriv,
    [
      ...options,
      join(programs, 'initdb'),
      '-D',
      data,
      '-U',
      'postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const server = spawn(
    setpriv,
    [
      ...options,
      '--pdeathsig=INT',
      join(programs, 'postgres'),
      '-D',
      data,
      '-k',
      folder,
      '-p',
      String(port),
      '-c',
      'listen_addresses=',
      '-c',
      'max_connections=200',
      '-c',
      'log_min_messages=fatal',
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    await untilReady(server, join(folder, `.s.PGSQL.${port}`));
  } catch (error) {
    await endWithin(server, 1000, 'SIGINT');
    throw error;
  }
  return {
    url: `postgresql://postgres@localhost:${port}/postgres?host=${encodeURIComponent(folder)}`,
    // SIGINT is PostgreSQL's fast shutdown: connections are cut, data is kept in order.
    stop: () => endWithin(server, 10_000, 'SIGINT'),
  };
}

async function untilReady(server: ChildProcess, socket: string): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000;
  while (!(await answers(socket))) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended at once with code ${server.exitCode}`);
    if (Date.now() > deadline) throw new Error(`PostgreSQL was not ready within ${startSeconds} s`);
    await pause(50);
  }
}

/** Whether somebody accepts a connection, and does not close it again at once as a starting server does. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('error', () => resolve(false));
    // An SSLRequest: a server that takes connections answers with one byte.
    connection.once('connect', () => connection.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
    connection.once('data', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('close', () => resolve(false));
  });
}

function postgresUser(): [number, number] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error('there is no user `postgres` to run PostgreSQL as');
  return [Number(uid), Number(gid)];
}
