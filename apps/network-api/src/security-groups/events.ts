import type { NewEvent } from '@patchpanel/service-kit';
import { groupAudience } from './members.ts';

interface ChangedGroup {
  readonly id: string;
  readonly project_id: string;
  readonly revision: number;
}

/** The public event of a group's change, its rules included. */
export function groupEvent(row: ChangedGroup, change: 'created' | 'updated' | 'deleted'): NewEvent {
  return {
    projectId: row.project_id,
    resourceType: 'security-group',
    resourceId: row.id,
    revision: row.revision,
    change,
  };
}

/** What users and hosts are told when a group's rules have changed. */
export function rulesChanged(row: ChangedGroup): NewEvent[] {
  const event = groupEvent(row, 'updated');
  return [event, { ...event, audience: groupAudience(row.id) }];
}
