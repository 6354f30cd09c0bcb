import type { Knex } from 'knex';
import { selectPage, type PageRequest } from '@patchpanel/service-kit';

export interface VnicRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly mac_address: string;
  readonly network_data: string | null;
  readonly instance_id: string | null;
  readonly slot: number | null;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export type NewVnic = Pick<VnicRow, 'id' | 'project_id' | 'name' | 'mac_address' | 'network_data'>;

/** Throws a violation of `vnics_mac_address_unique` when the address is in use. */
export async function insertVnic(trx: Knex.Transaction, vnic: NewVnic): Promise<VnicRow> {
  const [row] = await trx<VnicRow>('vnics').insert(vnic).returning('*');
  if (!row) throw new Error('the vNIC was not inserted');
  return row;
}

/** Inserts the vNIC unless its MAC address is in use; undefined then. */
export async function insertVnicIfAddressIsFree(
  trx: Knex.Transaction,
  vnic: NewVnic,
): Promise<VnicRow | undefined> {
  const [row] = await trx<VnicRow>('vnics').insert(vnic).onConflict('mac_address').ignore().returning('*');
  return row;
}

/** By primary key; locks nothing. */
export async function selectVnic(
  connection: Knex,
  projectId: string,
  id: string,
): Promise<VnicRow | undefined> {
  return connection<VnicRow>('vnics').where({ id, project_id: projectId }).first();
}

/** By primary key; locks the row until the transaction ends. An instance's row, where needed, is locked before. */
export async function lockVnic(trx: Knex, projectId: string, id: string): Promise<VnicRow | undefined> {
  return trx<VnicRow>('vnics').where({ id, project_id: projectId }).forUpdate().first();
}

/** Locks those of the ids that the project has, in the order of their ids, so that two takers never wait for each other. */
export async function lockVnics(
  trx: Knex.Transaction,
  projectId: string,
  ids: readonly string[],
): Promise<VnicRow[]> {
  if (ids.length === 0) return [];
  return trx<VnicRow>('vnics')
    .whereIn('id', [...ids])
    .where('project_id', projectId)
    .orderBy('id')
    .forUpdate();
}

/** Served by vnics_project, or by vnics_slot_unique when an instance is named. */
export async function selectVnics(
  connection: Knex,
  filter: { projectId: string; instanceId: string | undefined },
  page: PageRequest,
): Promise<VnicRow[]> {
  const query = connection<VnicRow>('vnics').where('project_id', filter.projectId);
  if (filter.instanceId !== undefined) query.where('instance_id', filter.instanceId);
  return selectPage(query, page);
}

/** The vNICs of some instances, each in order. Served by vnics_slot_unique. */
export async function selectVnicsOfInstances(
  connection: Knex,
  instanceIds: readonly string[],
): Promise<VnicRow[]> {
  if (instanceIds.length === 0) return [];
  return connection<VnicRow>('vnics')
    .whereIn('instance_id', [...instanceIds])
    .orderBy(['instance_id', 'slot']);
}

export async function updateVnicFields(
  trx: Knex.Transaction,
  id: string,
  fields: Pick<VnicRow, 'name' | 'network_data'>,
): Promise<VnicRow> {
  const [row] = await trx<VnicRow>('vnics')
    .where({ id })
    .update({ ...fields, revision: trx.raw('revision + 1'), updated_at: trx.fn.now() })
    .returning('*');
  if (!row) throw new Error(`vNIC ${id} vanished under its lock`);
  return row;
}

/** Puts locked, free vNICs into an instance, in the order given. */
export async function putVnicsIntoInstance(
  trx: Knex.Transaction,
  instanceId: string,
  ids: readonly string[],
): Promise<VnicRow[]> {
  if (ids.length === 0) return [];
  const { rows }: { rows: VnicRow[] } = await trx.raw(
    `update vnics
     set instance_id = :instanceId, slot = list.slot - 1, revision = revision + 1, updated_at = now()
     from unnest(cast(:ids as uuid[])) with ordinality as list (id, slot)
     where vnics.id = list.id
     returning vnics.*`,
    { instanceId, ids: [...ids] },
  );
  return rows;
}

/** Takes all vNICs out of an instance whose row is locked. Served by vnics_slot_unique. */
export async function freeVnicsOfInstance(trx: Knex.Transaction, instanceId: string): Promise<VnicRow[]> {
  // Locked in the order of their ids, as takers do.
  await trx('vnics').select('id').where('instance_id', instanceId).orderBy('id').forUpdate();
  return trx<VnicRow>('vnics')
    .where('instance_id', instanceId)
    .update({ instance_id: null, slot: null, revision: trx.raw('revision + 1'), updated_at: trx.fn.now() })
    .returning('*');
}

export async function deleteVnicRow(trx: Knex.Transaction, id: string): Promise<void> {
  await trx('vnics').where({ id }).delete();
}
