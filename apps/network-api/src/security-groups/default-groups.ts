import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { addQuotas, countForEach, lockQuotas } from '../quotas/store.ts';
import { queryRows } from '../rows.ts';
import { groupEvent } from './events.ts';

/** The default groups of projects, by project id, and what is to be told of those that had to be made. */
export interface DefaultGroups {
  readonly groupIds: ReadonlyMap<string, string>;
  readonly events: readonly NewEvent[];
}

const nothing: DefaultGroups = { groupIds: new Map(), events: [] };

/** What a default group starts with: everything may go out, and its members may reach each other. */
const firstRules = (['egress', 'ingress'] as const).flatMap((direction) =>
  (['ipv4', 'ipv6'] as const).map((etherType) => ({
    direction,
    etherType,
    isFromMembers: direction === 'ingress',
  })),
);

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
  const groups = projectIds
    .filter((projectId) => !groupIds.has(projectId))
    .map((projectId) => ({ id: newId(), project_id: projectId, revision: 1 }));
  const each = (count: number) => new Map(groups.map(({ project_id: projectId }) => [projectId, count]));
  await countForEach(trx, 'securityGroupRules', each(firstRules.length));
  await countForEach(trx, 'securityGroups', each(1));
  if (groups.length > 0) await insertDefaultGroups(trx, groups);
  return {
    groupIds: new Map([...groupIds, ...groups.map((group) => [group.project_id, group.id] as const)]),
    events: groups.map((group) => groupEvent(group, 'created')),
  };
}

async function insertDefaultGroups(
  trx: Knex,
  groups: readonly { readonly id: string; readonly project_id: string }[],
): Promise<void> {
  const rules = groups.flatMap((group) => firstRules.map((rule) => ({ ...rule, group })));
  await queryRows(
    trx,
    `with made as (
       insert into security_groups (id, project_id, name, description, is_default)
       select id, project_id, 'default', :description, true
       from unnest(cast(:groupIds as uuid[]), cast(:projectIds as uuid[])) as made (id, project_id)
     )
     insert into security_group_rules (id, security_group_id, project_id, direction, ether_type, remote_group_id)
     select *
     from unnest(
       cast(:ruleIds as uuid[]),
       cast(:groupsOfRules as uuid[]),
       cast(:projectsOfRules as uuid[]),
       cast(:directions as text[]),
       cast(:etherTypes as text[]),
       cast(:remotes as uuid[])
     )`,
    {
      description: 'What ports get that name no group.',
      groupIds: groups.map(({ id }) => id),
      projectIds: groups.map(({ project_id: projectId }) => projectId),
      ruleIds: rules.map(() => newId()),
      groupsOfRules: rules.map(({ group }) => group.id),
      projectsOfRules: rules.map(({ group }) => group.project_id),
      directions: rules.map(({ direction }) => direction),
      etherTypes: rules.map(({ etherType }) => etherType),
      remotes: rules.map(({ group, isFromMembers }) => (isFromMembers ? group.id : null)),
    },
  );
}
