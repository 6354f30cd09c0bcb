import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** What is needed to decide about a plug. */
export interface AttachmentRow {
  readonly port_id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly vnic_id: string;
  readonly mac_address: string;
  readonly generation: number;
  readonly revision: number;
}

/** A plug that is being made. */
export type NewAttachment = Omit<AttachmentRow, 'revision'>;

/** A plug that was made just now. */
export interface MadeAttachment {
  readonly revision: number;
  readonly created_at: string;
}

/** A network card, and the network that it is to be plugged into. */
export interface Plugged {
  readonly projectId: string;
  readonly networkId: string;
  readonly vnicId: string;
  readonly macAddress: string;
}

/** Served by attachments_vnic. */
export async function findAttachmentOfVnic(
  connection: Knex,
  projectId: string,
  vnicId: string,
): Promise<AttachmentRow | undefined> {
  const rows: AttachmentRow[] = await connection<AttachmentRow>('attachments').where({
    project_id: projectId,
    vnic_id: vnicId,
  });
  return rows[0];
}

/** Plugs that stand in the way of others: of the same vNIC, or with the same MAC address in the network. By the two unique keys. */
export async function findConflicts(
  connection: Knex,
  plugs: readonly Plugged[],
): Promise<{ ofVnic: Map<string, AttachmentRow>; ofMac: Map<string, AttachmentRow> }> {
  if (plugs.length === 0) return { ofVnic: new Map(), ofMac: new Map() };
  const rows = await queryRows<AttachmentRow & { readonly is_vnic: boolean }>(
    connection,
    `select port_id, project_id, network_id, vnic_id, mac_address, generation, revision, true as is_vnic
     from unnest(cast(:projectIds as uuid[]), cast(:vnicIds as uuid[])) as wanted(project_id, vnic_id)
     join attachments using (project_id, vnic_id)
     union all
     select port_id, project_id, network_id, vnic_id, mac_address, generation, revision, false
     from unnest(cast(:networkIds as uuid[]), cast(:macs as macaddr[])) as wanted(network_id, mac_address)
     join attachments using (network_id, mac_address)`,
    {
      projectIds: plugs.map(({ projectId }) => projectId),
      vnicIds: plugs.map(({ vnicId }) => vnicId),
      networkIds: plugs.map(({ networkId }) => networkId),
      macs: plugs.map(({ macAddress }) => macAddress),
    },
  );
  return {
    ofVnic: new Map(
      rows.flatMap((row) => (row.is_vnic ? [[vnicKey(row.project_id, row.vnic_id), row]] : [])),
    ),
    ofMac: new Map(
      rows.flatMap((row) => (row.is_vnic ? [] : [[macKey(row.network_id, row.mac_address), row]])),
    ),
  };
}

/** A vNIC is known by its id and its project. */
export function vnicKey(projectId: string, vnicId: string): string {
  return `${projectId} ${vnicId}`;
}

/** A MAC address is one of its network. */
export function macKey(networkId: string, macAddress: string): string {
  return `${networkId} ${macAddress}`;
}

/**
 * Counts a plug of each vNIC, and gives the counts by `vnicKey`; from here on, until the transaction ends, nobody else plugs
 * them. Locks the rows in the order of their key, which each is in once.
 */
export async function countGenerations(
  trx: Knex,
  vnics: readonly { readonly projectId: string; readonly vnicId: string }[],
): Promise<Map<string, number>> {
  const rows = await queryRows<{ project_id: string; vnic_id: string; generation: number }>(
    trx,
    `insert into vnic_generations as known (project_id, vnic_id, generation)
     select project_id, vnic_id, 1
     from unnest(cast(:projectIds as uuid[]), cast(:vnicIds as uuid[])) as plugged(project_id, vnic_id)
     order by project_id, vnic_id
     on conflict (project_id, vnic_id) do update
       set generation = known.generation + 1
     returning project_id, vnic_id, generation`,
    { projectIds: vnics.map(({ projectId }) => projectId), vnicIds: vnics.map(({ vnicId }) => vnicId) },
  );
  return new Map(rows.map((row) => [vnicKey(row.project_id, row.vnic_id), row.generation]));
}

/**
 * Writes plugs, in an order in which nobody waits for another's MAC address in a circle; the constraints refuse what is plugged
 * already. Gives what was made, by port.
 */
export async function insertAttachments(
  trx: Knex,
  attachments: readonly NewAttachment[],
): Promise<Map<string, MadeAttachment>> {
  const rows = await queryRows<MadeAttachment & { readonly port_id: string }>(
    trx,
    `insert into attachments (port_id, project_id, network_id, vnic_id, mac_address, generation)
     select *
     from unnest(
       cast(:portIds as uuid[]),
       cast(:projectIds as uuid[]),
       cast(:networkIds as uuid[]),
       cast(:vnicIds as uuid[]),
       cast(:macs as macaddr[]),
       cast(:generations as bigint[])
     ) as plugs (port_id, project_id, network_id, vnic_id, mac_address, generation)
     order by network_id, mac_address
     returning port_id, revision, created_at`,
    {
      portIds: attachments.map((attachment) => attachment.port_id),
      projectIds: attachments.map((attachment) => attachment.project_id),
      networkIds: attachments.map((attachment) => attachment.network_id),
      vnicIds: attachments.map((attachment) => attachment.vnic_id),
      macs: attachments.map((attachment) => attachment.mac_address),
      generations: attachments.map(({ generation }) => generation),
    },
  );
  return new Map(rows.map((row) => [row.port_id, row]));
}

/** Notes that something about a plug has changed. */
export async function touchAttachment(trx: Knex, portId: string): Promise<void> {
  await trx('attachments')
    .where({ port_id: portId })
    .update({ revision: trx.raw('revision + 1'), updated_at: trx.raw('now()') });
}

/** Takes plugs out. */
export async function deleteAttachments(trx: Knex, portIds: readonly string[]): Promise<void> {
  await queryRows(trx, 'delete from attachments where port_id = any(cast(:portIds as uuid[]))', { portIds });
}

/**
 * Chooses and locks as many of the project's oldest ports of the network that are up and have nothing plugged in. Served by
 * ports_available.
 *
 * Passing over locked ports keeps many callers apart, but a locked port may yet turn out to be free (its plug may fail): who finds
 * nothing that way looks again and waits. Who has waited in vain has only seen the ports that there were before: it begins anew
 * unless, at one later moment, there is none. So nobody is sent away while there is a port. Nothing else may be locked by then, or
 * two that wait could wait for each other.
 */
export async function lockAvailablePorts(
  trx: Knex,
  {
    projectId,
    networkId,
    count,
  }: { readonly projectId: string; readonly networkId: string; readonly count: number },
): Promise<string[]> {
  const choose = (passOver: 'skip locked' | '') =>
    queryRows<{ id: string }>(
      trx,
      `select id
       from ports
       where network_id = :networkId
       and project_id = :projectId
       and status = 'available'
       and admin_state = 'up'
       order by id
       limit :count
       for update ${passOver}`,
      { networkId, projectId, count },
    );
  const isThereOne = () =>
    queryRows(
      trx,
      `select
       from ports
       where network_id = :networkId
       and project_id = :projectId
       and status = 'available'
       and admin_state = 'up'
       limit 1`,
      { networkId, projectId },
    );
  for (;;) {
    const free = await choose('skip locked');
    const chosen = free.length > 0 ? free : await choose('');
    if (chosen.length > 0 || (await isThereOne()).length === 0) return chosen.map(({ id }) => id);
  }
}
