import type { Knex } from 'knex';
import type { Migration } from './migrate.ts';

/**
 * The kit's own tables, to be put first in each app's list: `migrations: [...kitMigrations, ...ours]`. All of them are
 * made empty, so each step costs nothing on a big database.
 */
export const kitMigrations: readonly Migration[] = [
  { name: 'kit-001-extensions', up: createExtensions },
  { name: 'kit-002-identity', up: createIdentity },
  { name: 'kit-003-idempotency', up: createIdempotency },
  { name: 'kit-004-events', up: createEvents },
];

/** Exclusion constraints over plain columns need it. It is trusted: the database's owner may create it. */
async function createExtensions(connection: Knex): Promise<void> {
  await connection.raw('create extension if not exists btree_gist');
}

/**
 * Beside the identity stands where its row was when it was last written: which cluster, on which timeline, in which table, by which
 * transaction. Only a copy of the cluster's own files has all four still true. A row that was loaded from a dump was written by
 * another transaction; one in another cluster, or in one that was recovered to a moment or promoted, is somewhere else. What the
 * server's provider does not let be read is left out.
 *
 * `notice_restore` raises the epoch when the row has come to another place, or when the database is behind what the caller has
 * already seen of it: then its disks were put back. It looks again under the row's lock, so of many at once one raises it.
 */
async function createIdentity(connection: Knex): Promise<void> {
  await connection.raw(`
    create table database_identity (
      is_only boolean primary key default true check (is_only),
      database_id uuid not null default gen_random_uuid(),
      epoch integer not null default 1 check (epoch > 0),
      place jsonb
    )`);
  await connection.raw(`
    create function place_of_identity(writer text) returns jsonb
    language plpgsql as $$
    declare cluster text; timeline text;
    begin
      begin
        select system_identifier::text into cluster from pg_control_system();
      exception when insufficient_privilege or undefined_function or feature_not_supported then null;
      end;
      begin
        timeline := left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
      exception when insufficient_privilege or undefined_function or feature_not_supported
        or object_not_in_prerequisite_state then null;
      end;
      return jsonb_strip_nulls(jsonb_build_object(
        'cluster', cluster,
        'timeline', timeline,
        'table', 'database_identity'::regclass::oid::text,
        'writer', writer
      ));
    end
    $$`);
  await connection.raw(`
    create function place_identity() returns trigger
    language plpgsql as $$
    begin
      new.place := place_of_identity((pg_current_xact_id()::xid)::text);
      return new;
    end
    $$`);
  await connection.raw(`
    create trigger database_identity_place before update on database_identity
    for each row execute function place_identity()`);
  await connection.raw(`
    create function is_identity_elsewhere() returns boolean
    language sql volatile as $$
      select exists (
        select
        from database_identity
        cross join lateral jsonb_each_text(place) as written
        cross join lateral jsonb_each_text(place_of_identity(database_identity.xmin::text)) as found
        where found.key = written.key
        and found.value <> written.value
      )
    $$`);
  await connection.raw(`
    create function notice_restore(seen_epoch integer, seen_wal pg_lsn)
    returns table (epoch integer, wal pg_lsn, is_raised boolean)
    language plpgsql as $$
    #variable_conflict use_column
    declare is_old boolean;
    begin
      is_raised := false;
      for attempt in 1..2 loop
        select is_identity_elsewhere() or epoch < seen_epoch
          or (epoch = seen_epoch and pg_current_wal_flush_lsn() < seen_wal)
        into is_old
        from database_identity;
        exit when is_old is not true;
        if attempt = 1 then
          perform from database_identity for update;
        else
          update database_identity
          set epoch = greatest(epoch, seen_epoch) + 1, database_id = gen_random_uuid();
          is_raised := true;
        end if;
      end loop;
      return query
        select epoch, pg_current_wal_flush_lsn(), is_raised
        from database_identity;
    end
    $$`);
  await connection.raw('insert into database_identity default values');
  await connection.raw('update database_identity set epoch = epoch');
}

async function createIdempotency(connection: Knex): Promise<void> {
  await connection.raw(`
    create table idempotency_records (
      owner text not null,
      operation_id text not null,
      key text not null,
      request_hash text not null,
      status integer,
      headers text,
      body text,
      expires_at timestamptz not null,
      primary key (owner, operation_id, key)
    )`);
  await connection.raw('create index idempotency_records_expires_at on idempotency_records (expires_at)');
}

/**
 * `append_events` takes the feed's lock, gives out positions and inserts, in one round trip: whoever holds the lock is
 * the only one with uncommitted positions, so positions become visible in their own order. `forgotten_through` is the
 * highest position that compaction has removed.
 */
async function createEvents(connection: Knex): Promise<void> {
  await connection.raw(`
    create table events (
      position bigint generated always as identity primary key,
      project_id uuid,
      audience text,
      resource_type text not null,
      resource_id text not null,
      revision bigint not null,
      change text not null,
      data jsonb,
      occurred_at timestamptz not null default clock_timestamp()
    )`);
  await connection.raw('create index events_project on events (project_id, position) where audience is null');
  await connection.raw(
    'create index events_audience on events (audience, position) where audience is not null',
  );
  await connection.raw('create index events_occurred_at on events (occurred_at)');
  await connection.raw(`
    create table event_horizon (
      is_only boolean primary key default true check (is_only),
      forgotten_through bigint not null default 0
    )`);
  await connection.raw('insert into event_horizon default values');
  await connection.raw(`
    create function append_events(new_events jsonb, channel text, announcement text) returns bigint
    language plpgsql as $$
    declare last_position bigint;
    begin
      perform pg_advisory_xact_lock(7277002);
      insert into events (project_id, audience, resource_type, resource_id, revision, change, data)
      select
        (item ->> 'projectId')::uuid,
        item ->> 'audience',
        item ->> 'resourceType',
        item ->> 'resourceId',
        (item ->> 'revision')::bigint,
        item ->> 'change',
        item -> 'data'
      from jsonb_array_elements(new_events) with ordinality as list(item, place)
      order by place;
      perform pg_notify(channel, announcement);
      select max(position) into last_position from events;
      return last_position;
    end
    $$`);
}
