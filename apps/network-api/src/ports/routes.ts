import type { PortInput, PortsInput, PortStatus } from '@patchpanel/contract-network';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { createPort, createPorts, deletePort, getPort, listPorts } from './service.ts';

interface PortPath {
  readonly portId: string;
}

interface NetworkPath {
  readonly networkId: string;
}

interface PortQuery {
  readonly limit?: number;
  readonly pageToken?: string;
  readonly networkId?: string;
  readonly vnicId?: string;
  readonly status?: PortStatus;
}

/** The operations on ports. */
export function portOperations(parts: Parts): OperationHandlers {
  return {
    createPort: userOperation<{ params: NetworkPath; body: PortInput }>(
      ({ params, body, caller, idempotency }) =>
        createPort(parts, caller, params.networkId, body, idempotency),
    ),
    createPorts: userOperation<{ params: NetworkPath; body: PortsInput }>(
      ({ params, body, caller, idempotency }) =>
        createPorts(parts, caller, params.networkId, body.ports, idempotency),
    ),
    listPorts: userOperation<{ query: PortQuery }>(async ({ query, caller }) => ({
      status: 200,
      body: await listPorts(parts, caller, query),
    })),
    getPort: userOperation<{ params: PortPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getPort(parts, caller, params.portId),
    })),
    deletePort: userOperation<{ params: PortPath }>(async ({ params, caller, ifMatch }) => {
      await deletePort(parts, caller, params.portId, ifMatch);
      return { status: 204 };
    }),
  };
}
