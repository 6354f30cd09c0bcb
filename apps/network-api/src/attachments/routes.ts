import type { AttachmentInput } from '@patchpanel/contract-network';
import { created, userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { attachmentPath, getAttachment, plugVnic, plugVnicIntoAnyPort, unplugVnic } from './service.ts';

interface PortPath {
  readonly portId: string;
}

/** The operations on what is plugged into ports. */
export function attachmentOperations(parts: Parts): OperationHandlers {
  return {
    getAttachment: userOperation<{ params: PortPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await getAttachment(parts, caller, params.portId),
    })),
    plugVnic: userOperation<{ params: PortPath; body: AttachmentInput }>(async ({ params, body, caller }) => {
      const { attachment, isNew } = await plugVnic(parts, caller, params.portId, body);
      return isNew
        ? created(attachmentPath(attachment.portId), attachment)
        : { status: 200, body: attachment };
    }),
    unplugVnic: userOperation<{ params: PortPath }>(async ({ params, caller, ifMatch }) => {
      await unplugVnic(parts, caller, params.portId, ifMatch);
      return { status: 204 };
    }),
    plugVnicIntoAnyPort: userOperation<{ params: { networkId: string }; body: AttachmentInput }>(
      ({ params, body, caller, idempotency }) =>
        plugVnicIntoAnyPort(parts, caller, params.networkId, body, idempotency),
    ),
  };
}
