import type { NewEvent } from '@patchpanel/service-kit';
import type { NetworkRow } from './store.ts';

/** The public event of a network's change. */
export function networkEvent(
  row: Pick<NetworkRow, 'id' | 'project_id' | 'revision'>,
  change: 'created' | 'updated' | 'deleted',
): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'network',
    resourceId: row.id,
    revision: row.revision,
    change,
  };
}
