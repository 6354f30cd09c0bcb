import type { NetworkInput, NetworkPatch } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import {
  createNetwork,
  deleteNetwork,
  getNetwork,
  listNetworks,
  updateNetwork,
  type NetworkQuery,
} from './service.ts';

interface NetworkPath {
  readonly networkId: string;
}

/** The operations on networks. */
export function networkOperations(parts: Parts): OperationHandlers {
  return {
    createNetwork: userOperation<{ body: NetworkInput }>(({ body, caller, idempotency }) =>
      createNetwork(parts, caller, body, idempotency),
    ),
    listNetworks: userOperation<{ query: NetworkQuery }>(async ({ query, caller }) => ({
      status: 200,
      body: await listNetworks(parts, caller, query),
    })),
    getNetwork: userOperation<{ params: NetworkPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getNetwork(parts, caller, params.networkId),
    })),
    updateNetwork: userOperation<{ params: NetworkPath; body: NetworkPatch }>(
      async ({ params, body, caller, ifMatch }) => ({
        status: 200,
        body: await updateNetwork(parts, caller, params.networkId, body, ifMatch),
      }),
    ),
    deleteNetwork: userOperation<{ params: NetworkPath }>(async ({ params, caller, ifMatch }) => {
      await deleteNetwork(parts, caller, params.networkId, ifMatch);
      return { status: 204 };
    }),
  };
}
