import type { BindingClaim, BindingReport } from '@patchpanel/contract-network-southbound';
import { created, serviceOperation, userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { releasePortBinding } from './release.ts';
import {
  claimBinding,
  getBinding,
  listBindings,
  releaseBinding,
  reportBindingStatus,
  resolveAttachment,
} from './service.ts';

interface BindingPath {
  readonly bindingId: string;
}

/** What agents ask about attachments, and do with bindings. */
export function bindingOperations(parts: Parts): OperationHandlers {
  return {
    resolveAttachment: serviceOperation<{ params: { projectId: string; vnicId: string } }>(
      async ({ params, caller }) => ({
        status: 200,
        body: await resolveAttachment(parts, caller, params.projectId, params.vnicId),
      }),
    ),
    listBindings: serviceOperation<{ query: { limit?: number; pageToken?: string } }>(
      async ({ query, caller }) => ({ status: 200, body: await listBindings(parts, caller, query) }),
    ),
    claimBinding: serviceOperation<{ body: BindingClaim }>(async ({ body, caller }) => {
      const { binding, isNew } = await claimBinding(parts, caller, body);
      return isNew ? created(`/v1/bindings/${binding.id}`, binding) : { status: 200, body: binding };
    }),
    getBinding: serviceOperation<{ params: BindingPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getBinding(parts, caller, params.bindingId),
    })),
    reportBindingStatus: serviceOperation<{ params: BindingPath; body: BindingReport }>(
      async ({ params, body, caller }) => ({
        status: 200,
        body: await reportBindingStatus(parts, caller, params.bindingId, body),
      }),
    ),
    releaseBinding: serviceOperation<{ params: BindingPath; query: { placement?: number } }>(
      async ({ params, query, caller }) => {
        await releaseBinding(parts, caller, params.bindingId, query.placement);
        return { status: 204 };
      },
    ),
  };
}

/** What owners of ports do with bindings. */
export function bindingReleaseOperations(parts: Parts): OperationHandlers {
  return {
    releasePortBinding: userOperation<{ params: { portId: string } }>(async ({ params, caller }) => {
      await releasePortBinding(parts, caller, params.portId);
      return { status: 204 };
    }),
  };
}
