import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** A PostgreSQL of one test's own, to be stopped and started under it. */
export interface TestCluster {
  readonly url: string;
  start(): Promise<void>;
  /** As when its machine is switched off: nothing is brought to an end. */
  crash(): Promise<void>;
  /** Has it begin another timeline, as a standby does that takes over. Call it while it is stopped; starts it. */
  promote(): Promise<void>;
  /** Ends and removes it. */
  remove(): Promise<void>;
}

/** Where Debian keeps PostgreSQL's programs, newest version first. */
export function postgresPrograms(): string | undefined {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return undefined;
  return readdirSync(base)
    .toSorted((one, other) => Number(other) - Number(one))
    .map((version) => join(base, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

/** Makes a cluster, not started. PostgreSQL does not run as root: for root it runs as the user `postgres`. */
export function makeTestCluster(): TestCluster {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('PostgreSQL is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'patchpanel-cluster-'));
  const isRoot = process.getuid?.() === 0;
  const asUser = isRoot ? ['--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
  if (isRoot) execFileSync('chown', ['postgres:postgres', folder]);
  const data = join(folder, 'data');
  const run = (program: string, ...args: string[]) =>
    execFileSync('setpriv', [...asUser, join(programs, program), ...args], { cwd: folder, stdio: 'pipe' });
  run('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync');
  const url = `postgresql://postgres@localhost:5432/postgres?host=${encodeURIComponent(folder)}`;
  let server: ChildProcess | undefined;
  const end = async (signal: 'SIGQUIT' | 'SIGINT') => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  };
  const start = async () => {
    // It ends with this process, however that ends.
    server = spawn(
      'setpriv',
      [...asUser, '--pdeathsig=INT', join(programs, 'postgres'), '-D', data, '-k', folder].concat([
        ...['-c', 'listen_addresses=', '-c', 'log_min_messages=panic', '-c', 'log_min_error_statement=panic'],
      ]),
      { cwd: folder, stdio: 'ignore' },
    );
    await untilAnswering(url);
  };
  return {
    url,
    start,
    crash: () => end('SIGQUIT'),
    async promote() {
      const signal = join(data, 'standby.signal');
      writeFileSync(signal, '');
      if (isRoot) execFileSync('chown', ['postgres:postgres', signal]);
      await start();
      await ask(url, 'select pg_promote()');
    },
    async remove() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilAnswering(url: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    try {
      await ask(url, 'select 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
