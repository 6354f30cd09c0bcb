import type { AssignedVnic, Assignment, AssignmentChange } from '@patchpanel/contract-compute-southbound';
import { AssignmentChangeChangeEnum } from '@patchpanel/contract-compute-southbound';
import type { FeedEvent } from '@patchpanel/service-kit';
import { desiredOf } from '../instances/state-machine.ts';
import { stateOf } from '../instances/representation.ts';
import type { InstanceRow } from '../instances/store.ts';
import type { VnicRow } from '../vnics/store.ts';

/** An instance as its host sees it; `vnics` are its own in order. */
export function presentAssignment(row: InstanceRow, vnics: readonly VnicRow[]): Assignment {
  return {
    instanceId: row.id,
    projectId: row.project_id,
    name: row.name,
    desired: desiredOf(stateOf(row)),
    placement: row.placement,
    revision: row.assignment_revision,
    vnics: vnics.map(presentAssignedVnic),
  };
}

function presentAssignedVnic(vnic: VnicRow): AssignedVnic {
  return {
    vnicId: vnic.id,
    macAddress: vnic.mac_address,
    ...(vnic.network_data === null ? {} : { networkData: vnic.network_data }),
  };
}

/** An event of a host's feed as the host sees it. */
export function presentChange(event: FeedEvent): AssignmentChange {
  const change = Object.values(AssignmentChangeChangeEnum).find((known) => known === event.change);
  if (change === undefined) throw new Error(`an assignment can't have the change ${event.change}`);
  return { instanceId: event.resourceId, change, revision: event.revision, occurredAt: event.occurredAt };
}
