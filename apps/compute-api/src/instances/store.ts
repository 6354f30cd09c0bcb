import type { Knex } from 'knex';
import type { InstanceStatus, PowerState } from '@patchpanel/contract-compute';
import type { InstanceReportStatusEnum } from '@patchpanel/contract-compute-southbound';
import { selectPage, type PageRequest } from '@patchpanel/service-kit';

export interface InstanceRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly power_state: PowerState;
  readonly is_deleting: boolean;
  readonly status: InstanceStatus;
  readonly status_reason: string | null;
  readonly host_name: string | null;
  readonly placement: number;
  readonly assignment_revision: number;
  readonly generation: number;
  readonly reported_status: InstanceReportStatusEnum | null;
  readonly observed_revision: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An instance with the ids of its vNICs in order, as of one moment. */
export type InstanceRowWithVnics = InstanceRow & { readonly vnic_ids: readonly string[] };

/** What of a row a change may set; the rest is set by the change itself. */
export type InstanceChange = Partial<
  Pick<
    InstanceRow,
    | 'power_state'
    | 'is_deleting'
    | 'status'
    | 'status_reason'
    | 'host_name'
    | 'placement'
    | 'assignment_revision'
    | 'generation'
    | 'reported_status'
    | 'observed_revision'
    | 'revision'
  >
>;

/**
 * A placement number that is higher than every one before, whichever instance had it, also when the database has been
 * restored since and its epoch raised. Called under the locks of the instance's vNICs or later, so the numbers that a vNIC
 * is presented with rise.
 */
export async function nextPlacement(trx: Knex.Transaction): Promise<number> {
  const { rows }: { rows: { placement: number }[] } = await trx.raw(
    `select (epoch - 1) * 4294967296 + nextval('instance_placements') as placement
     from database_identity`,
  );
  const [row] = rows;
  if (!row) throw new Error('the database has no identity: its migrations have not run');
  return row.placement;
}

export async function insertInstance(
  trx: Knex.Transaction,
  instance: Pick<InstanceRow, 'id' | 'project_id' | 'name' | 'power_state'> & InstanceChange,
): Promise<InstanceRow> {
  const [row] = await trx<InstanceRow>('instances').insert(instance).returning('*');
  if (!row) throw new Error('the instance was not inserted');
  return row;
}

/** By primary key; locks nothing. */
export async function selectInstance(
  connection: Knex,
  projectId: string,
  id: string,
): Promise<InstanceRowWithVnics | undefined> {
  return withVnicIds(connection).where({ id, project_id: projectId }).first();
}

/** By primary key; locks the row until the transaction ends, and by that keeps its vNICs as they are. */
export async function lockInstanceOfProject(
  trx: Knex,
  projectId: string,
  id: string,
): Promise<InstanceRowWithVnics | undefined> {
  const row = await trx('instances').select('id').where({ id, project_id: projectId }).forUpdate().first();
  return row && selectInstance(trx, projectId, id);
}

/** By primary key; locks the row until the transaction ends. Its vNICs and its host are locked after it, never before. */
export async function lockInstance(trx: Knex.Transaction, id: string): Promise<InstanceRow | undefined> {
  return trx<InstanceRow>('instances').where({ id }).forUpdate().first();
}

/** Served by instances_project or instances_project_status. */
export async function selectInstances(
  connection: Knex,
  filter: { projectId: string; status: InstanceStatus | undefined },
  page: PageRequest,
): Promise<InstanceRowWithVnics[]> {
  const query = withVnicIds(connection).where('project_id', filter.projectId);
  if (filter.status !== undefined) query.where('status', filter.status);
  return selectPage(query, page);
}

/** Writes a change of a locked row. */
export async function updateInstance(
  trx: Knex.Transaction,
  id: string,
  change: InstanceChange,
): Promise<InstanceRow> {
  const [row] = await trx<InstanceRow>('instances')
    .where({ id })
    .update({ ...change, updated_at: trx.fn.now() })
    .returning('*');
  if (!row) throw new Error(`instance ${id} vanished under its lock`);
  return row;
}

/** Notes that what the instance's host is to know has changed; undefined when no host has it. Locks the row. */
export async function raiseAssignmentRevision(
  trx: Knex.Transaction,
  id: string,
): Promise<InstanceRow | undefined> {
  const [row] = await trx<InstanceRow>('instances')
    .where({ id })
    .whereNotNull('host_name')
    .update({
      revision: trx.raw('revision + 1'),
      assignment_revision: trx.raw('revision + 1'),
      updated_at: trx.fn.now(),
    })
    .returning('*');
  return row;
}

export async function deleteInstanceRow(trx: Knex.Transaction, id: string): Promise<void> {
  await trx('instances').where({ id }).delete();
}

/** The longest-waiting instance that nobody else is placing now. Served by instances_waiting; locks the row. */
export async function lockNextWaiting(trx: Knex.Transaction): Promise<InstanceRow | undefined> {
  return waiting(trx).orderBy('id').forUpdate().skipLocked().first();
}

/** Whether any instance waits for a host. Served by instances_waiting. */
export async function isAnyWaiting(connection: Knex): Promise<boolean> {
  return (await waiting(connection).select('id').first()) !== undefined;
}

/** Tells waiting instances why they wait, at most `limit` of those told something else before. Locks them. */
export async function setWaitingReason(
  trx: Knex.Transaction,
  reason: string,
  limit: number,
): Promise<InstanceRow[]> {
  const untold = waiting(trx)
    .select('id')
    .whereRaw('status_reason is distinct from ?', [reason])
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  return trx<InstanceRow>('instances')
    .whereIn('id', await untold.pluck('id'))
    .update({ status_reason: reason, revision: trx.raw('revision + 1'), updated_at: trx.fn.now() })
    .returning('*');
}

/** Instances with the ids of their vNICs in order; these are served by vnics_slot_unique. */
function withVnicIds(connection: Knex): Knex.QueryBuilder<InstanceRowWithVnics, InstanceRowWithVnics[]> {
  return connection<InstanceRowWithVnics, InstanceRowWithVnics[]>('instances').select(
    '*',
    connection.raw(
      'array(select vnics.id from vnics where vnics.instance_id = instances.id order by vnics.slot) as vnic_ids',
    ),
  );
}

function waiting(connection: Knex): Knex.QueryBuilder<InstanceRow, InstanceRow[]> {
  return connection<InstanceRow>('instances').whereNull('host_name').where('power_state', 'running');
}
