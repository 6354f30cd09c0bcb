import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import type { Instance, InstanceInput, InstanceList, InstanceStatus } from '@patchpanel/contract-compute';
import {
  afterCommit,
  appendEvents,
  checkIfMatch,
  created,
  createOnce,
  inTransaction,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import { authorise } from '../authorisation.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { vnicEvent } from '../vnics/representation.ts';
import { putVnicsIntoInstance } from '../vnics/store.ts';
import { lockFreeVnics, refuseRepeatedVnics } from './vnics.ts';
import { lookUpInstance } from './lookup.ts';
import { findPlace } from './placement.ts';
import { removeInstance } from './removal.ts';
import { assignmentEvents, instanceEvent, presentInstance, stateOf } from './representation.ts';
import { publicStatus, takeOrder, type Order, type OrderOutcome } from './state-machine.ts';
import {
  insertInstance,
  selectInstances,
  updateInstance,
  type InstanceChange,
  type InstanceRow,
} from './store.ts';

/** Makes an instance with the vNICs given, in their order, and places it unless it is to be made stopped. */
export async function createInstance(
  parts: Parts,
  caller: UserCaller,
  input: InstanceInput,
  claim: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  authorise(caller, 'change');
  const vnicIds = input.vnicIds ?? [];
  const powerState = input.powerState ?? 'running';
  refuseRepeatedVnics(vnicIds);
  return createOnce(parts, claim, async (trx) => {
    await lockFreeVnics(trx, caller, vnicIds);
    const place: InstanceChange =
      powerState === 'running'
        ? await findPlace(trx, parts, { isNew: true })
        : { status: 'stopped', observed_revision: 1 };
    const instance = await insertInstance(trx, {
      id: uuidv7(),
      project_id: caller.projectId,
      name: input.name ?? '',
      power_state: powerState,
      ...place,
    });
    const vnics = await putVnicsIntoInstance(trx, instance.id, vnicIds);
    if (instance.status === 'scheduling') afterCommit(trx, parts.wakePlacement);
    await appendEvents(trx, [
      instanceEvent(instance, 'created'),
      ...vnics.map((vnic) => vnicEvent(vnic, 'updated')),
      ...assignmentEvents(instance, 'created'),
    ]);
    return created(`/v1/instances/${instance.id}`, presentInstance(instance, vnicIds));
  });
}

/** One page of the project's instances, oldest first. */
export async function listInstances(
  parts: Parts,
  caller: UserCaller,
  query: { limit?: number; pageToken?: string; status?: InstanceStatus },
): Promise<InstanceList> {
  authorise(caller, 'read');
  const filter = { projectId: caller.projectId, status: query.status };
  const page = readPageRequest(query, { list: 'instances', ...filter });
  const rows = await selectInstances(parts.database.knex, filter, page);
  return toPage(rows, page, (row) => presentInstance(row, row.vnic_ids));
}

export async function getInstance(parts: Parts, caller: UserCaller, instanceId: string): Promise<Instance> {
  const instance = await lookUpInstance(parts.database.knex, caller, 'read', instanceId);
  return presentInstance(instance, instance.vnic_ids);
}

/**
 * Starts, stops or deletes a machine: changes what is wanted of it, and leaves the rest to its host. One that has no host
 * is gone at once when it is deleted; the answer is the last that is seen of it.
 */
export async function orderInstance(
  parts: Parts,
  caller: UserCaller,
  instanceId: string,
  order: Order,
  ifMatch: string | undefined,
): Promise<Instance> {
  return inTransaction(parts.database, async (trx) => {
    const instance = await lookUpInstance(trx, caller, 'change', instanceId);
    checkIfMatch(ifMatch, instance.revision);
    const outcome = takeOrder(stateOf(instance), order);
    switch (outcome.kind) {
      case 'refused':
        throw problem(outcome.code, `Instance ${instance.id} is being deleted: it takes no other order.`);
      case 'unchanged':
        return presentInstance(instance, instance.vnic_ids);
      case 'gone': {
        const last = {
          ...instance,
          status: 'deleting',
          status_reason: null,
          generation: instance.revision + 1,
          observed_revision: instance.revision + 1,
          revision: instance.revision + 1,
        } as const;
        await appendEvents(trx, await removeInstance(trx, instance));
        return presentInstance(last, instance.vnic_ids);
      }
      case 'changed':
        return presentInstance(await applyOrder(trx, parts, instance, outcome), instance.vnic_ids);
    }
  });
}

/** Writes an order. One that is fulfilled by that, because no host has the machine, is answered by the service itself. */
async function applyOrder(
  trx: Knex.Transaction,
  parts: Parts,
  instance: InstanceRow,
  { powerState, isDeleting }: Extract<OrderOutcome, { kind: 'changed' }>,
): Promise<InstanceRow> {
  const revision = instance.revision + 1;
  const revisions = { revision, assignment_revision: revision, generation: revision };
  const state = {
    ...stateOf(instance),
    powerState,
    isDeleting,
    assignmentRevision: revision,
    generation: revision,
  };
  const status = publicStatus(state);
  const place: InstanceChange =
    status === 'scheduling'
      ? await findPlace(trx, parts, { isNew: true })
      : { status, status_reason: null, ...(status === 'stopped' ? { observed_revision: revision } : {}) };
  const changed = await updateInstance(trx, instance.id, {
    power_state: powerState,
    is_deleting: isDeleting,
    ...place,
    ...revisions,
  });
  if (changed.status === 'scheduling') afterCommit(trx, parts.wakePlacement);
  await appendEvents(trx, [
    instanceEvent(changed, 'updated'),
    ...assignmentEvents(changed, instance.host_name === null ? 'created' : 'updated'),
  ]);
  return changed;
}
