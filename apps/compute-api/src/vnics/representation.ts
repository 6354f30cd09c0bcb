import type { Vnic } from '@patchpanel/contract-compute';
import type { NewEvent } from '@patchpanel/service-kit';
import type { VnicRow } from './store.ts';

/** A vNIC as users see it. */
export function presentVnic(row: VnicRow): Vnic {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    macAddress: row.mac_address,
    ...(row.network_data === null ? {} : { networkData: row.network_data }),
    ...(row.instance_id === null ? {} : { instanceId: row.instance_id }),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A change of a vNIC, for the project's feed. It carries no content: network data is nobody's business but its owner's. */
export function vnicEvent(row: VnicRow, change: 'created' | 'updated' | 'deleted'): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'vnic',
    resourceId: row.id,
    revision: change === 'deleted' ? row.revision + 1 : row.revision,
    change,
  };
}
