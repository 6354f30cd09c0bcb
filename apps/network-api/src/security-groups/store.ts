import type { SecurityGroup } from '@patchpanel/contract-network';
import { pageClauses, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { MAX, NIL } from 'uuid';
import { onlyRow, queryRows } from '../rows.ts';
import { tagClauses } from '../tags/store.ts';

export interface GroupRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly is_default: boolean;
  /** Rises with each change of the members or their addresses, which is none of the group itself. */
  readonly members_revision: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A group that is being made. */
export type NewGroup = Pick<GroupRow, 'id' | 'project_id' | 'name' | 'description' | 'tags' | 'is_default'>;

/**
 * How firmly a look-up holds the row: against deletion, which rules that name it as remote do; against other changes, its members'
 * included; or alone, against those who are about to use it, too.
 */
export type GroupLock = 'none' | 'against-deletion' | 'against-other-changes' | 'alone';

const lockClauses: Readonly<Record<GroupLock, string>> = {
  none: '',
  'against-deletion': 'for key share',
  'against-other-changes': 'for no key update',
  alone: 'for update',
};

/** Served by the primary key. */
export async function findGroup(
  connection: Knex,
  projectId: string,
  id: string,
  lock: GroupLock,
): Promise<GroupRow | undefined> {
  const rows = await queryRows<GroupRow>(
    connection,
    `select *
     from security_groups
     where id = :id
     and project_id = :projectId
     ${lockClauses[lock]}`,
    { id, projectId },
  );
  return rows[0];
}

/** Which groups of a project a list has. */
export interface GroupFilters {
  readonly projectId: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly isDefault?: boolean;
}

/**
 * One page of a project's groups. Served by security_groups_project, or security_groups_name for a name or that order, or by the
 * first tag.
 */
export async function selectGroups(
  connection: Knex,
  { projectId, name, tag: tags, isDefault }: GroupFilters,
  page: PageRequest,
): Promise<GroupRow[]> {
  const tagged = tagClauses('security-group', 'security_groups', projectId, tags);
  const { condition, order, bindings } = pageClauses(page, {
    id: tagged.idColumn,
    name: 'security_groups.name',
  });
  const conditions = [
    'security_groups.project_id = :projectId',
    ...tagged.conditions,
    ...(name === undefined ? [] : ['security_groups.name = :name']),
    ...(isDefault === undefined ? [] : ['security_groups.is_default = :isDefault']),
    condition,
  ];
  return queryRows<GroupRow>(
    connection,
    `select security_groups.*
     from security_groups ${tagged.join}
     where ${conditions.join('\n     and ')}
     order by ${order}
     limit :pageLimit`,
    {
      ...bindings,
      ...tagged.bindings,
      projectId,
      ...(name === undefined ? {} : { name }),
      ...(isDefault === undefined ? {} : { isDefault }),
    },
  );
}

/** Writes new groups. */
export function insertGroups(trx: Knex, groups: readonly NewGroup[]): Promise<GroupRow[]> {
  return queryRows<GroupRow>(
    trx,
    `insert into security_groups (id, project_id, name, description, tags, is_default)
     select made.*
     from jsonb_to_recordset(cast(:groups as jsonb)) as made (
       id uuid,
       project_id uuid,
       name text,
       description text,
       tags text[],
       is_default boolean
     )
     returning *`,
    { groups: JSON.stringify(groups) },
  );
}

/** What of a group its project's users may change. */
export type GroupChange = Pick<GroupRow, 'name' | 'description' | 'tags'>;

/** Changes a locked group. By primary key. */
export async function changeGroup(trx: Knex, id: string, change: GroupChange): Promise<GroupRow> {
  const rows = await queryRows<GroupRow>(
    trx,
    `update security_groups
     set name = :name, description = :description, tags = :tags, revision = revision + 1, updated_at = now()
     where id = :id
     returning *`,
    { id, name: change.name, description: change.description, tags: [...change.tags] },
  );
  return onlyRow(rows);
}

/** Notes that the rules of a locked group have changed. By primary key. */
export async function touchGroup(trx: Knex, id: string): Promise<GroupRow> {
  const rows = await queryRows<GroupRow>(
    trx,
    `update security_groups
     set revision = revision + 1, updated_at = now()
     where id = :id
     returning *`,
    { id },
  );
  return onlyRow(rows);
}

/** One port that is in a group and one other group whose rules name it as remote, of those there are. */
export interface GroupUse {
  readonly port_id: string | null;
  readonly remote_of: string | null;
}

/**
 * Served by port_security_groups_members and security_group_rules_remotes. The members are a range of that index: by a group that is
 * equal, the primary key would be in the right order, too, through all groups.
 */
export async function findGroupUse(trx: Knex, id: string): Promise<GroupUse> {
  const rows = await queryRows<GroupUse>(
    trx,
    `select
       (
         select port_id
         from port_security_groups
         where (security_group_id, port_id) >= (cast(:id as uuid), cast(:first as uuid))
         and (security_group_id, port_id) <= (cast(:id as uuid), cast(:last as uuid))
         order by security_group_id, port_id
         limit 1
       ) as port_id,
       (
         select min(cast(security_group_id as text))
         from security_group_rules
         where remote_group_id = :id
         and security_group_id <> :id
       ) as remote_of`,
    { id, first: NIL, last: MAX },
  );
  return onlyRow(rows);
}

/** Removes a group without rules; the constraints refuse while ports or rules use it. */
export async function deleteGroupRow(trx: Knex, id: string): Promise<void> {
  await queryRows(trx, 'delete from security_groups where id = :id', { id });
}

/** As on the wire. */
export function toGroup(row: GroupRow): SecurityGroup {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    tags: [...row.tags],
    isDefault: row.is_default,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
