import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { findGroup, type GroupLock, type GroupRow } from './store.ts';
import { groupNotFound } from './membership.ts';

/** What a caller is about to do with a group. */
export type GroupAction = 'read' | 'name-as-remote' | 'update' | 'change-rules' | 'delete';

const lockFor: Readonly<Record<GroupAction, GroupLock>> = {
  read: 'none',
  'name-as-remote': 'against-deletion',
  update: 'against-other-changes',
  'change-rules': 'against-other-changes',
  delete: 'alone',
};

/**
 * Gives a group that the caller may do this with, locked as the action needs. Throws `security-group-not-found` for any other, in
 * the same words whether it exists or not; `pointer` is where the request names it, if not by its path.
 */
export async function lookUpGroup(
  connection: Knex,
  caller: UserCaller,
  action: GroupAction,
  id: string,
  pointer?: string,
): Promise<GroupRow> {
  const row = await findGroup(connection, caller.projectId, id, lockFor[action]);
  if (!row) throw groupNotFound(id, pointer);
  return row;
}
