import type { Migration } from '@patchpanel/service-kit';

/**
 * Ports and what is plugged into them. `fixed_ips` and `security_group_ids` are what port_addresses and port_security_groups say,
 * as it goes over the wire; `content` is all of a port but its state, in one piece: so a list of ports is read from one table, and
 * few columns of it. `wiring_revision` rises with what hosts are to wire, `revision` with everything. Made empty: costs nothing on a big database.
 */
export const ports: Migration = {
  name: 'network-002-ports',
  async up(connection) {
    // Immutable, as nothing that it makes text of depends on a session's settings.
    await connection.raw(`
      create function port_content(
        id uuid, project_id uuid, network_id uuid, name text, description text, tags text[], admin_state text,
        fixed_ips json, port_security text, allowed_address_pairs jsonb, security_group_ids json, lease_seconds integer
      ) returns json
      language plpgsql immutable as $$
      begin
        return json_strip_nulls(json_build_object(
          'id', id,
          'projectId', project_id,
          'networkId', network_id,
          'name', name,
          'description', description,
          'tags', tags,
          'adminState', admin_state,
          'fixedIps', fixed_ips,
          'portSecurity', port_security,
          'allowedAddressPairs', allowed_address_pairs,
          'securityGroupIds', security_group_ids,
          'leaseSeconds', lease_seconds
        ));
      end
      $$`);
    await connection.raw(`
      create table ports (
        id uuid primary key,
        project_id uuid not null,
        network_id uuid not null constraint ports_network references networks,
        name text collate "C" not null,
        description text not null default '',
        tags text[] not null default '{}',
        port_security text not null default 'on' check (port_security in ('on', 'off')),
        allowed_address_pairs jsonb not null default '[]',
        fixed_ips json not null default '[]',
        security_group_ids json not null default '[]',
        lease_seconds integer check (lease_seconds > 0),
        lease_expires_at timestamptz,
        lease_warned_at timestamptz,
        admin_state text not null check (admin_state in ('up', 'down')),
        status text not null default 'available'
          check (status in ('available', 'plugged', 'building', 'active', 'error')),
        status_reason text,
        was_ever_bound boolean not null default false,
        revision bigint not null default 1 check (revision > 0),
        wiring_revision bigint not null default 1 check (wiring_revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        content json not null generated always as (
          port_content(
            id, project_id, network_id, name, description, tags, admin_state,
            fixed_ips, port_security, allowed_address_pairs, security_group_ids, lease_seconds
          )
        ) stored,
        constraint ports_lease check (lease_expires_at is null or lease_seconds is not null)
      )`);
    await connection.raw('create index ports_project on ports (project_id, id)');
    await connection.raw('create index ports_network on ports (network_id, project_id, id)');
    await connection.raw('create index ports_name on ports (project_id, name, id)');
    await connection.raw(`
      create index ports_lease on ports (lease_expires_at) where lease_expires_at is not null`);
    await connection.raw('create index ports_status on ports (project_id, status, id)');
    await connection.raw(`
      create index ports_available on ports (network_id, project_id, id)
        where status = 'available' and admin_state = 'up'`);
    await connection.raw(`
      create table attachments (
        port_id uuid constraint attachments_port primary key
          constraint attachments_port_exists references ports,
        project_id uuid not null,
        network_id uuid not null,
        vnic_id uuid not null,
        mac_address macaddr not null,
        generation bigint not null check (generation > 0),
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint attachments_vnic unique (project_id, vnic_id),
        constraint attachments_mac_address unique (network_id, mac_address)
      )`);
    await connection.raw('create index attachments_project_mac on attachments (project_id, mac_address)');
    // Counts the plugs of a pair and keeps the highest placement that a claim came with, both for ever, so that what holds an
    // older number stays out of date: unplugging and releasing leave the row alone. The host that was relieved of the vNIC by
    // force, making this generation, may not bind it again by itself.
    await connection.raw(`
      create table vnic_generations (
        project_id uuid not null,
        vnic_id uuid not null,
        generation bigint not null check (generation > 0),
        placement bigint not null default 0 check (placement between 0 and 9007199254740991),
        relieved_host text,
        relieved_generation bigint,
        relieved_placement bigint,
        primary key (project_id, vnic_id)
      )`);
  },
};
