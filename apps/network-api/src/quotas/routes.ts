import type { QuotaPatch } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { getQuota, updateProjectQuota } from './service.ts';

interface ProjectPath {
  readonly projectId: string;
}

/** The operations on quotas: everyone reads their own project's, operators read and change those of any. */
export function quotaOperations(parts: Parts): OperationHandlers {
  return {
    getQuota: userOperation(async ({ caller }) => ({
      status: 200,
      body: await getQuota(parts, caller.projectId),
    })),
    getProjectQuota: userOperation<{ params: ProjectPath }>(async ({ params }) => ({
      status: 200,
      body: await getQuota(parts, params.projectId),
    })),
    updateProjectQuota: userOperation<{ params: ProjectPath; body: QuotaPatch }>(
      async ({ params, body, ifMatch }) => ({
        status: 200,
        body: await updateProjectQuota(parts, params.projectId, body, ifMatch),
      }),
    ),
  };
}
