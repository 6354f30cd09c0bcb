import type {
  SecurityGroupInput,
  SecurityGroupPatch,
  SecurityGroupRuleInput,
} from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers, type PageQuery } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import {
  createSecurityGroupRule,
  deleteSecurityGroupRule,
  getSecurityGroupRule,
  listSecurityGroupRules,
} from './rule-service.ts';
import {
  createSecurityGroup,
  deleteSecurityGroup,
  getSecurityGroup,
  listSecurityGroups,
  updateSecurityGroup,
  type GroupQuery,
} from './service.ts';

interface GroupPath {
  readonly securityGroupId: string;
}

interface RulePath extends GroupPath {
  readonly ruleId: string;
}

type RuleQuery = PageQuery & { readonly direction?: 'ingress' | 'egress' };

/** The operations on security groups and their rules. */
export function securityGroupOperations(parts: Parts): OperationHandlers {
  return {
    createSecurityGroup: userOperation<{ body: SecurityGroupInput }>(({ body, caller, idempotency }) =>
      createSecurityGroup(parts, caller, body, idempotency),
    ),
    listSecurityGroups: userOperation<{ query: GroupQuery }>(async ({ query, caller }) => ({
      status: 200,
      body: await listSecurityGroups(parts, caller, query),
    })),
    getSecurityGroup: userOperation<{ params: GroupPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getSecurityGroup(parts, caller, params.securityGroupId),
    })),
    updateSecurityGroup: userOperation<{ params: GroupPath; body: SecurityGroupPatch }>(
      async ({ params, body, caller, ifMatch }) => ({
        status: 200,
        body: await updateSecurityGroup(parts, caller, params.securityGroupId, body, ifMatch),
      }),
    ),
    deleteSecurityGroup: userOperation<{ params: GroupPath }>(async ({ params, caller, ifMatch }) => {
      await deleteSecurityGroup(parts, caller, params.securityGroupId, ifMatch);
      return { status: 204 };
    }),
    createSecurityGroupRule: userOperation<{ params: GroupPath; body: SecurityGroupRuleInput }>(
      ({ params, body, caller, idempotency }) =>
        createSecurityGroupRule(parts, caller, params.securityGroupId, body, idempotency),
    ),
    listSecurityGroupRules: userOperation<{ params: GroupPath; query: RuleQuery }>(
      async ({ params, query, caller }) => ({
        status: 200,
        body: await listSecurityGroupRules(parts, caller, params.securityGroupId, query),
      }),
    ),
    getSecurityGroupRule: userOperation<{ params: RulePath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getSecurityGroupRule(parts, caller, params.securityGroupId, params.ruleId),
    })),
    deleteSecurityGroupRule: userOperation<{ params: RulePath }>(async ({ params, caller }) => {
      await deleteSecurityGroupRule(parts, caller, params.securityGroupId, params.ruleId);
      return { status: 204 };
    }),
  };
}
