import type { HostBinding } from '@patchpanel/contract-network';
import type { PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** What is, or may still be, realised on a host. */
export interface HostBindingRow {
  readonly id: string;
  readonly project_id: string;
  readonly port_id: string;
  readonly network_id: string;
  readonly vnic_id: string;
  readonly generation: number;
  readonly desired: 'present' | 'absent';
  readonly status: 'building' | 'active' | 'error';
  readonly status_reason: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

const strayReason =
  'The host says that it has this wired; it is not known here since the database was restored from a backup.';

/** So many ports are looked at in one transaction. */
const batchSize = 500;

/** One page, strays among the rest. Served by bindings_host and stray_wirings_host. */
export function selectHostBindings(
  connection: Knex,
  hostName: string,
  page: PageRequest,
): Promise<HostBindingRow[]> {
  return queryRows<HostBindingRow>(
    connection,
    `(select
        id, project_id, port_id, network_id, vnic_id, generation, desired, status, status_reason, created_at, updated_at
      from bindings
      where host_name = :hostName
      and superseded_by is null
      and (cast(:after as uuid) is null or id > :after)
      order by id
      limit :pageLimit)
     union all
     (select
        id, project_id, port_id, network_id, vnic_id, generation, 'absent', 'active', :strayReason, created_at, updated_at
      from stray_wirings
      where host_name = :hostName
      and (cast(:after as uuid) is null or id > :after)
      order by id
      limit :pageLimit)
     order by id
     limit :pageLimit`,
    { hostName, after: page.after ?? null, pageLimit: page.limit + 1, strayReason },
  );
}

/** Ports whose addresses may wait for a host's word. Served by bindings_host and stray_wirings_host. */
export async function selectPortsOfHost(connection: Knex, hostName: string): Promise<string[]> {
  const rows = await queryRows<{ port_id: string }>(
    connection,
    `select port_id from bindings where host_name = :hostName
     union
     select port_id from stray_wirings where host_name = :hostName`,
    { hostName },
  );
  return rows.map(({ port_id: portId }) => portId);
}

/** Some ports of which addresses wait and the host has bindings, in ascending order of id. */
export async function selectSomeWaitingPorts(
  connection: Knex,
  hostName: string,
  after: string | undefined,
): Promise<string[]> {
  const rows = await queryRows<{ port_id: string }>(
    connection,
    `select distinct port_id
     from bindings
     where host_name = :hostName
     and (cast(:after as uuid) is null or port_id > :after)
     and exists (
       select
       from resting_addresses
       where resting_addresses.port_id = bindings.port_id
       and rest_until is null
     )
     order by port_id
     limit :batchSize`,
    { hostName, after: after ?? null, batchSize },
  );
  return rows.map(({ port_id: portId }) => portId);
}

/** As on the wire. */
export function toHostBinding(row: HostBindingRow): HostBinding {
  return {
    id: row.id,
    projectId: row.project_id,
    portId: row.port_id,
    networkId: row.network_id,
    vnicId: row.vnic_id,
    generation: row.generation,
    desired: row.desired,
    status: row.status,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
