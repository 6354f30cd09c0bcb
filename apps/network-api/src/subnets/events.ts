import type { NewEvent } from '@patchpanel/service-kit';
import type { SubnetRow } from './store.ts';

/** The public event of a subnet's change. */
export function subnetEvent(
  row: Pick<SubnetRow, 'id' | 'project_id' | 'revision'>,
  change: 'created' | 'updated' | 'deleted',
): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'subnet',
    resourceId: row.id,
    revision: row.revision,
    change,
  };
}
