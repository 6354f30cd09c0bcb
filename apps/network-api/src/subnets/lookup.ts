import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { ownerRequired } from '../networks/lookup.ts';
import { findNetwork, type NetworkRow } from '../networks/store.ts';
import { problem } from '../problems.ts';
import { findVisibleSubnet, lockSubnet, type SubnetRow } from './store.ts';

/** What a network's owner is about to do with a subnet. */
export type SubnetAction = 'update' | 'delete';

/**
 * Gives a subnet of a network that the caller sees. Throws `subnet-not-found` for any other, in the same words whether it exists
 * or not.
 */
export async function readVisibleSubnet(
  connection: Knex,
  caller: UserCaller,
  id: string,
): Promise<SubnetRow> {
  const row = await findVisibleSubnet(connection, caller.projectId, id);
  if (!row) throw subnetNotFound(id);
  return row;
}

/**
 * Gives a subnet with its network, which the caller owns: the network locked against other changes, then the subnet against
 * changes of its addresses, or alone. Throws `network-owner-required` for those with whom it is shared, and otherwise like
 * `readVisibleSubnet`.
 */
export async function lookUpSubnet(
  trx: Knex,
  caller: UserCaller,
  action: SubnetAction,
  id: string,
): Promise<{ network: NetworkRow; subnet: SubnetRow }> {
  const seen = await readVisibleSubnet(trx, caller, id);
  if (seen.project_id !== caller.projectId) throw ownerRequired();
  const network = await findNetwork(trx, caller.projectId, seen.network_id, 'against-other-changes');
  const subnet = await lockSubnet(trx, id, action === 'delete' ? 'alone' : 'addresses');
  if (!network || !subnet) throw subnetNotFound(id);
  return { network, subnet };
}

/** Says that there is no such subnet, whether it is another project's or none at all. */
export function subnetNotFound(id: string): Error {
  return problem('subnet-not-found', `There is no subnet ${id} in your project.`);
}
