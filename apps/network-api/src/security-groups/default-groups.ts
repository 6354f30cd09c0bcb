import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { addQuotas, countForEach, lockQuotas } from '../quotas/store.ts';
import { queryRows } from '../rows.ts';
import { groupEvent } from './events.ts';
import { insertRules, type NewRule } from './rule-store.ts';
import { ruleForAll, type RuleContent } from './rules.ts';
import { insertGroups, type NewGroup } from './store.ts';

/** The default groups of projects, by project id, and what is to be told of those that had to be made. */
export interface DefaultGroups {
  readonly groupIds: ReadonlyMap<string, string>;
  readonly events: readonly NewEvent[];
}

const nothing: DefaultGroups = { groupIds: new Map(), events: [] };

/** What a default group starts with: everything may go out, and its members may reach each other. */
const firstRules = (groupId: string): RuleContent[] => [
  ruleForAll('egress', 'ipv4'),
  ruleForAll('egress', 'ipv6'),
  ruleForAll('ingress', 'ipv4', groupId),
  ruleForAll('ingress', 'ipv6', groupId),
];

/** Only reads; projects that have none yet are left out. Served by security_groups_default, one look per project. */
export async function findDefaultGroups(
  connection: Knex,
  projectIds: readonly string[],
): Promise<Map<string, string>> {
  if (projectIds.length === 0) return new Map();
  const rows = await queryRows<{ id: string; project_id: string }>(
    connection,
    `select id, project_id
     from security_groups
     where project_id = any(cast(:projectIds as uuid[]))
     and is_default`,
    { projectIds },
  );
  return new Map(rows.map((row) => [row.project_id, row.id]));
}

/**
 * The default groups of projects, made where they are missing: one statement, without a lock, when none is. Call it straight after
 * quotas have been reserved, as making one takes quota rows, and append the events with the others at the end. Default groups
 * are never deleted, so nothing need hold them.
 */
export async function defaultGroupsOf(trx: Knex, projectIds: readonly string[]): Promise<DefaultGroups> {
  const groupIds = await findDefaultGroups(trx, projectIds);
  const missing = projectIds.filter((projectId) => !groupIds.has(projectId));
  const made = missing.length === 0 ? nothing : await makeMissing(trx, [...new Set(missing)].toSorted());
  return { groupIds: new Map([...groupIds, ...made.groupIds]), events: made.events };
}

/** The same for one project. */
export async function defaultGroupOf(
  trx: Knex,
  projectId: string,
): Promise<{ readonly id: string; readonly events: readonly NewEvent[] }> {
  const { groupIds, events } = await defaultGroupsOf(trx, [projectId]);
  const id = groupIds.get(projectId);
  if (id === undefined) throw new Error(`no default group was made for ${projectId}`);
  return { id, events };
}

/** The quota rows of rules are what two who find a group missing queue for; the second then finds it made. */
async function makeMissing(trx: Knex, projectIds: readonly string[]): Promise<DefaultGroups> {
  await addQuotas(trx, ['securityGroupRules', 'securityGroups'], projectIds);
  await lockQuotas(trx, 'securityGroupRules', projectIds);
  const groupIds = await findDefaultGroups(trx, projectIds);
  const groups = projectIds.filter((projectId) => !groupIds.has(projectId)).map(draftGroup);
  const rules = groups.flatMap(draftRules);
  const countByProject = (things: readonly { readonly project_id: string }[]) =>
    new Map(
      [...Map.groupBy(things, (thing) => thing.project_id)].map(([projectId, own]) => [
        projectId,
        own.length,
      ]),
    );
  await countForEach(trx, 'securityGroupRules', countByProject(rules));
  await countForEach(trx, 'securityGroups', countByProject(groups));
  await insertGroups(trx, groups);
  await insertRules(trx, rules);
  return {
    groupIds: new Map([...groupIds, ...groups.map((group) => [group.project_id, group.id] as const)]),
    events: groups.map((group) => groupEvent({ ...group, revision: 1 }, 'created')),
  };
}

function draftGroup(projectId: string): NewGroup {
  return {
    id: newId(),
    project_id: projectId,
    name: 'default',
    description: 'What ports get that name no group.',
    tags: [],
    is_default: true,
  };
}

function draftRules({ id: groupId, project_id }: NewGroup): NewRule[] {
  return firstRules(groupId).map((rule) => ({
    ...rule,
    id: newId(),
    security_group_id: groupId,
    project_id,
    description: '',
  }));
}
