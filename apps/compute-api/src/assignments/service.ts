import type { Knex } from 'knex';
import type {
  Assignment,
  AssignmentChangeList,
  AssignmentList,
  InstanceReport,
} from '@patchpanel/contract-compute-southbound';
import {
  afterCommit,
  appendEvents,
  commonProblem,
  currentCursor,
  inTransaction,
  readEvents,
  readPageRequest,
  toPage,
  type NewEvent,
  type ServiceCaller,
} from '@patchpanel/service-kit';
import { hostNotRegistered } from '../hosts/service.ts';
import { selectHost } from '../hosts/store.ts';
import { removeInstance } from '../instances/removal.ts';
import { instanceEvent, stateOf } from '../instances/representation.ts';
import { publicStatus, takeReport } from '../instances/state-machine.ts';
import { updateInstance, type InstanceRow } from '../instances/store.ts';
import { silentAfterSeconds, type Parts } from '../parts.ts';
import { southboundProblem } from '../problems.ts';
import { selectVnicsOfInstances, type VnicRow } from '../vnics/store.ts';
import { lookUpAssignment } from './lookup.ts';
import { presentAssignment, presentChange } from './representation.ts';
import { selectAllAssigned } from './store.ts';

/**
 * One page of the caller's assignments with the feed's cursor. Both are of one snapshot: what is committed after it is
 * behind the cursor, what was before is in the list.
 */
export async function listAssignments(
  parts: Parts,
  caller: ServiceCaller,
  query: { limit?: number; pageToken?: string },
): Promise<AssignmentList> {
  const page = readPageRequest(query, { list: 'assignments', host: caller.host });
  return inTransaction(
    parts.database,
    async (trx) => {
      if (!(await selectHost(trx, caller.host, silentAfterSeconds(parts))))
        throw hostNotRegistered(caller.host);
      const cursor = await currentCursor(trx);
      const rows = await selectAllAssigned(trx, caller.host, page);
      const vnics = await vnicsOf(trx, rows);
      return { ...toPage(rows, page, (row) => presentAssignment(row, vnics.get(row.id) ?? [])), cursor };
    },
    { isolation: 'repeatable read' },
  );
}

/** One of the caller's assignments; instance and vNICs are of one snapshot. */
export async function getAssignment(
  parts: Parts,
  caller: ServiceCaller,
  instanceId: string,
): Promise<Assignment> {
  return inTransaction(
    parts.database,
    async (trx) => {
      const row = await lookUpAssignment(trx, caller, 'read', instanceId);
      const vnics = await vnicsOf(trx, [row]);
      return presentAssignment(row, vnics.get(row.id) ?? []);
    },
    { isolation: 'repeatable read' },
  );
}

/** Changes of the caller's assignments behind a cursor; waits for one when there is none. */
export async function followAssignments(
  parts: Parts,
  caller: ServiceCaller,
  query: { cursor?: string; waitSeconds?: number; limit?: number },
  signal: AbortSignal,
): Promise<AssignmentChangeList> {
  const { items, nextCursor } = await readEvents(parts.database, {
    filter: { audiences: [caller.host] },
    cursor: query.cursor,
    waitSeconds: query.waitSeconds,
    limit: query.limit,
    signal,
  });
  return { items: items.map(presentChange), nextCursor };
}

/** Takes note of how a machine stands on the calling host; removes the instance when it is deleted and nothing of it is left. */
export async function reportInstanceStatus(
  parts: Parts,
  caller: ServiceCaller,
  instanceId: string,
  report: InstanceReport,
): Promise<void> {
  await inTransaction(parts.database, async (trx) => {
    const instance = await lookUpAssignment(trx, caller, 'change', instanceId);
    const outcome = takeReport(stateOf(instance), report);
    switch (outcome) {
      case 'stale-placement':
        throw southboundProblem(
          'stale-placement',
          `Instance ${instanceId} is here by placement ${instance.placement}, not ${report.placement}. Read the assignment again.`,
        );
      case 'unknown-revision':
        throw commonProblem(
          'invalid-request',
          'Correct the request: name a revision that the assignment has had.',
          {
            errors: [
              { pointer: '/observedRevision', detail: `must be at most ${instance.assignment_revision}` },
            ],
          },
        );
      case 'late':
        return;
      case 'gone':
        await appendEvents(trx, await removeInstance(trx, instance));
        afterCommit(trx, parts.wakePlacement);
        return;
      case 'noted':
        await appendEvents(trx, await noteReport(trx, instance, report));
    }
  });
}

/** Writes what the report changes. The revision rises only by what users can see. */
async function noteReport(
  trx: Knex.Transaction,
  instance: InstanceRow,
  { status: reported, statusReason, observedRevision }: InstanceReport,
): Promise<NewEvent[]> {
  const state = { ...stateOf(instance), report: { status: reported, observedRevision } };
  const status = publicStatus(state);
  const isAnswer = observedRevision >= state.generation;
  const reason = isAnswer && statusReason !== undefined && statusReason !== '' ? statusReason : null;
  const isSeen =
    status !== instance.status ||
    reason !== instance.status_reason ||
    observedRevision !== instance.observed_revision;
  if (!isSeen && reported === instance.reported_status) return [];
  const updated = await updateInstance(trx, instance.id, {
    status,
    status_reason: reason,
    reported_status: reported,
    observed_revision: observedRevision,
    ...(isSeen ? { revision: instance.revision + 1 } : {}),
  });
  return isSeen ? [instanceEvent(updated, 'updated')] : [];
}

async function vnicsOf(connection: Knex, rows: readonly InstanceRow[]): Promise<Map<string, VnicRow[]>> {
  const vnics = await selectVnicsOfInstances(
    connection,
    rows.map(({ id }) => id),
  );
  return Map.groupBy(vnics, ({ instance_id }) => instance_id ?? '');
}
