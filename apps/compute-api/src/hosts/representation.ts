import type { Host } from '@patchpanel/contract-compute';
import type { NewEvent } from '@patchpanel/service-kit';
import type { HostRow, HostRowWithStatus } from './store.ts';

/** A host as administrators see it. */
export function presentHost(row: HostRowWithStatus): Host {
  return {
    name: row.name,
    driver: row.driver,
    status: row.is_up ? 'up' : 'silent',
    instanceCount: row.instance_count,
    instanceCapacity: row.instance_capacity,
    lastHeartbeatAt: row.last_heartbeat_at,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A change of a host. It belongs to no project: only a reader of the whole installation sees it. */
export function hostEvent(row: HostRow, change: 'created' | 'updated'): NewEvent {
  return { resourceType: 'host', resourceId: row.name, revision: row.revision, change };
}
