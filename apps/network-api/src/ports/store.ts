import type { AdminState, AllowedAddressPair, FixedIp, Port, PortStatus } from '@patchpanel/contract-network';
import { queryWideRows } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { addressColumns, type PlacedAddress } from '../addresses/store.ts';
import { onlyRow, queryRows } from '../rows.ts';

/** What makes a port, apart from what is plugged into it. */
export interface PortContent {
  readonly id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly admin_state: AdminState;
  readonly fixed_ips: readonly FixedIp[];
  readonly port_security: 'on' | 'off';
  readonly allowed_address_pairs: readonly AllowedAddressPair[];
  readonly security_group_ids: readonly string[];
  readonly lease_seconds: number | null;
}

/** What is plugged into a port, and where that is realised. */
interface PluggedColumns {
  readonly vnic_id: string | null;
  readonly mac_address: string | null;
  readonly generation: number | null;
  readonly attachment_revision: number | null;
  readonly attachment_created_at: string | null;
  readonly attachment_updated_at: string | null;
  readonly host_name: string | null;
  readonly device_name: string | null;
  readonly bound_at: string | null;
}

/** A port with what is plugged in. */
export interface PortRow extends PortContent, PluggedColumns {
  readonly status: PortStatus;
  readonly status_reason: string | null;
  readonly lease_expires_at: string | null;
  readonly was_ever_bound: boolean;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly network_admin_state: AdminState;
}

/** All of a port that goes over the wire: what does not change by itself in one piece, as the database has put it together. */
export interface PortView extends Pick<
  PortRow,
  | 'id'
  | 'name'
  | 'admin_state'
  | 'status'
  | 'status_reason'
  | 'lease_expires_at'
  | 'revision'
  | 'created_at'
  | 'updated_at'
  | 'network_admin_state'
  | keyof PluggedColumns
> {
  readonly content: Omit<Port, 'status' | 'revision' | 'createdAt' | 'updatedAt'>;
}

const pluggedColumns = `
  attachments.vnic_id,
  attachments.mac_address,
  attachments.generation,
  attachments.revision as attachment_revision,
  attachments.created_at as attachment_created_at,
  attachments.updated_at as attachment_updated_at,
  bindings.host_name,
  bindings.device_name,
  bindings.created_at as bound_at`;

/** What a statement says to get ports as they are shown, behind `from ports`. */
export const portViewColumns = `
  ports.id,
  ports.name,
  ports.content,
  ports.admin_state,
  ports.status,
  ports.status_reason,
  ports.lease_expires_at,
  ports.revision,
  ports.created_at,
  ports.updated_at,
  networks.admin_state as network_admin_state,
  ${pluggedColumns}`;

/** What a statement says to get whole ports, behind `from ports`. Each part is found by its id: attachments_port, bindings_live. */
const portColumns = `
  ports.id,
  ports.project_id,
  ports.network_id,
  ports.name,
  ports.description,
  ports.tags,
  ports.admin_state,
  ports.fixed_ips,
  ports.port_security,
  ports.allowed_address_pairs,
  ports.security_group_ids,
  ports.lease_seconds,
  ports.lease_expires_at,
  ports.status,
  ports.status_reason,
  ports.was_ever_bound,
  ports.revision,
  ports.created_at,
  ports.updated_at,
  networks.admin_state as network_admin_state,
  ${pluggedColumns}`;

/** Which of these columns are moments. */
const portMoments = [
  'created_at',
  'updated_at',
  'lease_expires_at',
  'attachment_created_at',
  'attachment_updated_at',
  'bound_at',
] as const satisfies (keyof PortRow)[];

export const portJoins = `
  join networks on networks.id = ports.network_id
  left join attachments on attachments.port_id = ports.id
  left join bindings on bindings.port_id = ports.id and bindings.desired = 'present'`;

