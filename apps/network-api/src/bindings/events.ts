import type { NewEvent } from '@patchpanel/service-kit';
import type { BindingRow } from './store.ts';

/** What the host of a binding is told of its change. */
export function bindingEvent(
  row: Pick<BindingRow, 'id' | 'project_id' | 'vnic_id' | 'host_name' | 'revision'>,
  change: 'created' | 'updated' | 'deleted',
): NewEvent {
  return {
    projectId: row.project_id,
    audience: row.host_name,
    resourceType: 'binding',
    resourceId: row.id,
    revision: row.revision,
    change,
    data: { vnicId: row.vnic_id },
  };
}
