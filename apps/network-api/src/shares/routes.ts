import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { listNetworkShares, shareNetwork, unshareNetwork } from './service.ts';

interface NetworkPath {
  readonly networkId: string;
}

interface SharePath extends NetworkPath {
  readonly projectId: string;
}

/** The operations on whom networks are shared with. */
export function shareOperations(parts: Parts): OperationHandlers {
  return {
    listNetworkShares: userOperation<{ params: NetworkPath; query: { limit?: number; pageToken?: string } }>(
      async ({ params, query, caller }) => ({
        status: 200,
        body: await listNetworkShares(parts, caller, params.networkId, query),
      }),
    ),
    shareNetwork: userOperation<{ params: SharePath }>(async ({ params, caller }) => {
      const { networkId, projectId } = params;
      const { share, isNew } = await shareNetwork(parts, caller, networkId, projectId);
      if (!isNew) return { status: 200, body: share };
      return {
        status: 201,
        body: share,
        headers: { location: `/v1/networks/${networkId}/shares/${projectId}` },
      };
    }),
    unshareNetwork: userOperation<{ params: SharePath }>(async ({ params, caller }) => {
      await unshareNetwork(parts, caller, params.networkId, params.projectId);
      return { status: 204 };
    }),
  };
}
