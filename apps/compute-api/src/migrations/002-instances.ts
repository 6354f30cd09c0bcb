import type { Knex } from 'knex';

/**
 * Makes an empty table: costs nothing. `status` follows from the rest by the state machine and is stored for lists to filter.
 *
 * A placement is (epoch - 1) * 2^32 plus a number of the sequence, which has 32 bits; so 2^21 epochs fit the integers that
 * JSON keeps exact.
 */
export async function createInstances(connection: Knex): Promise<void> {
  await connection.raw('create sequence instance_placements as bigint maxvalue 4294967295 no cycle');
  await connection.raw(`
    create table instances (
      id uuid primary key,
      project_id uuid not null,
      name text not null,
      power_state text not null constraint instances_power_state check (power_state in ('running', 'stopped')),
      is_deleting boolean not null default false,
      status text not null constraint instances_status
        check (status in ('scheduling', 'starting', 'running', 'stopping', 'stopped', 'deleting', 'error')),
      status_reason text,
      host_name text constraint instances_host references hosts (name),
      placement bigint not null default 0
        constraint instances_placement_range check (placement between 0 and 9007199254740991),
      assignment_revision bigint not null default 1,
      generation bigint not null default 1,
      reported_status text,
      observed_revision bigint not null default 0,
      revision bigint not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint instances_placed check (host_name is null or placement > 0),
      constraint instances_report_has_host check (reported_status is null or host_name is not null),
      constraint instances_deleting_has_host check (not is_deleting or host_name is not null),
      constraint instances_revisions check (generation <= assignment_revision and assignment_revision <= revision)
    )`);
  await connection.raw('create index instances_project on instances (project_id, id)');
  await connection.raw('create index instances_project_status on instances (project_id, status, id)');
  await connection.raw(
    'create index instances_host on instances (host_name, id) where host_name is not null',
  );
  await connection.raw(
    `create index instances_waiting on instances (id) where host_name is null and power_state = 'running'`,
  );
}
