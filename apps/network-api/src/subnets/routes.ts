import type { SubnetInput, SubnetPatch } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import {
  createSubnet,
  deleteSubnet,
  getSubnet,
  listSubnets,
  updateSubnet,
  type SubnetQuery,
} from './service.ts';
import { getSubnetUsage } from './usage.ts';

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
    listSubnets: userOperation<{ query: SubnetQuery }>(async ({ query, caller }) => ({
      status: 200,
      body: await listSubnets(parts, caller, query),
    })),
    getSubnet: userOperation<{ params: SubnetPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getSubnet(parts, caller, params.subnetId),
    })),
    updateSubnet: userOperation<{ params: SubnetPath; body: SubnetPatch }>(
      async ({ params, body, caller, ifMatch }) => ({
        status: 200,
        body: await updateSubnet(parts, caller, params.subnetId, body, ifMatch),
      }),
    ),
    deleteSubnet: userOperation<{ params: SubnetPath }>(async ({ params, caller, ifMatch }) => {
      await deleteSubnet(parts, caller, params.subnetId, ifMatch);
      return { status: 204 };
    }),
    getSubnetUsage: userOperation<{ params: SubnetPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getSubnetUsage(parts, caller, params.subnetId),
    })),
  };
}
