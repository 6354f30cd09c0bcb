import type { Migration } from '@patchpanel/service-kit';

/**
 * The hosts' agents as they were last heard of, and what it takes to find out what they know after a restore. Made empty: costs
 * nothing on a big database.
 */
export const agents: Migration = {
  name: 'network-007-agents',
  async up(connection) {
    // holdings_epoch is the epoch for which the host has said what it has wired; behind the database's, it is yet to say it.
    await connection.raw(`
      create table agents (
        host_name text collate "C" primary key,
        version text,
        providers jsonb not null default '[]',
        holdings_epoch integer not null,
        holdings_begun_at timestamptz,
        fenced_at timestamptz,
        fence_reason text,
        revision bigint not null default 1 check (revision > 0),
        first_seen_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now()
      )`);
    await connection.raw('create index agents_fenced on agents (host_name) where fenced_at is not null');
    // One row for each raise of the epoch: as long as it has not ended, some host may have wired what the database does not know.
    await connection.raw(`
      create table recoveries (
        epoch integer primary key,
        began_at timestamptz not null default clock_timestamp(),
        settles_at timestamptz not null,
        ended_at timestamptz
      )`);
    // What hosts say they have wired and no row of this database accounts for. Its addresses are given to nobody.
    await connection.raw(`
      create table stray_wirings (
        id uuid primary key,
        host_name text collate "C" not null,
        project_id uuid not null,
        vnic_id uuid not null,
        port_id uuid not null,
        network_id uuid not null,
        mac_address macaddr not null,
        epoch integer not null,
        generation bigint not null check (generation > 0),
        placement bigint not null,
        ip_addresses inet[] not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint stray_wirings_vnic unique (host_name, project_id, vnic_id)
      )`);
    await connection.raw('create index stray_wirings_host on stray_wirings (host_name, id)');
    await connection.raw('create index stray_wirings_port on stray_wirings (port_id)');
    await connection.raw('create index stray_wirings_network on stray_wirings (network_id)');
    await connection.raw('create index stray_wirings_vnic_anywhere on stray_wirings (project_id, vnic_id)');
  },
};
