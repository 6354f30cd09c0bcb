import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import {
  findNetwork,
  findVisibleNetwork,
  type NetworkLock,
  type NetworkRow,
  type WholeNetworkRow,
} from './store.ts';

/** What only a network's owner may do with it. */
export type OwnerAction =
  'see-as-owner' | 'share' | 'unshare' | 'add-subnet' | 'update' | 'update-and-unshare' | 'delete';

interface Rule {
  readonly lock: NetworkLock;
  /** Not in a network that is on its way out. */
  readonly isRefusedWhenDeleting?: true;
}

/** `alone` also waits for those who make ports there, and keeps others from it; the rest does not. */
const rules: Readonly<Record<OwnerAction, Rule>> = {
  'see-as-owner': { lock: 'none' },
  'add-subnet': { lock: 'against-other-changes', isRefusedWhenDeleting: true },
  update: { lock: 'against-other-changes', isRefusedWhenDeleting: true },
  share: { lock: 'against-other-changes', isRefusedWhenDeleting: true },
  'update-and-unshare': { lock: 'alone', isRefusedWhenDeleting: true },
  unshare: { lock: 'alone' },
  delete: { lock: 'alone' },
};

/**
 * Gives the caller's own network, locked as the action needs. Those with whom a network is shared get `network-owner-required`, and
 * all others `network-not-found`, in the same words whether it exists or not. Making ports and plugging, which is for those with
 * whom it is shared, too, goes by `lookUpNetworks`.
 */
export async function lookUpNetwork(
  connection: Knex,
  caller: UserCaller,
  action: OwnerAction,
  id: string,
): Promise<NetworkRow> {
  const { lock, isRefusedWhenDeleting } = rules[action];
  const row = await findNetwork(connection, caller.projectId, id, lock);
  if (!row) throw await refusal(connection, caller, id);
  if (isRefusedWhenDeleting && row.status === 'deleting') {
    throw problem('network-deleting', 'The network is being deleted. Choose another one.');
  }
  return row;
}

/** Gives a network that the caller may read, as a whole. Throws like `lookUpNetwork`. */
export async function readVisibleNetwork(
  connection: Knex,
  caller: UserCaller,
  id: string,
): Promise<WholeNetworkRow> {
  const row = await findVisibleNetwork(connection, caller.projectId, id);
  if (!row) throw networkNotFound(id);
  return row;
}

function networkNotFound(id: string): Error {
  return problem('network-not-found', `There is no network ${id} in your project.`);
}

/** What is told to someone who is not the owner. No lock is taken on what is not theirs. */
async function refusal(connection: Knex, caller: UserCaller, id: string): Promise<Error> {
  if (!(await findVisibleNetwork(connection, caller.projectId, id))) return networkNotFound(id);
  return ownerRequired();
}

/** Says that somebody who sees the network is not its owner. */
export function ownerRequired(): Error {
  return problem(
    'network-owner-required',
    'The network is shared with your project. Only the project that owns it may do this: ask there.',
  );
}
