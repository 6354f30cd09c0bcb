import type {
  SecurityGroupRule,
  SecurityGroupRuleInput,
  SecurityGroupRuleList,
} from '@patchpanel/contract-network';
import {
  appendEvents,
  created,
  createOnce,
  inTransaction,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type OperationResponse,
  type PageQuery,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { Parts } from '../parts.ts';
import { invalidRequest, problem } from '../problems.ts';
import { lockQuotas, reserveQuota, returnQuota } from '../quotas/store.ts';
import { rulesChanged } from './events.ts';
import { lookUpGroup } from './lookup.ts';
import { deleteRule, findRule, findSameRule, hasRules, insertRules, selectRules } from './rule-store.ts';
import { readRule, toRule, type RuleContent } from './rules.ts';
import { touchGroup } from './store.ts';

/** All statements see one moment. */
const oneSnapshot = { isolation: 'repeatable read' } as const;

/** So many rules of a group the agents' document delivers at most. */
const mostRules = 10_000;

/** Lets one more kind of traffic through, on all ports of the group. */
export function createSecurityGroupRule(
  parts: Parts,
  caller: UserCaller,
  groupId: string,
  input: SecurityGroupRuleInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => {
    const read = readRule(input);
    if ('errors' in read) throw invalidRequest(read.errors);
    const { content } = read;
    await lockQuotas(trx, 'securityGroupRules', [caller.projectId]);
    const group = await lookUpGroup(trx, caller, 'change-rules', groupId);
    if (content.remote_group_id !== null) {
      await lookUpGroup(trx, caller, 'name-as-remote', content.remote_group_id, '/remoteGroupId');
    }
    if (await hasRules(trx, group.id, mostRules)) {
      throw problem('quota-exceeded', `A security group takes at most ${mostRules} rules. Use another one.`);
    }
    const [row] = await insertRules(trx, [
      {
        ...content,
        id: newId(),
        security_group_id: group.id,
        project_id: caller.projectId,
        description: input.description ?? '',
      },
    ]);
    if (!row) throw await ruleExists(trx, group.id, content);
    await reserveQuota(trx, parts, caller.projectId, 'securityGroupRules', 1);
    await appendEvents(trx, rulesChanged(await touchGroup(trx, group.id)));
    return created(`/v1/security-groups/${group.id}/rules/${row.id}`, toRule(row));
  });
}

/** Lists the rules of a group, oldest first. */
export function listSecurityGroupRules(
  { database }: Parts,
  caller: UserCaller,
  groupId: string,
  query: PageQuery & { readonly direction?: RuleContent['direction'] },
): Promise<SecurityGroupRuleList> {
  const { direction } = query;
  return inTransaction(
    database,
    async (trx) => {
      const group = await lookUpGroup(trx, caller, 'read', groupId);
      const filters = { groupId: group.id, ...(direction === undefined ? {} : { direction }) };
      const page = readPageRequest(query, filters);
      return toPage(await selectRules(trx, filters, page), page, toRule);
    },
    oneSnapshot,
  );
}

/** Gives one rule. */
export function getSecurityGroupRule(
  { database }: Parts,
  caller: UserCaller,
  groupId: string,
  id: string,
): Promise<SecurityGroupRule> {
  return inTransaction(
    database,
    async (trx) => {
      const group = await lookUpGroup(trx, caller, 'read', groupId);
      const row = await findRule(trx, group.id, id);
      if (!row) throw noRule(id);
      return toRule(row);
    },
    oneSnapshot,
  );
}

/** Lets a rule's traffic through no more, unless another rule does. */
export function deleteSecurityGroupRule(
  { database }: Parts,
  caller: UserCaller,
  groupId: string,
  id: string,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    await lockQuotas(trx, 'securityGroupRules', [caller.projectId]);
    const group = await lookUpGroup(trx, caller, 'change-rules', groupId);
    if (!(await deleteRule(trx, group.id, id))) throw noRule(id);
    await returnQuota(trx, caller.projectId, 'securityGroupRules', 1);
    await appendEvents(trx, rulesChanged(await touchGroup(trx, group.id)));
  });
}

async function ruleExists(trx: Knex, groupId: string, content: RuleContent): Promise<Error> {
  const id = await findSameRule(trx, groupId, content);
  return problem('security-group-rule-exists', `Rule ${id} of the group lets the same through.`);
}

function noRule(id: string): Error {
  return problem('security-group-rule-not-found', `There is no rule ${id} in the security group.`);
}
