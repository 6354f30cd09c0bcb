import type { PortInput, PortPatch, PortsInput } from '@patchpanel/contract-network';
import { userOperation, type Metrics, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import type { PortQuery } from './list.ts';
import { openPortService } from './service.ts';

interface PortPath {
  readonly portId: string;
}

interface NetworkPath {
  readonly networkId: string;
}

/** The operations on ports. */
export function portOperations(parts: Parts & { readonly metrics: Metrics }): OperationHandlers {
  const ports = openPortService(parts);
  return {
    createPort: userOperation<{ params: NetworkPath; body: PortInput }>(
      ({ params, body, caller, idempotency }) => ports.create(caller, params.networkId, body, idempotency),
    ),
    createPorts: userOperation<{ params: NetworkPath; body: PortsInput }>(
      ({ params, body, caller, idempotency }) =>
        ports.createMany(caller, params.networkId, body.ports, idempotency),
    ),
    listPorts: userOperation<{ query: PortQuery }>(async ({ query, caller }) => ({
      status: 200,
      body: await ports.list(caller, query),
    })),
    getPort: userOperation<{ params: PortPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await ports.get(caller, params.portId),
    })),
    updatePort: userOperation<{ params: PortPath; body: PortPatch }>(
      async ({ params, body, caller, ifMatch }) => ({
        status: 200,
        body: await ports.update(caller, params.portId, body, ifMatch),
      }),
    ),
    deletePort: userOperation<{ params: PortPath }>(async ({ params, caller, ifMatch }) => {
      await ports.delete(caller, params.portId, ifMatch);
      return { status: 204 };
    }),
  };
}
