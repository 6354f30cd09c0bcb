import type { InstanceInput, InstanceStatus } from '@patchpanel/contract-compute';
import { userOperation, type OperationHandlers, type RegisteredOperation } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { createInstance, getInstance, listInstances, orderInstance } from './service.ts';
import type { Order } from './state-machine.ts';

interface OneInstance {
  readonly params: { readonly instanceId: string };
}

export function instanceOperations(parts: Parts): OperationHandlers {
  const taking = (order: Order): RegisteredOperation =>
    userOperation<OneInstance>(async ({ caller, params, ifMatch }) => ({
      status: 202,
      body: await orderInstance(parts, caller, params.instanceId, order, ifMatch),
    }));
  return {
    createInstance: userOperation<{ body: InstanceInput }>(({ caller, body, idempotency }) =>
      createInstance(parts, caller, body, idempotency),
    ),
    listInstances: userOperation<{ query: { limit?: number; pageToken?: string; status?: InstanceStatus } }>(
      async ({ caller, query }) => ({ status: 200, body: await listInstances(parts, caller, query) }),
    ),
    getInstance: userOperation<OneInstance>(async ({ caller, params }) => ({
      status: 200,
      body: await getInstance(parts, caller, params.instanceId),
    })),
    startInstance: taking('start'),
    stopInstance: taking('stop'),
    deleteInstance: taking('delete'),
  };
}
