import type { Assignment } from '../generated/index.ts';

/** An assignment of an instance `id` with one card `vnic-<id>`. */
export function assignmentOf(id: string, changes: Partial<Assignment> = {}): Assignment {
  return {
    instanceId: id,
    projectId: 'project-1',
    name: `machine ${id}`,
    desired: 'running',
    placement: 1,
    revision: 1,
    vnics: [{ vnicId: `vnic-${id}`, macAddress: '02:00:00:00:00:01' }],
    ...changes,
  };
}
