import type { Migration } from '@patchpanel/service-kit';

/** Security groups, their rules, and the ports that are in them. Made empty: costs nothing on a big database. */
export const securityGroups: Migration = {
  name: 'network-005-security-groups',
  async up(connection) {
    await connection.raw(`
      create table security_groups (
        id uuid primary key,
        project_id uuid not null,
        name text collate "C" not null,
        description text not null default '',
        tags text[] not null default '{}',
        is_default boolean not null default false,
        members_revision bigint not null default 1 check (members_revision > 0),
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      ) with (fillfactor = 50)`);
    await connection.raw('create index security_groups_project on security_groups (project_id, id)');
    await connection.raw('create index security_groups_name on security_groups (project_id, name, id)');
    await connection.raw(`
      create unique index security_groups_default on security_groups (project_id) where is_default`);
    await connection.raw(`
      create table security_group_rules (
        id uuid primary key,
        security_group_id uuid not null
          constraint security_group_rules_group references security_groups on delete cascade,
        project_id uuid not null,
        direction text not null check (direction in ('ingress', 'egress')),
        ether_type text not null check (ether_type in ('ipv4', 'ipv6')),
        protocol smallint check (protocol between 0 and 255),
        port_min integer check (port_min between 1 and 65535),
        port_max integer check (port_max between port_min and 65535),
        icmp_type smallint check (icmp_type between 0 and 255),
        icmp_code smallint check (icmp_code between 0 and 255),
        remote_cidr cidr,
        remote_group_id uuid constraint security_group_rules_remote references security_groups,
        description text not null default '',
        created_at timestamptz not null default now(),
        constraint security_group_rules_remote_is_one check (remote_cidr is null or remote_group_id is null),
        constraint security_group_rules_ports_are_two check ((port_min is null) = (port_max is null)),
        constraint security_group_rules_code_needs_type check (icmp_code is null or icmp_type is not null)
      )`);
    await connection.raw(`
      create unique index security_group_rules_content on security_group_rules (
        security_group_id, direction, ether_type, protocol, port_min, port_max, icmp_type, icmp_code,
        remote_cidr, remote_group_id
      ) nulls not distinct`);
    await connection.raw(
      'create index security_group_rules_list on security_group_rules (security_group_id, id)',
    );
    await connection.raw(`
      create index security_group_rules_remotes on security_group_rules (remote_group_id)
        where remote_group_id is not null`);
    await connection.raw(`
      create table port_security_groups (
        port_id uuid not null constraint port_security_groups_port references ports on delete cascade,
        security_group_id uuid not null constraint port_security_groups_group references security_groups,
        primary key (port_id, security_group_id)
      )`);
    await connection.raw(`
      create index port_security_groups_members on port_security_groups (security_group_id, port_id)`);
  },
};
