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

async function createIdentity(connection: Knex): Promise<void> {
  await connection.raw(`
    create table database_identity (
      is_only boolean primary key default true check (is_only),
      database_id uuid not null default gen_random_uuid(),
      epoch integer not null default 1 check (epoch > 0)
    )`);
  await connection.raw('insert into database_identity default values');
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
