import type { Knex } from 'knex';

/**
 * Makes an empty table: costs nothing. That a vNIC is in one instance at most needs no constraint: it has one column for it.
 * `slot` is its place among the instance's vNICs.
 */
export async function createVnics(connection: Knex): Promise<void> {
  await connection.raw(`
    create table vnics (
      id uuid primary key,
      project_id uuid not null,
      name text not null,
      mac_address macaddr not null constraint vnics_mac_address_unique unique,
      network_data text,
      instance_id uuid constraint vnics_instance references instances (id),
      slot smallint,
      revision bigint not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint vnics_mac_address_unicast check (
        mac_address & '01:00:00:00:00:00' = '00:00:00:00:00:00' and mac_address <> '00:00:00:00:00:00'
      ),
      constraint vnics_slot_in_instance check ((instance_id is null) = (slot is null)),
      constraint vnics_slot_unique unique (instance_id, slot)
    )`);
  await connection.raw('create index vnics_project on vnics (project_id, id)');
}
