import type { Knex } from 'knex';
import { selectPage, type PageRequest } from '@patchpanel/service-kit';

export interface HostRow {
  readonly name: string;
  readonly driver: string;
  readonly instance_capacity: number;
  readonly instance_count: number;
  readonly last_heartbeat_at: string;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A host with what the database's clock says of its heartbeats. */
export type HostRowWithStatus = HostRow & { readonly id: string; readonly is_up: boolean };

/** By primary key; locks nothing. */
export async function selectHost(
  connection: Knex,
  name: string,
  silentAfterSeconds: number,
): Promise<HostRowWithStatus | undefined> {
  return withStatus(connection, silentAfterSeconds).where({ name }).first();
}

/** In the order of the primary key. */
export async function selectHosts(
  connection: Knex,
  page: PageRequest,
  silentAfterSeconds: number,
): Promise<HostRowWithStatus[]> {
  return selectPage(withStatus(connection, silentAfterSeconds), page, 'name');
}

function withStatus(
  connection: Knex,
  silentAfterSeconds: number,
): Knex.QueryBuilder<HostRowWithStatus, HostRowWithStatus[]> {
  return connection<HostRowWithStatus, HostRowWithStatus[]>('hosts').select(
    '*',
    // What pages are keyed by.
    'name as id',
    connection.raw('last_heartbeat_at > now() - make_interval(secs => ?) as is_up', [silentAfterSeconds]),
  );
}

/** Makes a host known; undefined when it is already. */
export async function insertHost(
  trx: Knex.Transaction,
  host: Pick<HostRow, 'name' | 'driver' | 'instance_capacity'>,
): Promise<HostRow | undefined> {
  const [row] = await trx<HostRow>('hosts').insert(host).onConflict('name').ignore().returning('*');
  return row;
}

/**
 * Notes a registration as a heartbeat, and what it says; the revision rises when anything of it is news, a return from
 * silence included. Locks the row.
 */
export async function updateRegistration(
  trx: Knex.Transaction,
  host: Pick<HostRow, 'name' | 'driver' | 'instance_capacity'>,
): Promise<{ readonly host: HostRow; readonly isNews: boolean }> {
  const { rows }: { rows: (HostRow & { is_news: boolean })[] } = await trx.raw(
    `with news as (
       select name, is_silent or driver <> :driver or instance_capacity <> :instance_capacity as is_news
       from hosts
       where name = :name
       for no key update
     )
     update hosts
     set
       driver = :driver,
       instance_capacity = :instance_capacity,
       last_heartbeat_at = now(),
       is_silent = false,
       revision = revision + case when news.is_news then 1 else 0 end,
       updated_at = case when news.is_news then now() else updated_at end
     from news
     where hosts.name = news.name
     returning hosts.*, news.is_news`,
    { ...host },
  );
  const [row] = rows;
  if (!row) throw new Error(`host ${host.name} vanished`);
  return { host: row, isNews: row.is_news };
}

/** Notes a heartbeat: one row by its primary key, no index. Says whether the host was thought silent; undefined if unknown. */
export async function updateHeartbeat(
  trx: Knex.Transaction,
  name: string,
): Promise<{ readonly host: HostRow; readonly wasSilent: boolean } | undefined> {
  const { rows }: { rows: (HostRow & { was_silent: boolean })[] } = await trx.raw(
    `with before as (
       select name, is_silent from hosts where name = :name for no key update
     )
     update hosts
     set
       last_heartbeat_at = now(),
       is_silent = false,
       revision = revision + case when before.is_silent then 1 else 0 end,
       updated_at = case when before.is_silent then now() else updated_at end
     from before
     where hosts.name = before.name
     returning hosts.*, before.is_silent as was_silent`,
    { name },
  );
  const [row] = rows;
  return row && { host: row, wasSilent: row.was_silent };
}

/** Marks hosts that have missed their heartbeats, so that their silence is told once. Scans the hosts; locks those it marks. */
export async function markSilentHosts(trx: Knex.Transaction, silentAfterSeconds: number): Promise<HostRow[]> {
  const { rows }: { rows: HostRow[] } = await trx.raw(
    `update hosts
     set is_silent = true, revision = revision + 1, updated_at = now()
     where name in (
       select name
       from hosts
       where not is_silent
       and last_heartbeat_at <= now() - make_interval(secs => :silentAfterSeconds)
       order by name
       for no key update skip locked
     )
     returning *`,
    { silentAfterSeconds },
  );
  return rows;
}

/**
 * Takes one place on the least loaded host that is up and has room, and names that host; undefined when there is none. Its
 * row stays locked until the transaction ends: the count can't pass the capacity.
 *
 * First among the hosts that nobody is placing on at this moment, so that concurrent placings spread instead of queueing;
 * only when that finds none it waits for one of the others, so that no free place is overlooked. A row that was locked in
 * vain (the host has filled up in the meantime) is let go before anything is waited for: who waits for a host holds none,
 * and nobody waits in a circle.
 */
export async function takePlaceOnHost(
  trx: Knex.Transaction,
  silentAfterSeconds: number,
): Promise<string | undefined> {
  await trx.raw('savepoint choosing_host');
  let host = await lockLeastLoadedOfFree(trx, silentAfterSeconds);
  while (host === undefined) {
    await trx.raw('rollback to savepoint choosing_host');
    const candidate = await selectLeastLoaded(trx, silentAfterSeconds);
    if (candidate === undefined) return undefined;
    host = await lockHostWithRoom(trx, candidate, silentAfterSeconds);
  }
  await trx('hosts').where({ name: host }).increment('instance_count', 1);
  return host;
}

/** Served by hosts_with_room. Locks the row that it names, and may keep rows locked that it passed over. */
async function lockLeastLoadedOfFree(
  trx: Knex.Transaction,
  silentAfterSeconds: number,
): Promise<string | undefined> {
  const { rows }: { rows: { name: string }[] } = await trx.raw(
    `select name
     from hosts
     where instance_count < instance_capacity
     and last_heartbeat_at > now() - make_interval(secs => :silentAfterSeconds)
     order by load, name
     limit 1
     for no key update skip locked`,
    { silentAfterSeconds },
  );
  return rows[0]?.name;
}

/** Served by hosts_with_room; locks nothing. */
async function selectLeastLoaded(
  trx: Knex.Transaction,
  silentAfterSeconds: number,
): Promise<string | undefined> {
  const { rows }: { rows: { name: string }[] } = await trx.raw(
    `select name
     from hosts
     where instance_count < instance_capacity
     and last_heartbeat_at > now() - make_interval(secs => :silentAfterSeconds)
     order by load, name
     limit 1`,
    { silentAfterSeconds },
  );
  return rows[0]?.name;
}

/** Waits for the host's row and locks it, also when it turns out to have no room; undefined then. By primary key. */
async function lockHostWithRoom(
  trx: Knex.Transaction,
  name: string,
  silentAfterSeconds: number,
): Promise<string | undefined> {
  const { rows }: { rows: { has_room: boolean }[] } = await trx.raw(
    `select
       instance_count < instance_capacity
       and last_heartbeat_at > now() - make_interval(secs => :silentAfterSeconds) as has_room
     from hosts
     where name = :name
     for no key update`,
    { name, silentAfterSeconds },
  );
  return rows[0]?.has_room === true ? name : undefined;
}

/** Gives an instance's place back. Locks the host's row. */
export async function givePlaceBack(trx: Knex.Transaction, name: string): Promise<void> {
  await trx('hosts').where({ name }).decrement('instance_count', 1);
}

/** How many hosts are up, and how many of these have room. Scans the hosts; locks nothing. */
export async function countHostsUp(
  connection: Knex,
  silentAfterSeconds: number,
): Promise<{ readonly up: number; readonly withRoom: number }> {
  const { rows }: { rows: { up: number; withRoom: number }[] } = await connection.raw(
    `select
       cast(count(*) as integer) as up,
       cast(count(*) filter (where instance_count < instance_capacity) as integer) as "withRoom"
     from hosts
     where last_heartbeat_at > now() - make_interval(secs => :silentAfterSeconds)`,
    { silentAfterSeconds },
  );
  return rows[0] ?? { up: 0, withRoom: 0 };
}
