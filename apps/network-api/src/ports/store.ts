import type {
  AdminState,
  AllowedAddressPair,
  Attachment,
  FixedIp,
  Port,
  PortStatus,
} from '@patchpanel/contract-network';
import type { PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { formatIp, storedIp } from '../addresses/ip.ts';
import { onlyRow, queryRows } from '../rows.ts';

/** A port with its addresses and what is plugged in. */
export interface PortRow {
  readonly id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly port_security: 'on' | 'off';
  readonly allowed_address_pairs: readonly AllowedAddressPair[];
  readonly security_group_ids: readonly string[];
  readonly lease_seconds: number | null;
  readonly lease_expires_at: string | null;
  readonly admin_state: AdminState;
  readonly status: PortStatus;
  readonly status_reason: string | null;
  readonly was_ever_bound: boolean;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly address: string }[] | null;
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

/** A port that is being made. */
export interface NewPort {
  readonly id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly name: string;
  readonly admin_state: AdminState;
}

export interface PortFilters {
  readonly projectId: string;
  readonly networkId?: string;
  readonly vnicId?: string;
  readonly status?: PortStatus;
}

/** Each part is found by the port's id: attachments_port, bindings_live, port_addresses_position. */
const selectWholePorts = `
  select
    ports.*,
    attachments.vnic_id,
    attachments.mac_address,
    attachments.generation,
    attachments.revision as attachment_revision,
    attachments.created_at as attachment_created_at,
    attachments.updated_at as attachment_updated_at,
    bindings.host_name,
    bindings.device_name,
    bindings.created_at as bound_at,
    (
      select json_agg(json_build_object('subnet_id', subnet_id, 'address', host(address)) order by position)
      from port_addresses
      where port_id = ports.id
    ) as fixed_ips,
    array(
      select security_group_id
      from port_security_groups
      where port_id = ports.id
      order by security_group_id
    ) as security_group_ids
  from ports
  left join attachments on attachments.port_id = ports.id
  left join bindings on bindings.port_id = ports.id and bindings.desired = 'present'`;

/** Served by the primary key. */
export async function findPort(
  connection: Knex,
  projectId: string,
  id: string,
): Promise<PortRow | undefined> {
  const rows = await queryRows<PortRow>(
    connection,
    `${selectWholePorts}
     where ports.id = :id
     and ports.project_id = :projectId`,
    { id, projectId },
  );
  return rows[0];
}

/**
 * Locks a port against everyone who changes it, its attachment or its bindings; false when there is none in the project.
 * When several are locked, in ascending order of id.
 */
export async function lockPort(trx: Knex, projectId: string, id: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    'select id from ports where id = :id and project_id = :projectId for update',
    { id, projectId },
  );
  return rows.length > 0;
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

/**
 * One page of a project's ports. Served by attachments_vnic for a vNIC, by ports_network for a network, by ports_status
 * for a status, else by ports_project: each in the order of the page.
 */
export async function selectPorts(
  connection: Knex,
  { projectId, networkId, vnicId, status }: PortFilters,
  page: PageRequest,
): Promise<PortRow[]> {
  const conditions = [
    'ports.project_id = :projectId',
    ...(networkId === undefined ? [] : ['ports.network_id = :networkId']),
    ...(vnicId === undefined ? [] : ['attachments.project_id = :projectId', 'attachments.vnic_id = :vnicId']),
    ...(status === undefined ? [] : ['ports.status = :status']),
    ...(page.after === undefined ? [] : ['ports.id > :after']),
  ];
  return queryRows<PortRow>(
    connection,
    `${selectWholePorts}
     where ${conditions.join('\n     and ')}
     order by ports.id
     limit :rowCount`,
    {
      projectId,
      ...(networkId === undefined ? {} : { networkId }),
      ...(vnicId === undefined ? {} : { vnicId }),
      ...(status === undefined ? {} : { status }),
      ...(page.after === undefined ? {} : { after: page.after }),
      rowCount: page.limit + 1,
    },
  );
}

/** Writes new ports, and gives the moment that they share. */
export async function insertPorts(trx: Knex, ports: readonly NewPort[]): Promise<string> {
  const rows = await queryRows<{ created_at: string }>(
    trx,
    `with made as (
       insert into ports (id, project_id, network_id, name, admin_state)
       select *
       from unnest(
         cast(:ids as uuid[]),
         cast(:projectIds as uuid[]),
         cast(:networkIds as uuid[]),
         cast(:names as text[]),
         cast(:adminStates as text[])
       )
       returning created_at
     )
     select max(created_at) as created_at from made`,
    {
      ids: ports.map(({ id }) => id),
      projectIds: ports.map(({ project_id: projectId }) => projectId),
      networkIds: ports.map(({ network_id: networkId }) => networkId),
      names: ports.map(({ name }) => name),
      adminStates: ports.map(({ admin_state: adminState }) => adminState),
    },
  );
  return onlyRow(rows).created_at;
}

/** Removes a port; the constraints refuse while something is plugged in. */
export async function deletePortRow(trx: Knex, id: string): Promise<void> {
  await trx('ports').where({ id }).delete();
}

/** What becomes of a port, beside its revision and time, which always move on. */
export interface PortChange {
  readonly status: PortStatus;
  readonly status_reason?: string | null;
  readonly was_ever_bound?: boolean;
}

/** Changes a locked port and gives its new revision. */
export async function updatePort(
  trx: Knex,
  id: string,
  change: PortChange,
): Promise<{ readonly id: string; readonly project_id: string; readonly revision: number }> {
  const rows: { id: string; project_id: string; revision: number }[] = await trx('ports')
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

/** As on the wire. */
export function toPort(row: PortRow): Port {
  const attachment = toAttachment(row);
  return {
    id: row.id,
    projectId: row.project_id,
    networkId: row.network_id,
    name: row.name,
    description: row.description,
    tags: [...row.tags],
    adminState: row.admin_state,
    status: row.status,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
    fixedIps: (row.fixed_ips ?? []).map(toFixedIp),
    portSecurity: row.port_security,
    allowedAddressPairs: [...row.allowed_address_pairs],
    securityGroupIds: [...row.security_group_ids],
    ...(row.lease_seconds === null ? {} : { leaseSeconds: row.lease_seconds }),
    ...(row.lease_expires_at === null ? {} : { leaseExpiresAt: row.lease_expires_at }),
    ...(attachment ? { attachment } : {}),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What is plugged into a port, as on the wire. */
export function toAttachment(row: PortRow): Attachment | undefined {
  if (
    row.vnic_id === null ||
    row.mac_address === null ||
    row.generation === null ||
    row.attachment_revision === null ||
    row.attachment_created_at === null ||
    row.attachment_updated_at === null ||
    row.status === 'available'
  ) {
    return undefined;
  }
  return {
    portId: row.id,
    networkId: row.network_id,
    projectId: row.project_id,
    vnicId: row.vnic_id,
    macAddress: row.mac_address,
    generation: row.generation,
    status: row.status,
    ...(row.host_name === null || row.bound_at === null
      ? {}
      : {
          binding: {
            hostName: row.host_name,
            ...(row.device_name === null ? {} : { deviceName: row.device_name }),
            boundAt: row.bound_at,
          },
        }),
    revision: row.attachment_revision,
    createdAt: row.attachment_created_at,
    updatedAt: row.attachment_updated_at,
  };
}

function toFixedIp({ subnet_id: subnetId, address }: { subnet_id: string; address: string }): FixedIp {
  const { version, value } = storedIp(address);
  return { subnetId, ipAddress: formatIp(version, value) };
}
