import type { NetworkInput } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { createNetwork, deleteNetwork, getNetwork, listNetworks } from './service.ts';

interface NetworkPath {
  readonly networkId: string;
}

/** The operations on networks. */
export function networkOperations(parts: Parts): OperationHandlers {
  return {
    createNetwork: userOperation<{ body: NetworkInput }>(({ body, caller, idempotency }) =>
      createNetwork(parts, caller, body, idempotency),
    ),
    listNetworks: userOperation<{ query: { limit?: number; pageToken?: string; name?: string } }>(
      async ({ query, caller }) => ({ status: 200, body: await listNetworks(parts, caller, query) }),
    ),
    getNetwork: userOperation<{ params: NetworkPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getNetwork(parts, caller, params.networkId),
    })),
    deleteNetwork: userOperation<{ params: NetworkPath }>(async ({ params, caller, ifMatch }) => {
      await deleteNetwork(parts, caller, params.networkId, ifMatch);
      return { status: 204 };
    }),
  };
}
