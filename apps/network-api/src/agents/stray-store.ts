import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** What a host says that it has wired, and what the database does not account for. */
export interface StrayRow {
  readonly id: string;
  readonly host_name: string;
  readonly project_id: string;
  readonly vnic_id: string;
  readonly port_id: string;
  readonly network_id: string;
  readonly generation: number;
  readonly ip_addresses: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

/**
 * What another host has wired that must not be wired twice: a plug of the same vNIC that is no older, or an address of the port.
 * Served by stray_wirings_vnic_anywhere and stray_wirings_network; there is rarely a row at all.
 */
export async function findStrayInTheWay(
  connection: Knex,
  hostName: string,
  plug: {
    readonly project_id: string;
    readonly vnic_id: string;
    readonly port_id: string;
    readonly network_id: string;
    readonly generation: number;
  },
): Promise<Pick<StrayRow, 'host_name' | 'vnic_id'> | undefined> {
  const rows = await queryRows<Pick<StrayRow, 'host_name' | 'vnic_id'>>(
    connection,
    `(select host_name, vnic_id
      from stray_wirings
      where project_id = :projectId
      and vnic_id = :vnicId
      and host_name <> :hostName
      and generation >= :generation
      limit 1)
     union all
     (select host_name, vnic_id
      from stray_wirings
      where network_id = :networkId
      and (project_id, vnic_id) <> (cast(:projectId as uuid), cast(:vnicId as uuid))
      and exists (
        select
        from port_addresses
        where port_addresses.port_id = :portId
        and port_addresses.address = any(stray_wirings.ip_addresses)
      )
      limit 1)
     limit 1`,
    {
      projectId: plug.project_id,
      vnicId: plug.vnic_id,
      portId: plug.port_id,
      networkId: plug.network_id,
      generation: plug.generation,
      hostName,
    },
  );
  return rows[0];
}

/** A wiring as a host has reported it, in the words of the database. */
export interface SaidWiring {
  readonly project_id: string;
  readonly vnic_id: string;
  readonly port_id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly epoch: number;
  readonly generation: number;
  readonly placement: number;
  readonly ip_addresses: readonly string[];
}

/** What a statement says to have reported wirings as rows. */
const saidRows = `
  jsonb_to_recordset(cast(:said as jsonb)) as said(
    project_id uuid, vnic_id uuid, port_id uuid, network_id uuid, mac_address macaddr, epoch integer, generation bigint,
    placement bigint, ip_addresses inet[]
  )`;

const asJson = (said: readonly SaidWiring[]) =>
  JSON.stringify(said.map((wiring) => ({ ...wiring, ip_addresses: `{${wiring.ip_addresses.join(',')}}` })));

/**
 * Which of the wirings the database does not account for: the host has no binding of this vNIC to this port that is at least as
 * new, or the port has no longer, or not yet, one of the addresses. By primary keys and bindings_vnic_on_host.
 */
export async function selectUnaccounted(
  connection: Knex,
  hostName: string,
  said: readonly SaidWiring[],
): Promise<Set<string>> {
  if (said.length === 0) return new Set();
  const rows = await queryRows<{ project_id: string; vnic_id: string }>(
    connection,
    `select said.project_id, said.vnic_id
     from ${saidRows}
     where not exists (
       select
       from bindings
       where bindings.project_id = said.project_id
       and bindings.vnic_id = said.vnic_id
       and bindings.host_name = :hostName
       and bindings.port_id = said.port_id
       and bindings.generation >= said.generation
     )
     or exists (
       select
       from unnest(said.ip_addresses) as wired(address)
       where not exists (
         select
         from port_addresses
         where port_addresses.port_id = said.port_id
         and port_addresses.address = wired.address
       )
       and not exists (
         select
         from subnets
         join resting_addresses on resting_addresses.subnet_id = subnets.id
         where subnets.network_id = said.network_id
         and resting_addresses.address = wired.address
         and resting_addresses.port_id = said.port_id
         and resting_addresses.rest_until is null
         and exists (
           select
           from bindings
           where bindings.port_id = said.port_id
           and bindings.host_name = :hostName
         )
       )
     )`,
    { hostName, said: asJson(said) },
  );
  return new Set(rows.map(keyOfVnic));
}

/** A vNIC as text, for maps. */
export function keyOfVnic(row: { readonly project_id: string; readonly vnic_id: string }): string {
  return `${row.project_id} ${row.vnic_id}`;
}

/** Writes strays of a host; what was said of the same vNICs before is replaced, and given. Served by stray_wirings_vnic. */
export async function writeStrays(
  trx: Knex,
  hostName: string,
  strays: readonly (SaidWiring & { readonly id: string })[],
): Promise<void> {
  if (strays.length === 0) return;
  await queryRows(
    trx,
    `insert into stray_wirings (
       id, host_name, project_id, vnic_id, port_id, network_id, mac_address, epoch, generation, placement, ip_addresses,
       updated_at
     )
     select
       made.id, :hostName, project_id, vnic_id, port_id, network_id, mac_address, epoch, generation, placement,
       ip_addresses, clock_timestamp()
     from ${saidRows}
     join unnest(cast(:ids as uuid[]), cast(:projectIds as uuid[]), cast(:vnicIds as uuid[])) as made(id, project, vnic)
       on made.project = said.project_id and made.vnic = said.vnic_id
     order by project_id, vnic_id
     on conflict (host_name, project_id, vnic_id) do update
       set
         port_id = excluded.port_id,
         network_id = excluded.network_id,
         mac_address = excluded.mac_address,
         epoch = excluded.epoch,
         generation = excluded.generation,
         placement = excluded.placement,
         ip_addresses = excluded.ip_addresses,
         updated_at = clock_timestamp()`,
    {
      hostName,
      said: asJson(strays),
      ids: strays.map(({ id }) => id),
      projectIds: strays.map((stray) => stray.project_id),
      vnicIds: strays.map((stray) => stray.vnic_id),
    },
  );
}

/** Strays of a host that were not said again since a moment, or of these vNICs: which ports and addresses they concern. */
export function selectEndedStrays(
  connection: Knex,
  hostName: string,
  vnics: readonly { readonly project_id: string; readonly vnic_id: string }[],
  isComplete: boolean,
): Promise<StrayRow[]> {
  return queryRows<StrayRow>(
    connection,
    `select *
     from stray_wirings
     where host_name = :hostName
     and (
       (project_id, vnic_id) in (select * from unnest(cast(:projectIds as uuid[]), cast(:vnicIds as uuid[])))
       or (
         cast(:isComplete as boolean)
         and updated_at < (select holdings_begun_at from agents where agents.host_name = :hostName)
       )
     )`,
    {
      hostName,
      isComplete,
      projectIds: vnics.map((vnic) => vnic.project_id),
      vnicIds: vnics.map((vnic) => vnic.vnic_id),
    },
  );
}

/** All strays of a host. Served by stray_wirings_host. */
export function selectStrays(connection: Knex, hostName: string): Promise<StrayRow[]> {
  return queryRows<StrayRow>(connection, 'select * from stray_wirings where host_name = :hostName', {
    hostName,
  });
}

/** All strays of hosts in a network. Served by stray_wirings_network. */
export function selectStraysIn(connection: Knex, networkId: string): Promise<StrayRow[]> {
  return queryRows<StrayRow>(connection, 'select * from stray_wirings where network_id = :networkId', {
    networkId,
  });
}

/** Removes strays. */
export async function deleteStrays(trx: Knex, ids: readonly string[]): Promise<void> {
  await queryRows(trx, 'delete from stray_wirings where id = any(cast(:ids as uuid[]))', { ids });
}

/** Raises what is known of vNICs to what a host has seen, in one order for all hosts. */
export async function raiseToSeen(trx: Knex, said: readonly SaidWiring[]): Promise<void> {
  if (said.length === 0) return;
  await queryRows(
    trx,
    `insert into vnic_generations as known (project_id, vnic_id, generation, placement)
     select project_id, vnic_id, max(generation), max(placement)
     from ${saidRows}
     group by project_id, vnic_id
     order by project_id, vnic_id
     on conflict (project_id, vnic_id) do update
       set
         generation = greatest(known.generation, excluded.generation),
         placement = greatest(known.placement, excluded.placement)`,
    { said: asJson(said) },
  );
}

/**
 * Plugs that were made after the recovery of the database began, and whose generations are all the same no higher than what a host
 * has seen of an earlier epoch: the host could not tell that they are newer.
 */
export async function selectOvertaken(
  connection: Knex,
  said: readonly SaidWiring[],
): Promise<{ readonly port_id: string; readonly project_id: string; readonly vnic_id: string }[]> {
  if (said.length === 0) return [];
  return queryRows(
    connection,
    `select attachments.port_id, attachments.project_id, attachments.vnic_id
     from ${saidRows}
     join attachments on attachments.project_id = said.project_id and attachments.vnic_id = said.vnic_id
     cross join database_identity
     join recoveries on recoveries.epoch = database_identity.epoch
     where said.epoch < database_identity.epoch
     and attachments.created_at >= recoveries.began_at
     and attachments.generation <= said.generation
     order by attachments.port_id`,
    { said: asJson(said) },
  );
}
