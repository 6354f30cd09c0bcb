import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { findSubnet, type SubnetRow } from './store.ts';

/** What a caller is about to do with a subnet. */
export type SubnetAction = 'read' | 'delete';

/**
 * Gives a subnet that the caller may do this with, locked as the action needs. Throws `subnet-not-found` for any other, in
 * the same words whether it exists or not.
 */
export async function lookUpSubnet(
  connection: Knex,
  caller: UserCaller,
  action: SubnetAction,
  id: string,
): Promise<SubnetRow> {
  const row = await findSubnet(connection, caller.projectId, id, action === 'delete' ? 'alone' : 'none');
  if (!row) throw problem('subnet-not-found', `There is no subnet ${id} in your project.`);
  return row;
}
