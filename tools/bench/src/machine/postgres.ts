import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { postgresPrograms, startCluster } from '../../../test/src/postgres.ts';

const startSeconds = 30;

/** A PostgreSQL of this run alone, with fsync on. */
export interface Postgres {
  readonly pid: number;
  readonly version: string;
  /** Where its log is, when it was asked to keep one. */
  readonly logFolder: string;
  /** Makes an empty database and gives its URL. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts PostgreSQL from Debian's programs in a folder, with PostgreSQL's own defaults but for the given settings. */
export async function startPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Postgres> {
  const programs = postgresPrograms();
  if (programs === undefined)
    throw new Error('there is no PostgreSQL in /usr/lib/postgresql: install the Debian package postgresql');
  const logFolder = join(folder, 'log');
  const cluster = await startCluster(programs, folder, settings);
  try {
    const version = await onceStarted(cluster.url, async (client) => {
      const { rows } = await client.query<{ version: string; fsync: string }>(
        `select current_setting('server_version') as version, current_setting('fsync') as fsync`,
      );
      const [row] = rows;
      if (row?.fsync !== 'on')
        throw new Error('PostgreSQL runs without fsync: nothing here would mean anything');
      return row.version;
    });
    return {
      pid: Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
      version,
      logFolder,
      async createDatabase(name) {
        await onDatabase(cluster.url, (client) =>
          client.query(`create database ${client.escapeIdentifier(name)}`),
        );
        const url = new URL(cluster.url);
        url.pathname = `/${name}`;
        return url.href;
      },
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A server takes connections a moment before it lets anybody in (`cannot_connect_now`). */
async function onceStarted<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + startSeconds * 1000;
  for (;;) {
    try {
      return await onDatabase(url, work);
    } catch (error) {
      const isStarting = error instanceof pg.DatabaseError && error.code === '57P03';
      if (!isStarting || performance.now() > deadline) throw error;
      await pause(50);
    }
  }
}

/** Runs work with a connection of its own, beside the service's. */
export async function onDatabase<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
