import type { SubnetInput } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { createSubnet, deleteSubnet, getSubnet, listSubnets } from './service.ts';

interface SubnetPath {
  readonly subnetId: string;
}

/** The operations on subnets. */
export function subnetOperations(parts: Parts): OperationHandlers {
  return {
    createSubnet: userOperation<{ params: { networkId: string }; body: SubnetInput }>(
      ({ params, body, caller, idempotency }) =>
        createSubnet(parts, caller, params.networkId, body, idempotency),
    ),
    listSubnets: userOperation<{ query: { limit?: number; pageToken?: string; networkId?: string } }>(
      async ({ query, caller }) => ({ status: 200, body: await listSubnets(parts, caller, query) }),
    ),
    getSubnet: userOperation<{ params: SubnetPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getSubnet(parts, caller, params.subnetId),
    })),
    deleteSubnet: userOperation<{ params: SubnetPath }>(async ({ params, caller, ifMatch }) => {
      await deleteSubnet(parts, caller, params.subnetId, ifMatch);
      return { status: 204 };
    }),
  };
}
