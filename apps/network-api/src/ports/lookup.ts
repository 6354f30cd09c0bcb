import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { findPorts, lockPortsOf, type PortRow } from './store.ts';

/** What a caller is about to do with a port. */
export type PortAction = 'read' | 'plug' | 'unplug' | 'update' | 'delete';

/** Someone who asks for a port. */
export interface PortAsked {
  readonly caller: UserCaller;
  readonly portId: string;
}

/**
 * Reads many ports at once, for anything but reading locked with all that hangs on them, and gives the function that hands out
 * those that the caller may do this with. It throws `port-not-found` for any other, in the same words whether it exists or not.
 */
export async function lookUpPorts(
  connection: Knex,
  asked: readonly PortAsked[],
  action: PortAction,
): Promise<(asked: PortAsked) => PortRow> {
  const wanted = asked.map(({ caller, portId }) => ({ id: portId, projectId: caller.projectId }));
  if (action !== 'read') await lockPortsOf(connection, wanted);
  const rows = await findPorts(
    connection,
    wanted.map(({ id }) => id),
  );
  return ({ caller, portId }) => {
    const row = rows.get(portId);
    if (row?.project_id === caller.projectId) return row;
    throw problem('port-not-found', `There is no port ${portId} in your project.`);
  };
}

/** The same for one port. */
export async function lookUpPort(
  connection: Knex,
  caller: UserCaller,
  action: PortAction,
  portId: string,
): Promise<PortRow> {
  const portOf = await lookUpPorts(connection, [{ caller, portId }], action);
  return portOf({ caller, portId });
}
