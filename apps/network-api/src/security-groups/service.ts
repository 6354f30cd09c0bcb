import type {
  SecurityGroup,
  SecurityGroupInput,
  SecurityGroupList,
  SecurityGroupPatch,
} from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
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
import { withConstraints } from '../constraints.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { lockQuotas, reserveQuota, returnQuota } from '../quotas/store.ts';
import { onlyRow } from '../rows.ts';
import { changeTags, normaliseTags, removeTags, writeTags } from '../tags/store.ts';
import { defaultGroupOf, findDefaultGroups } from './default-groups.ts';
import { groupEvent } from './events.ts';
import { lookUpGroup } from './lookup.ts';
import { deleteRules, insertRules } from './rule-store.ts';
import { ruleForAll } from './rules.ts';
import {
  changeGroup,
  deleteGroupRow,
  findGroupUse,
  insertGroups,
  selectGroups,
  toGroup,
  type GroupChange,
  type GroupFilters,
  type GroupRow,
} from './store.ts';

/** Which groups to list, and which page of them. */
export type GroupQuery = PageQuery & Omit<GroupFilters, 'projectId'>;

/** What a group starts with: everything may go out. */
const firstRules = [ruleForAll('egress', 'ipv4'), ruleForAll('egress', 'ipv6')];

/** Makes a group without members. */
export function createSecurityGroup(
  parts: Parts,
  { projectId }: UserCaller,
  input: SecurityGroupInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => {
    await reserveQuota(trx, parts, projectId, 'securityGroupRules', firstRules.length);
    await reserveQuota(trx, parts, projectId, 'securityGroups', 1);
    const draft = {
      id: newId(),
      project_id: projectId,
      name: input.name ?? '',
      description: input.description ?? '',
      tags: normaliseTags(input.tags),
      is_default: false,
    };
    const row = onlyRow(await insertGroups(trx, [draft]));
    const common = { security_group_id: row.id, project_id: projectId, description: '' };
    await insertRules(
      trx,
      firstRules.map((rule) => ({ ...rule, ...common, id: newId() })),
    );
    await writeTags(trx, 'security-group', projectId, [row]);
    await appendEvents(trx, [groupEvent(row, 'created')]);
    return created(`/v1/security-groups/${row.id}`, toGroup(row));
  });
}

/** Lists the project's groups. The default one is among them, though nobody has needed it yet. */
export async function listSecurityGroups(
  parts: Parts,
  { projectId }: UserCaller,
  query: GroupQuery,
): Promise<SecurityGroupList> {
  const { limit, pageToken, sort, ...asked } = query;
  const filters = { ...asked, projectId };
  const page = readPageRequest({ limit, pageToken, sort }, filters);
  await haveDefaultGroup(parts, projectId);
  return toPage(await selectGroups(parts.database.knex, filters, page), page, toGroup);
}

/** Gives one group. */
export async function getSecurityGroup(
  { database }: Parts,
  caller: UserCaller,
  id: string,
): Promise<SecurityGroup> {
  return toGroup(await lookUpGroup(database.knex, caller, 'read', id));
}

/** Changes what is named of a group; one that is as it should be already stays as it is. Hosts need not hear of it. */
export function updateSecurityGroup(
  { database }: Parts,
  caller: UserCaller,
  id: string,
  patch: SecurityGroupPatch,
  ifMatch: string | undefined,
): Promise<SecurityGroup> {
  return inTransaction(database, async (trx) => {
    const row = await lookUpGroup(trx, caller, 'update', id);
    checkIfMatch(ifMatch, row.revision);
    const change: GroupChange = {
      name: patch.name ?? row.name,
      description: patch.description ?? row.description,
      tags: patch.tags === undefined ? row.tags : normaliseTags(patch.tags),
    };
    if (!isChanged(row, change)) return toGroup(row);
    const changed = await changeGroup(trx, row.id, change);
    await changeTags(trx, 'security-group', row.project_id, row.id, { before: row.tags, after: change.tags });
    await appendEvents(trx, [groupEvent(changed, 'updated')]);
    return toGroup(changed);
  });
}

/** Deletes a group that neither ports nor rules of other groups use. Whoever is about to use it is waited for. */
export function deleteSecurityGroup(
  { database }: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    await lockQuotas(trx, 'securityGroupRules', [caller.projectId]);
    await lockQuotas(trx, 'securityGroups', [caller.projectId]);
    const row = await lookUpGroup(trx, caller, 'delete', id);
    checkIfMatch(ifMatch, row.revision);
    if (row.is_default) {
      throw problem(
        'default-security-group',
        'The group is what ports of the project get that name none. Delete or change its rules instead.',
      );
    }
    await refuseUsed(trx, row);
    await returnQuota(trx, row.project_id, 'securityGroupRules', await deleteRules(trx, row.id));
    await returnQuota(trx, row.project_id, 'securityGroups', 1);
    if (row.tags.length > 0) await removeTags(trx, [row.id]);
    await withConstraints(() => deleteGroupRow(trx, row.id));
    await appendEvents(trx, [groupEvent({ ...row, revision: row.revision + 1 }, 'deleted')]);
  });
}

async function haveDefaultGroup({ database }: Parts, projectId: string): Promise<void> {
  const found = await findDefaultGroups(database.knex, [projectId]);
  if (found.size > 0) return;
  await inTransaction(database, async (trx) => {
    const { events } = await defaultGroupOf(trx, projectId);
    await appendEvents(trx, events);
  });
}

async function refuseUsed(trx: Knex, { id }: GroupRow): Promise<void> {
  const { port_id: portId, remote_of: remoteOf } = await findGroupUse(trx, id);
  if (portId !== null) {
    throw problem(
      'security-group-in-use',
      `Port ${portId}, and perhaps others, is in the group. Take the ports out of it first.`,
    );
  }
  if (remoteOf !== null) {
    throw problem(
      'security-group-in-use',
      `A rule of security group ${remoteOf}, and perhaps others, names the group as remote. Delete the rules first.`,
    );
  }
}

function isChanged(row: GroupRow, change: GroupChange): boolean {
  return (
    row.name !== change.name ||
    row.description !== change.description ||
    row.tags.join() !== change.tags.join()
  );
}
