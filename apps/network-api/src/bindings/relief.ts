import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { portEvent } from '../ports/events.ts';
import { lockPorts } from '../ports/store.ts';
import { queryRows } from '../rows.ts';
import { bindingEvent } from './events.ts';
import type { BindingRow } from './store.ts';

/** Relieved bindings are told of in one transaction: so many keep no lock for long. */
const batchSize = 500;

/** What came of taking attachments from a host. */
export interface Relief {
  readonly releasedCount: number;
  /** To be appended last. */
  readonly events: readonly NewEvent[];
}

type LiveRow = Pick<BindingRow, 'id' | 'port_id'>;

/** Some of a host's live bindings, in ascending order of id. Served by bindings_host. */
export function selectSomeLive(
  connection: Knex,
  hostName: string,
  after: string | undefined,
): Promise<LiveRow[]> {
  return queryRows<LiveRow>(
    connection,
    `select id, port_id
     from bindings
     where host_name = :hostName
     and superseded_by is null
     and desired = 'present'
     and (cast(:after as uuid) is null or id > :after)
     order by id
     limit :batchSize`,
    { hostName, after: after ?? null, batchSize },
  );
}

/**
 * Takes attachments from the hosts that realise them, without asking those: the generation rises, and the host finds a binding that
 * is to be absent. Whatever the host still has wired keeps its addresses from others as long as it has not confirmed.
 * Locks ports, generations and bindings, in this order; what is not live any more under these locks is passed over.
 */
export async function relieveHosts(trx: Knex, rows: readonly LiveRow[]): Promise<Relief> {
  await lockPorts(
    trx,
    rows.map(({ port_id: portId }) => portId),
  );
  const ids = await lockLive(trx, rows);
  if (ids.length === 0) return { releasedCount: 0, events: [] };
  await raiseGenerations(trx, ids);
  const gone = await withdraw(trx, ids);
  const ports = await unbindPorts(
    trx,
    gone.map(({ port_id: portId }) => portId),
  );
  const events = [
    ...ports.map((port) => portEvent(port, 'updated')),
    ...gone.map((row) => bindingEvent(row, 'updated')),
  ];
  return { releasedCount: gone.length, events };
}

/** Those that are still live, under their ports' locks; the generations first, as everywhere. */
async function lockLive(trx: Knex, rows: readonly LiveRow[]): Promise<string[]> {
  const ids = rows.map(({ id }) => id);
  await queryRows(
    trx,
    `select
     from vnic_generations
     where (project_id, vnic_id) in (
       select project_id, vnic_id
       from bindings
       where id = any(cast(:ids as uuid[]))
       and desired = 'present'
     )
     order by project_id, vnic_id
     for update`,
    { ids },
  );
  const live = await queryRows<{ id: string }>(
    trx,
    `select id
     from bindings
     where id = any(cast(:ids as uuid[]))
     and desired = 'present'
     order by id
     for update`,
    { ids },
  );
  return live.map(({ id }) => id);
}

/** Raises the generations of the vNICs and of what they are plugged into, and notes who was relieved. */
async function raiseGenerations(trx: Knex, ids: readonly string[]): Promise<void> {
  await queryRows(
    trx,
    `with raised as (
       update vnic_generations as known
       set
         generation = known.generation + 1,
         relieved_host = gone.host_name,
         relieved_generation = known.generation + 1,
         relieved_placement = gone.placement
       from bindings as gone
       where gone.id = any(cast(:ids as uuid[]))
       and known.project_id = gone.project_id
       and known.vnic_id = gone.vnic_id
       returning known.project_id, known.vnic_id, known.generation
     )
     update attachments
     set generation = raised.generation, revision = revision + 1, updated_at = now()
     from raised
     where attachments.project_id = raised.project_id
     and attachments.vnic_id = raised.vnic_id`,
    { ids },
  );
}

function withdraw(trx: Knex, ids: readonly string[]): Promise<BindingRow[]> {
  return queryRows<BindingRow>(
    trx,
    `update bindings
     set desired = 'absent', revision = revision + 1, updated_at = now()
     where id = any(cast(:ids as uuid[]))
     returning *`,
    { ids },
  );
}

/** No host realises what is plugged into these locked ports: their leases, if they have any, begin. */
function unbindPorts(
  trx: Knex,
  portIds: readonly string[],
): Promise<{ id: string; project_id: string; revision: number }[]> {
  return queryRows(
    trx,
    `update ports
     set
       status = 'plugged',
       status_reason = null,
       lease_expires_at = now() + make_interval(secs => lease_seconds),
       lease_warned_at = null,
       revision = revision + 1,
       updated_at = now()
     where id = any(cast(:portIds as uuid[]))
     returning id, project_id, revision`,
    { portIds },
  );
}

/**
 * Whether a host was relieved of this plug by force, so that it may not have it back: not until it is plugged anew, or the machine
 * is placed anew.
 */
export async function wasRelieved(
  connection: Knex,
  hostName: string,
  plug: { readonly project_id: string; readonly vnic_id: string; readonly generation: number },
  placement: number | undefined,
): Promise<boolean> {
  const rows = await queryRows(
    connection,
    `select vnic_id
     from vnic_generations
     where project_id = :projectId
     and vnic_id = :vnicId
     and relieved_host = :hostName
     and relieved_generation = :generation
     and (cast(:placement as bigint) is null or relieved_placement >= :placement)`,
    {
      projectId: plug.project_id,
      vnicId: plug.vnic_id,
      generation: plug.generation,
      hostName,
      placement: placement ?? null,
    },
  );
  return rows.length > 0;
}

/**
 * Raises the generations of what is plugged into locked ports above all that is known of the vNICs. The hosts that realise them
 * rewire.
 */
export async function raisePlugs(trx: Knex, portIds: readonly string[]): Promise<NewEvent[]> {
  if (portIds.length === 0) return [];
  await queryRows(
    trx,
    `with raised as (
       update vnic_generations as known
       set generation = known.generation + 1
       from attachments
       where attachments.port_id = any(cast(:portIds as uuid[]))
       and known.project_id = attachments.project_id
       and known.vnic_id = attachments.vnic_id
       returning attachments.port_id, known.generation
     )
     update attachments
     set generation = raised.generation, revision = revision + 1, updated_at = now()
     from raised
     where attachments.port_id = raised.port_id`,
    { portIds },
  );
  const bindings = await queryRows<BindingRow>(
    trx,
    `update bindings
     set
       generation = attachments.generation,
       status = 'building',
       status_reason = null,
       revision = bindings.revision + 1,
       updated_at = now()
     from attachments
     where attachments.port_id = any(cast(:portIds as uuid[]))
     and bindings.port_id = attachments.port_id
     and bindings.desired = 'present'
     returning bindings.*`,
    { portIds },
  );
  const ports = await queryRows<{ id: string; project_id: string; revision: number }>(
    trx,
    `update ports
     set
       status = case when status = 'plugged' then 'plugged' else 'building' end,
       status_reason = null,
       revision = revision + 1,
       updated_at = now()
     where id = any(cast(:portIds as uuid[]))
     returning id, project_id, revision`,
    { portIds },
  );
  return [
    ...ports.map((port) => portEvent(port, 'updated')),
    ...bindings.map((row) => bindingEvent(row, 'updated')),
  ];
}
