import { selectPage, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { onlyRow, queryRows } from '../rows.ts';

/**
 * Where an attachment is, or may still be, realised. `absent` is to be taken down and confirmed. A row that is superseded
 * belongs to a wiring which the same host has replaced by that of a newer generation: the host sees only the newer row, and
 * confirms both with it.
 */
export interface BindingRow {
  readonly id: string;
  readonly project_id: string;
  readonly vnic_id: string;
  readonly port_id: string;
  readonly network_id: string;
  readonly host_name: string;
  readonly generation: number;
  readonly placement: number;
  readonly desired: 'present' | 'absent';
  readonly status: 'building' | 'active' | 'error';
  readonly status_reason: string | null;
  readonly is_proven: boolean;
  readonly device_name: string | null;
  readonly superseded_by: string | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A binding that is being made. */
export type NewBinding = Pick<
  BindingRow,
  'id' | 'project_id' | 'vnic_id' | 'port_id' | 'network_id' | 'host_name' | 'generation' | 'placement'
>;

/** A binding of a host, superseded ones included. Served by the primary key. */
export async function findBinding(
  connection: Knex,
  hostName: string,
  id: string,
): Promise<BindingRow | undefined> {
  const rows: BindingRow[] = await connection<BindingRow>('bindings').where({ id, host_name: hostName });
  return rows[0];
}

/** The same, locked: after the ports that it concerns. */
export async function lockBinding(trx: Knex, hostName: string, id: string): Promise<BindingRow | undefined> {
  const rows: BindingRow[] = await trx<BindingRow>('bindings').where({ id, host_name: hostName }).forUpdate();
  return rows[0];
}

/** The binding that realises a port's attachment now, on whatever host. Served by bindings_live. */
export async function findLiveBinding(connection: Knex, portId: string): Promise<BindingRow | undefined> {
  const rows: BindingRow[] = await connection<BindingRow>('bindings').where({
    port_id: portId,
    desired: 'present',
  });
  return rows[0];
}

/**
 * Takes note of the placement that a claim comes with and gives the highest one known of the vNIC then: the claim is out of
 * date when that is higher than its own. By primary key; locks the row, so that of several claims the later sees the earlier.
 */
export async function notePlacement(
  trx: Knex,
  projectId: string,
  vnicId: string,
  placement: number,
): Promise<number> {
  const rows = await queryRows<{ placement: number }>(
    trx,
    `update vnic_generations
     set placement = greatest(placement, :placement)
     where project_id = :projectId
     and vnic_id = :vnicId
     returning placement`,
    { projectId, vnicId, placement },
  );
  return onlyRow(rows).placement;
}

/** What a host has, or last had, of a vNIC, locked. Served by bindings_vnic_on_host. */
export async function lockBindingOfVnic(
  trx: Knex,
  projectId: string,
  vnicId: string,
  hostName: string,
): Promise<BindingRow | undefined> {
  const rows: BindingRow[] = await trx<BindingRow>('bindings')
    .where({ project_id: projectId, vnic_id: vnicId, host_name: hostName })
    .whereNull('superseded_by')
    .forUpdate();
  return rows[0];
}

/** The rows that a binding has superseded. Served by bindings_superseded. */
export async function selectSuperseded(connection: Knex, id: string): Promise<BindingRow[]> {
  return connection<BindingRow>('bindings').where({ superseded_by: id }).orderBy('id');
}

/** One page of a host's bindings. Served by bindings_host. */
export async function selectBindings(
  connection: Knex,
  hostName: string,
  page: PageRequest,
): Promise<BindingRow[]> {
  return selectPage(
    connection<BindingRow>('bindings').where({ host_name: hostName }).whereNull('superseded_by'),
    page,
  );
}

/** Writes a new binding. */
export async function insertBinding(trx: Knex, binding: NewBinding): Promise<BindingRow> {
  const rows: BindingRow[] = await trx('bindings').insert(binding).returning('*');
  return onlyRow(rows);
}

/** Changes a binding, whose port or row is locked. */
export async function updateBinding(
  trx: Knex,
  id: string,
  change: Partial<
    Pick<
      BindingRow,
      'placement' | 'desired' | 'status' | 'status_reason' | 'is_proven' | 'device_name' | 'superseded_by'
    >
  >,
): Promise<BindingRow> {
  const rows: BindingRow[] = await trx('bindings')
    .where({ id })
    .update({ ...change, revision: trx.raw('revision + 1'), updated_at: trx.raw('now()') })
    .returning('*');
  return onlyRow(rows);
}

/** Hands what a binding had superseded on to the one that supersedes it. */
export async function inheritSuperseded(trx: Knex, from: string, to: string): Promise<void> {
  await trx('bindings').where({ superseded_by: from }).update({ superseded_by: to });
}

/** Removes bindings. */
export async function deleteBindings(trx: Knex, ids: readonly string[]): Promise<void> {
  await trx('bindings')
    .whereIn('id', [...ids])
    .delete();
}
