import { pageClauses, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { onlyRow, queryRows } from '../rows.ts';
import type { RuleContent, RuleRow } from './rules.ts';

/** A rule that is being made. */
export type NewRule = Omit<RuleRow, 'created_at'>;

/** The columns that say what a rule lets through: two rules of a group differ in one of them. */
const contentColumns = [
  'direction',
  'ether_type',
  'protocol',
  'port_min',
  'port_max',
  'icmp_type',
  'icmp_code',
  'remote_cidr',
  'remote_group_id',
] as const satisfies readonly (keyof RuleContent)[];

/** Writes new rules of locked groups, leaving out those that a group has already, by security_group_rules_content. */
export function insertRules(trx: Knex, rules: readonly NewRule[]): Promise<RuleRow[]> {
  const columns = ['id', 'security_group_id', 'project_id', ...contentColumns, 'description'].join(', ');
  return queryRows<RuleRow>(
    trx,
    `insert into security_group_rules (${columns})
     select ${columns}
     from jsonb_to_recordset(cast(:rules as jsonb)) as made (
       id uuid,
       security_group_id uuid,
       project_id uuid,
       direction text,
       ether_type text,
       protocol smallint,
       port_min integer,
       port_max integer,
       icmp_type smallint,
       icmp_code smallint,
       remote_cidr cidr,
       remote_group_id uuid,
       description text
     )
     on conflict do nothing
     returning *`,
    { rules: JSON.stringify(rules) },
  );
}

/** The rule of a group that lets the same through. Looks at all rules of the group, by security_group_rules_list. */
export async function findSameRule(
  connection: Knex,
  groupId: string,
  content: RuleContent,
): Promise<string | undefined> {
  const rows = await queryRows<{ id: string }>(
    connection,
    `select security_group_rules.id
     from security_group_rules
     join jsonb_to_record(cast(:content as jsonb)) as wanted (
       direction text,
       ether_type text,
       protocol smallint,
       port_min integer,
       port_max integer,
       icmp_type smallint,
       icmp_code smallint,
       remote_cidr cidr,
       remote_group_id uuid
     ) on ${contentColumns.map((column) => `wanted.${column} is not distinct from security_group_rules.${column}`).join('\n     and ')}
     where security_group_id = :groupId`,
    { groupId, content: JSON.stringify(content) },
  );
  return rows[0]?.id;
}

/** True when a group has so many rules. Looks at no more of them, by security_group_rules_list. */
export async function hasRules(trx: Knex, groupId: string, count: number): Promise<boolean> {
  const rows = await queryRows<{ count: number }>(
    trx,
    `select count(*) as count
     from (select from security_group_rules where security_group_id = :groupId limit :count) as first_rules`,
    { groupId, count },
  );
  return onlyRow(rows).count >= count;
}

/** One page of a group's rules. Served by security_group_rules_list. */
export function selectRules(
  connection: Knex,
  { groupId, direction }: { readonly groupId: string; readonly direction?: RuleContent['direction'] },
  page: PageRequest,
): Promise<RuleRow[]> {
  const { condition, order, bindings } = pageClauses(page, { id: 'id' });
  return queryRows<RuleRow>(
    connection,
    `select *
     from security_group_rules
     where security_group_id = :groupId
     ${direction === undefined ? '' : 'and direction = :direction'}
     and ${condition}
     order by ${order}
     limit :pageLimit`,
    { ...bindings, groupId, ...(direction === undefined ? {} : { direction }) },
  );
}

/** One rule of a group. By primary key. */
export async function findRule(connection: Knex, groupId: string, id: string): Promise<RuleRow | undefined> {
  const rows = await queryRows<RuleRow>(
    connection,
    'select * from security_group_rules where id = :id and security_group_id = :groupId',
    { id, groupId },
  );
  return rows[0];
}

/** Removes a rule of a locked group; false when it has no such rule. By primary key. */
export async function deleteRule(trx: Knex, groupId: string, id: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    'delete from security_group_rules where id = :id and security_group_id = :groupId returning id',
    { id, groupId },
  );
  return rows.length > 0;
}

/** Removes all rules of a locked group and says how many they were. By security_group_rules_list. */
export async function deleteRules(trx: Knex, groupId: string): Promise<number> {
  const rows = await queryRows<{ count: number }>(
    trx,
    `with gone as (
       delete from security_group_rules
       where security_group_id = :groupId
       returning id
     )
     select count(*) as count from gone`,
    { groupId },
  );
  return onlyRow(rows).count;
}
