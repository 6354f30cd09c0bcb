import type { Migration } from '@patchpanel/service-kit';

/**
 * Where attachments are realised, and where they may still be: a binding that is to go stays until its host says that the
 * wiring is gone, longer than the attachment and even the port. `is_proven`: an `active` one named the
 * wiring that it proves, and that was all there was to wire. Made empty: costs nothing on a big database.
 */
export const bindings: Migration = {
  name: 'network-004-bindings',
  async up(connection) {
    await connection.raw(`
      create table bindings (
        id uuid primary key,
        project_id uuid not null,
        vnic_id uuid not null,
        port_id uuid not null,
        network_id uuid not null,
        host_name text not null,
        generation bigint not null check (generation > 0),
        placement bigint not null check (placement > 0),
        desired text not null default 'present' check (desired in ('present', 'absent')),
        status text not null default 'building' check (status in ('building', 'active', 'error')),
        status_reason text,
        is_proven boolean not null default false,
        device_name text,
        superseded_by uuid,
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint bindings_superseded_is_absent check (superseded_by is null or desired = 'absent')
      )`);
    await connection.raw(`
      create unique index bindings_live on bindings (port_id) where desired = 'present'`);
    await connection.raw(`
      create unique index bindings_vnic_live on bindings (project_id, vnic_id) where desired = 'present'`);
    await connection.raw(`
      create unique index bindings_vnic_on_host on bindings (project_id, vnic_id, host_name)
        where superseded_by is null`);
    await connection.raw(`
      create index bindings_host on bindings (host_name, id) where superseded_by is null`);
    await connection.raw(`
      create index bindings_project_host on bindings (project_id, host_name, port_id)
        where desired = 'present'`);
    await connection.raw('create index bindings_port on bindings (port_id)');
    await connection.raw(`
      create index bindings_network_leaving on bindings (network_id) where desired = 'absent'`);
    await connection.raw(`
      create index bindings_superseded on bindings (superseded_by) where superseded_by is not null`);
  },
};
