import { serviceOperation, type OperationHandlers, type PageQuery } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { getGroupRules, listGroupMembers } from './host-service.ts';

interface GroupPath {
  readonly securityGroupId: string;
}

/** What agents read of security groups. */
export function hostGroupOperations(parts: Pick<Parts, 'database'>): OperationHandlers {
  return {
    getGroupRules: serviceOperation<{ params: GroupPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getGroupRules(parts, caller, params.securityGroupId),
    })),
    listGroupMembers: serviceOperation<{ params: GroupPath; query: PageQuery }>(
      async ({ params, query, caller }) => ({
        status: 200,
        body: await listGroupMembers(parts, caller, params.securityGroupId, query),
      }),
    ),
  };
}
