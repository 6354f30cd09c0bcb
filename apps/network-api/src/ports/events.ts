import type { NewEvent } from '@patchpanel/service-kit';

/** The public event of a port's change. */
export function portEvent(
  row: { readonly id: string; readonly project_id: string; readonly revision: number },
  change: 'created' | 'updated' | 'deleted' | 'lease-expiring',
): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'port',
    resourceId: row.id,
    revision: row.revision,
    change,
  };
}
