import type { Problem, UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { findPorts, findPortViews, lockPortsOf, type PortRow, type PortView } from './store.ts';

/** What a caller is about to do with a port. */
export type PortAction = 'read' | 'plug' | 'unplug' | 'update' | 'delete';

/** Someone who asks for a port. */
export interface PortAsked {
  readonly caller: UserCaller;
  readonly portId: string;
}

/**
 * Locks many ports at once, with all that hangs on them, reads them and gives the function that hands out those that the caller
 * may do this with. It throws `port-not-found` for any other, in the same words whether it exists or not.
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
  return handOut(rows, (row) => row.project_id);
}

/** The same for those who only look. */
export async function lookAtPorts(
  connection: Knex,
  asked: readonly PortAsked[],
): Promise<(asked: PortAsked) => PortView> {
  const views = await findPortViews(
    connection,
    asked.map(({ portId }) => portId),
  );
  return handOut(views, ({ content }) => content.projectId);
}

function handOut<Row>(
  rows: ReadonlyMap<string, Row>,
  projectOf: (row: Row) => string,
): (asked: PortAsked) => Row {
  return ({ caller, portId }) => {
    const row = rows.get(portId);
    if (row && projectOf(row) === caller.projectId) return row;
    throw portNotFound(portId);
  };
}

/** The same words whether there is such a port elsewhere or not. */
export function portNotFound(portId: string): Problem {
  return problem('port-not-found', `There is no port ${portId} in your project.`);
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
