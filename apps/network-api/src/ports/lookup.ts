import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { findPort, lockPort, type PortRow } from './store.ts';

/** What a caller is about to do with a port. */
export type PortAction = 'read' | 'plug' | 'unplug' | 'delete';

/**
 * Gives a port that the caller may do this with; for anything but reading it is locked, with all that hangs on it. Throws
 * `port-not-found` for any other, in the same words whether it exists or not.
 */
export async function lookUpPort(
  connection: Knex,
  caller: UserCaller,
  action: PortAction,
  id: string,
): Promise<PortRow> {
  const isThere = action === 'read' || (await lockPort(connection, caller.projectId, id));
  const row = isThere ? await findPort(connection, caller.projectId, id) : undefined;
  if (!row) throw problem('port-not-found', `There is no port ${id} in your project.`);
  return row;
}
