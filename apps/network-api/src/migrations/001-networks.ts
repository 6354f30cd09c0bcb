import type { Migration } from '@patchpanel/service-kit';

/** Networks and their subnets. Made empty: costs nothing on a big database. */
export const networks: Migration = {
  name: 'network-001-networks',
  async up(connection) {
    await connection.raw(`
      create table networks (
        id uuid primary key,
        project_id uuid not null,
        name text not null,
        provider text not null,
        provider_options jsonb,
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      )`);
    await connection.raw('create index networks_project on networks (project_id, id)');
    await connection.raw('create index networks_name on networks (project_id, name, id)');
    await connection.raw(`
      create table subnets (
        id uuid primary key,
        project_id uuid not null,
        network_id uuid not null constraint subnets_network references networks,
        name text not null,
        cidr cidr not null,
        gateway_ip inet,
        allocation_pools jsonb not null,
        revision bigint not null default 1 check (revision > 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint subnets_no_overlap exclude using gist (network_id with =, cidr inet_ops with &&),
        constraint subnets_gateway_inside check (gateway_ip <<= cidr)
      )`);
    await connection.raw('create index subnets_project on subnets (project_id, id)');
    await connection.raw('create index subnets_network on subnets (network_id, id)');
  },
};
