import type { Instance } from '@patchpanel/contract-compute';
import type { NewEvent } from '@patchpanel/service-kit';
import type { InstanceState } from './state-machine.ts';
import type { InstanceRow } from './store.ts';

/** An instance as users see it; `vnicIds` are its vNICs in order. */
export function presentInstance(row: InstanceRow, vnicIds: readonly string[]): Instance {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    vnicIds: [...vnicIds],
    powerState: row.power_state,
    status: row.status,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
    ...(row.host_name === null ? {} : { hostName: row.host_name }),
    placement: row.placement,
    generation: row.generation,
    observedGeneration: row.observed_revision,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What the state machine needs to know of an instance. */
export function stateOf(row: InstanceRow): InstanceState {
  return {
    powerState: row.power_state,
    isDeleting: row.is_deleting,
    isPlaced: row.host_name !== null,
    placement: row.placement,
    assignmentRevision: row.assignment_revision,
    generation: row.generation,
    report:
      row.reported_status === null
        ? undefined
        : { status: row.reported_status, observedRevision: row.observed_revision },
  };
}

type Change = 'created' | 'updated' | 'deleted';

/** A change of an instance, for the project's feed. */
export function instanceEvent(row: InstanceRow, change: Change): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'instance',
    resourceId: row.id,
    revision: change === 'deleted' ? row.revision + 1 : row.revision,
    change,
  };
}

/** The same as its host is told of it: nothing when no host has it. The revision is the assignment's. */
export function assignmentEvents(row: InstanceRow, change: Change): NewEvent[] {
  if (row.host_name === null) return [];
  return [
    {
      audience: row.host_name,
      projectId: row.project_id,
      resourceType: 'assignment',
      resourceId: row.id,
      revision: change === 'deleted' ? row.revision + 1 : row.assignment_revision,
      change,
    },
  ];
}
