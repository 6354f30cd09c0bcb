import type { Knex } from 'knex';

/**
 * Makes an empty table: costs nothing. `instance_count` is kept by the transactions that place and remove instances, under
 * the row's lock; it may exceed a capacity that was lowered later, so only placing compares the two. No index has
 * `last_heartbeat_at`: a heartbeat then touches one row and no index.
 */
export async function createHosts(connection: Knex): Promise<void> {
  await connection.raw(`
    create table hosts (
      name text primary key constraint hosts_name_form check (name ~ '^[a-z0-9](|[a-z0-9.-]{0,61}[a-z0-9])$'),
      driver text not null,
      instance_capacity integer not null constraint hosts_capacity_range check (instance_capacity >= 0),
      instance_count integer not null default 0 constraint hosts_count_range check (instance_count >= 0),
      load double precision not null
        generated always as (instance_count::double precision / greatest(instance_capacity, 1)) stored,
      last_heartbeat_at timestamptz not null default now(),
      is_silent boolean not null default false,
      revision bigint not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`);
  await connection.raw(
    'create index hosts_with_room on hosts (load, name) where instance_count < instance_capacity',
  );
}
