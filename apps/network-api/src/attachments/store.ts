import type { Knex } from 'knex';
import { onlyRow, queryRows } from '../rows.ts';

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

/** Served by attachments_mac_address. */
export async function findAttachmentOfMac(
  connection: Knex,
  networkId: string,
  macAddress: string,
): Promise<AttachmentRow | undefined> {
  const rows: AttachmentRow[] = await connection<AttachmentRow>('attachments').where({
    network_id: networkId,
    mac_address: macAddress,
  });
  return rows[0];
}

/** Counts a plug of the vNIC; from here on, until the transaction ends, nobody else plugs it. */
export async function nextGeneration(trx: Knex, projectId: string, vnicId: string): Promise<number> {
  const rows = await queryRows<{ generation: number }>(
    trx,
    `insert into vnic_generations as known (project_id, vnic_id, generation)
     values (:projectId, :vnicId, 1)
     on conflict (project_id, vnic_id) do update
       set generation = known.generation + 1
     returning generation`,
    { projectId, vnicId },
  );
  return onlyRow(rows).generation;
}

/** Writes a plug, unless one of the uniqueness constraints stands against it: then it says so and changes nothing. */
export async function insertAttachment(trx: Knex, attachment: NewAttachment): Promise<boolean> {
  const rows: unknown[] = await trx('attachments')
    .insert(attachment)
    .onConflict()
    .ignore()
    .returning('port_id');
  return rows.length > 0;
}

/** Notes that something about a plug has changed. */
export async function touchAttachment(trx: Knex, portId: string): Promise<void> {
  await trx('attachments')
    .where({ port_id: portId })
    .update({ revision: trx.raw('revision + 1'), updated_at: trx.raw('now()') });
}

/** Takes a plug out. */
export async function deleteAttachment(trx: Knex, portId: string): Promise<void> {
  await trx('attachments').where({ port_id: portId }).delete();
}

/**
 * Chooses and locks the project's oldest port of the network that is up and has nothing plugged in. Served by
 * ports_available.
 *
 * Passing over locked ports keeps many callers apart, but a locked port may yet turn out to be free (its plug may fail): a
 * caller who finds nothing that way looks again and waits, so nobody is sent away while there is a port.
 */
export async function lockAvailablePort(
  trx: Knex,
  projectId: string,
  networkId: string,
): Promise<string | undefined> {
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
       limit 1
       for update ${passOver}`,
      { networkId, projectId },
    );
  const [free] = await choose('skip locked');
  if (free) return free.id;
  const [waited] = await choose('');
  return waited?.id;
}