/** Ports by id, of whatever project: whether the caller may have them is for the look-up to say. Served by the primary key. */
export async function findPorts(connection: Knex, ids: readonly string[]): Promise<Map<string, PortRow>> {
  const rows = await queryWideRows<PortRow>(
    connection,
    `select ${portColumns}
     from unnest(cast(:ids as uuid[])) as wanted(id)
     join ports on ports.id = wanted.id
     ${portJoins}`,
    { ids: [...new Set(ids)] },
    portMoments,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The same, as they are shown. */
export async function findPortViews(
  connection: Knex,
  ids: readonly string[],
): Promise<Map<string, PortView>> {
  const rows = await queryRows<PortView>(
    connection,
    `select ${portViewColumns}
     from unnest(cast(:ids as uuid[])) as wanted(id)
     join ports on ports.id = wanted.id
     ${portJoins}`,
    { ids: [...new Set(ids)] },
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Locks those of the ports that are there in their projects, in ascending order of id, against everyone who changes them, their
 * attachments or their bindings.
 */
export async function lockPortsOf(
  trx: Knex,
  ports: readonly { readonly id: string; readonly projectId: string }[],
): Promise<void> {
  await queryRows(
    trx,
    `select
     from ports
     where (id, project_id) in (
       select *
       from unnest(cast(:ids as uuid[]), cast(:projectIds as uuid[]))
     )
     order by id
     for update`,
    { ids: ports.map(({ id }) => id), projectIds: ports.map(({ projectId }) => projectId) },
  );
}

/** Locks those of the ports that still exist, in ascending order of id. */
export async function lockPorts(trx: Knex, ids: readonly string[]): Promise<Set<string>> {
  const rows = await queryRows<{ id: string }>(
    trx,
    'select id from ports where id = any(cast(:ids as uuid[])) order by id for update',
    { ids },
  );
  return new Set(rows.map(({ id }) => id));
}

/** What the database has made of a new port. */
export type MadePort = Pick<PortView, 'content' | 'created_at' | 'lease_expires_at'>;

/** Writes new ports with their addresses, and gives what has been made of them. */
export async function insertPorts(
  trx: Knex,
  ports: readonly PortContent[],
  addresses: readonly PlacedAddress[],
): Promise<Map<string, MadePort>> {
  const rows = await queryRows<MadePort & { readonly id: string }>(
    trx,
    `with made as (
       insert into ports (
         id, project_id, network_id, name, description, tags, admin_state, fixed_ips, port_security,
         allowed_address_pairs, security_group_ids, lease_seconds, lease_expires_at
       )
       select
         id, project_id, network_id, name, description, cast(tags as text[]), admin_state, fixed_ips, port_security,
         allowed_address_pairs, security_group_ids, lease_seconds, now() + make_interval(secs => lease_seconds)
       from unnest(
         cast(:ids as uuid[]),
         cast(:projectIds as uuid[]),
         cast(:networkIds as uuid[]),
         cast(:names as text[]),
         cast(:descriptions as text[]),
         cast(:tags as text[]),
         cast(:adminStates as text[]),
         cast(:fixedIps as json[]),
         cast(:portSecurities as text[]),
         cast(:pairs as jsonb[]),
         cast(:groupIds as json[]),
         cast(:leases as integer[])
       ) as made(
         id, project_id, network_id, name, description, tags, admin_state, fixed_ips, port_security,
         allowed_address_pairs, security_group_ids, lease_seconds
       )
       returning id, content, created_at, lease_expires_at
     ), placed as (
       insert into port_addresses (subnet_id, address, port_id, position)
       select *
       from unnest(
         cast(:subnetIds as uuid[]),
         cast(:addresses as inet[]),
         cast(:portIds as uuid[]),
         cast(:positions as smallint[])
       )
     )
     select * from made`,
    {
      ids: ports.map(({ id }) => id),
      projectIds: ports.map((port) => port.project_id),
      networkIds: ports.map((port) => port.network_id),
      names: ports.map(({ name }) => name),
      descriptions: ports.map(({ description }) => description),
      tags: ports.map(({ tags }) => arrayText(tags)),
      adminStates: ports.map((port) => port.admin_state),
      fixedIps: ports.map((port) => JSON.stringify(port.fixed_ips)),
      portSecurities: ports.map((port) => port.port_security),
      pairs: ports.map((port) => JSON.stringify(port.allowed_address_pairs)),
      groupIds: ports.map((port) => JSON.stringify(port.security_group_ids)),
      leases: ports.map((port) => port.lease_seconds),
      ...addressColumns(addresses),
    },
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** An array as PostgreSQL writes it, for a column of arrays: an array of arrays would have to be a rectangle. */
export function arrayText(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}

/** Removes ports; the constraints refuse while something is plugged in. */
export async function deletePortRows(trx: Knex, ids: readonly string[]): Promise<void> {
  await queryRows(trx, 'delete from ports where id = any(cast(:ids as uuid[]))', { ids });
}

/**
 * Writes what has become of a locked port's content. One whose wiring has changed has to be proven anew; a lease that is renewed
 * begins at this moment, unless the port is bound to a host.
 */
export async function rewritePort(
  trx: Knex,
  port: PortContent,
  { isRewired, renewsLease }: { readonly isRewired: boolean; readonly renewsLease: boolean },
): Promise<ChangedPort> {
  const rows = await queryRows<ChangedPort>(
    trx,
    `update ports
     set
       name = :name,
       description = :description,
       tags = cast(:tags as text[]),
       admin_state = :adminState,
       fixed_ips = :fixedIps,
       port_security = :portSecurity,
       allowed_address_pairs = :pairs,
       security_group_ids = :groupIds,
       status = case when cast(:isRewired as boolean) and status = 'active' then 'building' else status end,
       lease_seconds = cast(:leaseSeconds as integer),
       lease_expires_at = case
         when not cast(:renewsLease as boolean) then lease_expires_at
         when not exists (select from bindings where port_id = ports.id and desired = 'present')
           then now() + make_interval(secs => cast(:leaseSeconds as integer))
       end,
       lease_warned_at = case when cast(:renewsLease as boolean) then null else lease_warned_at end,
       revision = revision + 1,
       updated_at = now()
     where id = :id
     returning id, project_id, revision`,
    {
      id: port.id,
      name: port.name,
      description: port.description,
      tags: arrayText(port.tags),
      adminState: port.admin_state,
      fixedIps: JSON.stringify(port.fixed_ips),
      portSecurity: port.port_security,
      pairs: JSON.stringify(port.allowed_address_pairs),
      groupIds: JSON.stringify(port.security_group_ids),
      leaseSeconds: port.lease_seconds,
      isRewired,
      renewsLease,
    },
  );
  return onlyRow(rows);
}

/** What becomes of a port, beside its revision and time, which always move on. */
export interface PortChange {
  readonly status: PortStatus;
  readonly status_reason?: string | null;
  readonly was_ever_bound?: boolean;
}

/** A port as it is after a change. */
export type ChangedPort = Pick<PortRow, 'id' | 'project_id' | 'revision'>;

/** Changes a locked port and gives its new revision. */
export async function updatePort(trx: Knex, id: string, change: PortChange): Promise<ChangedPort> {
  const rows: ChangedPort[] = await trx('ports')
    .where({ id })
    .update({
      status_reason: null,
      ...change,
      revision: trx.raw('revision + 1'),
      updated_at: trx.raw('now()'),
    })
    .returning(['id', 'project_id', 'revision']);
  return onlyRow(rows);
}

/** Gives locked ports a status. Of one that is no longer bound to a host the lease begins anew. */
export async function setPortStatus(
  trx: Knex,
  ids: readonly string[],
  status: PortStatus,
): Promise<ChangedPort[]> {
  return queryRows<ChangedPort>(
    trx,
    `update ports
     set
       status = :status,
       status_reason = null,
       lease_expires_at = coalesce(lease_expires_at, now() + make_interval(secs => lease_seconds)),
       revision = revision + 1,
       updated_at = now()
     where id = any(cast(:ids as uuid[]))
     returning id, project_id, revision`,
    { ids, status },
  );
}
