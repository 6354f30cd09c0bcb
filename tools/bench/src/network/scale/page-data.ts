import type pg from 'pg';

/** Ports as they are in a project of some size, written straight into a database that the bench then throws away. */
export interface PortData {
  readonly projectId: string;
  /** Where nearly all ports are, and where a hundred are. */
  readonly mainNetworkId: string;
  readonly smallNetworkId: string;
  readonly mainSubnetId: string;
  /** What all ports are in, and a hundred. */
  readonly defaultGroupId: string;
  readonly rareGroupId: string;
}

/** So many ports have whatever is rare, however many there are. */
export const rarePorts = 100;

/** Makes the two security groups. */
export async function addGroups(client: pg.Client, data: PortData): Promise<void> {
  await client.query(
    `insert into security_groups (id, project_id, name, is_default)
     values ($1, $3, 'default', true), ($2, $3, 'rare', false)`,
    [data.defaultGroupId, data.rareGroupId, data.projectId],
  );
}

/**
 * Adds ports from number `from` up to `to`, of `total` in the end. A tenth is common in name, tag and status; a hundred, spread
 * over all, are rare in everything that a list can be narrowed by. Ids rise with the numbers, as those of UUIDv7 do.
 */
export async function addPorts(
  client: pg.Client,
  data: PortData,
  { from, to, total }: { readonly from: number; readonly to: number; readonly total: number },
): Promise<void> {
  const range = [from, to - 1, total / rarePorts];
  await client.query('begin');
  await client.query(`
    create or replace function pg_temp.port_id(n integer) returns uuid language sql immutable as $$
      select cast(
        '0190' || lpad(to_hex(n), 8, '0') || '7000' || '8' || substr(md5(cast(n as text)), 1, 15) as uuid)
    $$`);
  await client.query(`
    create temporary table numbers on commit drop as
      select
        n,
        pg_temp.port_id(n) as id,
        host(inet '10.0.0.2' + n) as address,
        n % ${range[2] ?? 1} = 1 as is_rare,
        n % 10 = 0 as is_common
      from generate_series(${range[0] ?? 0}, ${range[1] ?? 0}) as n`);
  await client.query(
    `insert into ports
       (id, project_id, network_id, name, tags, admin_state, status, lease_seconds, lease_expires_at,
        fixed_ips, security_group_ids)
     select
       id,
       $1,
       case when is_rare then cast($3 as uuid) else cast($2 as uuid) end,
       case when is_rare then 'rare' when is_common then 'common' else 'web-' || n end,
       case when is_rare then array['rare'] when is_common then array['common'] else array['other'] end,
       case when is_rare then 'down' else 'up' end,
       case when is_rare then 'error' when is_common then 'plugged' else 'available' end,
       case when is_rare then 3600 end,
       case when is_rare then now() + interval '1 hour' end,
       json_build_array(json_build_object('subnetId', cast($4 as uuid), 'ipAddress', address)),
       case when is_rare then json_build_array(cast($5 as uuid), cast($6 as uuid)) else json_build_array(cast($5 as uuid)) end
     from numbers`,
    [
      data.projectId,
      data.mainNetworkId,
      data.smallNetworkId,
      data.mainSubnetId,
      data.defaultGroupId,
      data.rareGroupId,
    ],
  );
  await client.query(
    `insert into tagged_resources (kind, project_id, tag, resource_id)
     select 'port', $1, case when is_rare then 'rare' when is_common then 'common' else 'other' end, id
     from numbers`,
    [data.projectId],
  );
  await client.query(
    `insert into port_addresses (subnet_id, address, port_id, position)
     select $1, cast(address as inet), id, 0 from numbers`,
    [data.mainSubnetId],
  );
  await client.query(
    `insert into port_security_groups (port_id, security_group_id)
     select id, cast($1 as uuid) from numbers
     union all
     select id, cast($2 as uuid) from numbers where is_rare`,
    [data.defaultGroupId, data.rareGroupId],
  );
  await client.query(
    `insert into attachments (port_id, project_id, network_id, vnic_id, mac_address, generation)
     select
       id,
       $1,
       case when is_rare then cast($3 as uuid) else cast($2 as uuid) end,
       id,
       cast('02' || lpad(to_hex(n), 10, '0') as macaddr),
       1
     from numbers
     where is_rare or is_common`,
    [data.projectId, data.mainNetworkId, data.smallNetworkId],
  );
  await client.query(
    `insert into bindings
       (id, project_id, vnic_id, port_id, network_id, host_name, generation, placement, status)
     select
       id,
       $1,
       id,
       id,
       case when is_rare then cast($3 as uuid) else cast($2 as uuid) end,
       case when is_rare then 'host-rare' else 'host-' || n % 1000 end,
       1,
       1,
       case when is_rare then 'error' else 'active' end
     from numbers
     where is_rare or is_common`,
    [data.projectId, data.mainNetworkId, data.smallNetworkId],
  );
  await client.query('commit');
}
