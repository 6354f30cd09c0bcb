import type { Migration } from '@patchpanel/service-kit';

/**
 * Networks, whom they are shared with, and their subnets. Names are compared by bytes, so that lists by name are in one order
 * on every database. Made empty: costs nothing on a big database.
 */
export const networks: Migration = {
  name: 'network-001-networks',
  async up(connection) {
    await connection.raw(`
      create table networks (
        id uuid primary key,
        project_id uuid not null,
        name text collate "C" not null,
        description text not null default '',
        tags text[] not null default '{}',
        provider text not null,
        provider_options jsonb,
        mtu integer not null check (mtu between 68 and 65535),
        admin_state text not null default 'up' check (admin_state in ('up', 'down')),
        is_shared_with_all boolean not null default false,
        allocations jsonb not null default '{}',
        status text not null default 'active' check (status in ('building', 'active', 'error', 'deleting')),
        status_reason text,
        wiring_revision bigint not null default 1 check (wiring_revision > 0),
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    await connection.raw('create index networks_project on networks (project_id, id)');
    await connection.raw('create index networks_name on networks (project_id, name, id)');
    await connection.raw('create index networks_shared_with_all on networks (id) where is_shared_with_all');
    await connection.raw(`
      create table network_shares (
        network_id uuid not null constraint network_shares_network references networks on delete cascade,
        project_id uuid not null,
        created_at timestamptz not null default now(),
        primary key (network_id, project_id)
      )`);
    await connection.raw('create index network_shares_project on network_shares (project_id, network_id)');
    await connection.raw(`
      create table subnets (
        id uuid primary key,
        project_id uuid not null,
        network_id uuid not null constraint subnets_network references networks,
        name text collate "C" not null,
        description text not null default '',
        tags text[] not null default '{}',
        cidr cidr not null,
        gateway_ip inet,
        allocation_pools jsonb not null,
        dns_servers jsonb not null default '[]',
        host_routes jsonb not null default '[]',
        is_dhcp_enabled boolean not null default false,
        dhcp_server_ip inet,
        ipv6_mode text check (ipv6_mode in ('dhcpv6-stateful', 'static')),
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint subnets_no_overlap exclude using gist (network_id with =, cidr inet_ops with &&),
        constraint subnets_gateway_inside check (gateway_ip <<= cidr),
        constraint subnets_dhcp_server_inside check (dhcp_server_ip <<= cidr),
        constraint subnets_mode_of_ipv6 check ((family(cidr) = 6) = (ipv6_mode is not null))
      )`);
    await connection.raw('create index subnets_project on subnets (project_id, id)');
    await connection.raw('create index subnets_network on subnets (network_id, id)');
    await connection.raw('create index subnets_name on subnets (project_id, name, id)');
    // Tags stand in the rows of what they are on; here they are found. Kept by whoever writes those rows, in the same
    // transaction, and only for what has tags.
    await connection.raw(`
      create table tagged_resources (
        kind text not null check (kind in ('network', 'subnet', 'port', 'security-group')),
        project_id uuid not null,
        tag text not null,
        resource_id uuid not null,
        primary key (kind, project_id, tag, resource_id)
      )`);
    await connection.raw('create index tagged_resources_resource on tagged_resources (resource_id)');
  },
};
