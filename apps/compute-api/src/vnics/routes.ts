import type { VnicInput, VnicPatch } from '@patchpanel/contract-compute';
import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { createVnic, deleteVnic, getVnic, listVnics, updateVnic } from './service.ts';

interface OneVnic {
  readonly params: { readonly vnicId: string };
}

export function vnicOperations(parts: Parts): OperationHandlers {
  return {
    createVnic: userOperation<{ body: VnicInput }>(({ caller, body, idempotency }) =>
      createVnic(parts, caller, body, idempotency),
    ),
    listVnics: userOperation<{ query: { limit?: number; pageToken?: string; instanceId?: string } }>(
      async ({ caller, query }) => ({ status: 200, body: await listVnics(parts, caller, query) }),
    ),
    getVnic: userOperation<OneVnic>(async ({ caller, params }) => ({
      status: 200,
      body: await getVnic(parts, caller, params.vnicId),
    })),
    updateVnic: userOperation<OneVnic & { body: VnicPatch }>(async ({ caller, params, body, ifMatch }) => ({
      status: 200,
      body: await updateVnic(parts, caller, params.vnicId, body, ifMatch),
    })),
    deleteVnic: userOperation<OneVnic>(async ({ caller, params, ifMatch }) => {
      await deleteVnic(parts, caller, params.vnicId, ifMatch);
      return { status: 204 };
    }),
  };
}
