import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { findNetwork, type NetworkLock, type NetworkRow } from './store.ts';

/** What a caller is about to do with a network. */
export type NetworkAction = 'read' | 'add-port' | 'plug' | 'add-subnet' | 'delete';

const lockFor: Readonly<Record<NetworkAction, NetworkLock>> = {
  read: 'none',
  plug: 'none',
  'add-port': 'against-deletion',
  'add-subnet': 'against-other-changes',
  delete: 'alone',
};

/**
 * Gives a network that the caller may do this with, locked as the action needs. Throws `network-not-found` for any other,
 * in the same words whether it exists or not.
 */
export async function lookUpNetwork(
  connection: Knex,
  caller: UserCaller,
  action: NetworkAction,
  id: string,
): Promise<NetworkRow> {
  const row = await findNetwork(connection, caller.projectId, id, lockFor[action]);
  if (!row) throw problem('network-not-found', `There is no network ${id} in your project.`);
  return row;
}
