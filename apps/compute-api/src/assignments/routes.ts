import type { InstanceReport } from '@patchpanel/contract-compute-southbound';
import { serviceOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { followAssignments, getAssignment, listAssignments, reportInstanceStatus } from './service.ts';

interface OneAssignment {
  readonly params: { readonly instanceId: string };
}

export function assignmentOperations(parts: Parts): OperationHandlers {
  return {
    listAssignments: serviceOperation<{ query: { limit?: number; pageToken?: string } }>(
      async ({ caller, query }) => ({ status: 200, body: await listAssignments(parts, caller, query) }),
    ),
    getAssignment: serviceOperation<OneAssignment>(async ({ caller, params }) => ({
      status: 200,
      body: await getAssignment(parts, caller, params.instanceId),
    })),
    followAssignments: serviceOperation<{
      query: { cursor?: string; waitSeconds?: number; limit?: number };
    }>(async ({ caller, query, signal }) => ({
      status: 200,
      body: await followAssignments(parts, caller, query, signal),
    })),
    reportInstanceStatus: serviceOperation<OneAssignment & { body: InstanceReport }>(
      async ({ caller, params, body }) => {
        await reportInstanceStatus(parts, caller, params.instanceId, body);
        return { status: 204 };
      },
    ),
  };
}
