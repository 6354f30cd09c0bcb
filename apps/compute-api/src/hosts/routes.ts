import type { HostRegistration } from '@patchpanel/contract-compute-southbound';
import { serviceOperation, userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { getHost, listHosts, registerHost, sendHeartbeat } from './service.ts';

/** For administrators. */
export function hostOperations(parts: Parts): OperationHandlers {
  return {
    listHosts: userOperation<{ query: { limit?: number; pageToken?: string } }>(
      async ({ caller, query }) => ({
        status: 200,
        body: await listHosts(parts, caller, query),
      }),
    ),
    getHost: userOperation<{ params: { hostName: string } }>(async ({ caller, params }) => ({
      status: 200,
      body: await getHost(parts, caller, params.hostName),
    })),
  };
}

/** For the hosts themselves. */
export function hostSouthboundOperations(parts: Parts): OperationHandlers {
  return {
    registerHost: serviceOperation<{ body: HostRegistration }>(async ({ caller, body }) => ({
      status: 200,
      body: await registerHost(parts, caller, body),
    })),
    sendHeartbeat: serviceOperation(async ({ caller }) => {
      await sendHeartbeat(parts, caller);
      return { status: 204 };
    }),
  };
}
