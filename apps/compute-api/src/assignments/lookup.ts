import type { ServiceCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { InstanceRow } from '../instances/store.ts';
import { southboundProblem } from '../problems.ts';
import { lockAssigned, selectAssigned } from './store.ts';

/**
 * An instance on the caller's host, locked when it is to be changed. Throws `assignment-not-found`, whether it is on
 * another host, on none, or does not exist.
 */
export async function lookUpAssignment(
  connection: Knex,
  caller: ServiceCaller,
  action: 'read' | 'change',
  instanceId: string,
): Promise<InstanceRow> {
  const find = action === 'read' ? selectAssigned : lockAssigned;
  const row = await find(connection, caller.host, instanceId);
  if (!row) {
    throw southboundProblem('assignment-not-found', `Instance ${instanceId} is not assigned to this host.`);
  }
  return row;
}
