import type { NetworkInput, NetworkPatch } from '@patchpanel/contract-network';
import type { ServerProvider } from '@patchpanel/provider';
import { commonProblem, hasRole, type UserCaller } from '@patchpanel/service-kit';
import { v7 as newId } from 'uuid';
import type { Parts } from '../parts.ts';
import { invalidRequest } from '../problems.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { requireFeatures } from '../providers/features.ts';
import { normaliseTags } from '../tags/store.ts';
import { toNetworkContext, type NetworkChange, type NetworkRow, type NewNetwork } from './store.ts';

/** Smallest MTU of a link with IPv6 (RFC 8200 §5), in bytes. */
export const smallestMtuOfIpv6 = 1280;

/** Works out a new network. Throws when its provider can't realise it, or the caller may not have it so. */
export function draftNetwork({ providers }: Parts, caller: UserCaller, input: NetworkInput): NewNetwork {
  const name = input.provider ?? providers.defaultName;
  if (!providers.names.includes(name)) {
    throw invalidRequest([{ pointer: '/provider', detail: `must be one of ${providers.names.join(', ')}` }]);
  }
  const provider = providers.ofNetwork({ provider: name });
  const draft: NewNetwork = {
    id: newId(),
    project_id: caller.projectId,
    name: input.name ?? '',
    description: input.description ?? '',
    tags: normaliseTags(input.tags),
    provider: name,
    provider_options: input.providerOptions ?? null,
    mtu: input.mtu ?? provider.capabilities().defaultMtu,
    admin_state: input.adminState ?? 'up',
    is_shared_with_all: input.isSharedWithAll ?? false,
  };
  checkMtu(provider, draft.mtu);
  providers.checkNetwork(name, toNetworkContext({ ...draft, allocations: {} }));
  if (draft.is_shared_with_all) requireOperator(caller);
  requireAdminState(provider, draft.admin_state);
  return draft;
}

/** Works out what a patch makes of a network. Throws when its provider can't realise that, or the caller may not do it. */
export function draftChange(
  { providers }: Parts,
  caller: UserCaller,
  row: NetworkRow,
  patch: NetworkPatch,
): NetworkChange {
  const provider = providers.ofNetwork(row);
  const mtu = patch.mtu === null ? provider.capabilities().defaultMtu : (patch.mtu ?? row.mtu);
  const change: NetworkChange = {
    name: patch.name ?? row.name,
    description: patch.description ?? row.description,
    tags: patch.tags === undefined ? row.tags : normaliseTags(patch.tags),
    mtu,
    admin_state: patch.adminState ?? row.admin_state,
    is_shared_with_all: patch.isSharedWithAll ?? row.is_shared_with_all,
  };
  if (isWiringChanged(row, change)) {
    if (mtu !== row.mtu) checkMtu(provider, mtu);
    refuseIssues(provider.validateNetwork(toNetworkContext({ ...row, ...change })));
  }
  if (change.is_shared_with_all !== row.is_shared_with_all) requireOperator(caller);
  if (change.admin_state !== row.admin_state) requireAdminState(provider, change.admin_state);
  return change;
}

/** Whether hosts must hear of the change. */
export function isWiringChanged(
  row: Pick<NetworkRow, 'mtu' | 'admin_state'>,
  change: Pick<NetworkChange, 'mtu' | 'admin_state'>,
): boolean {
  return row.mtu !== change.mtu || row.admin_state !== change.admin_state;
}

/** Whether the change changes anything. */
export function isChanged(row: NetworkRow, change: NetworkChange): boolean {
  return (
    isWiringChanged(row, change) ||
    row.name !== change.name ||
    row.description !== change.description ||
    row.is_shared_with_all !== change.is_shared_with_all ||
    row.tags.join() !== change.tags.join()
  );
}

function checkMtu(provider: ServerProvider, mtu: number): void {
  const { maxMtu } = provider.capabilities();
  if (mtu <= maxMtu) return;
  throw invalidRequest([
    {
      pointer: '/mtu',
      detail: `must not be more than ${maxMtu}, the most that the provider ${provider.name} carries`,
    },
  ]);
}

function requireAdminState(provider: ServerProvider, adminState: 'up' | 'down'): void {
  if (adminState === 'up') return;
  requireFeatures(provider, [{ feature: 'port-admin-state', pointer: '/adminState' }]);
}

function requireOperator(caller: UserCaller): void {
  if (hasRole(caller, 'admin')) return;
  throw commonProblem(
    'forbidden',
    'To share a network with all projects, or no longer, takes the role admin.',
  );
}
