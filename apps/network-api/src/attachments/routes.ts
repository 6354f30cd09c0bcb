import type { AttachmentInput, ReplugInput } from '@patchpanel/contract-network';
import { created, userOperation, type Metrics, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { attachmentPath } from './plug.ts';
import { openAttachmentService } from './service.ts';

interface PortPath {
  readonly portId: string;
}

/** The operations on what is plugged into ports. */
export function attachmentOperations(parts: Parts & { readonly metrics: Metrics }): OperationHandlers {
  const attachments = openAttachmentService(parts);
  return {
    getAttachment: userOperation<{ params: PortPath }>(async ({ params, caller }) => ({
      status: 200,
      body: await attachments.get(caller, params.portId),
    })),
    plugVnic: userOperation<{ params: PortPath; body: AttachmentInput }>(async ({ params, body, caller }) => {
      const { attachment, isNew } = await attachments.plug(caller, params.portId, body);
      return isNew
        ? created(attachmentPath(attachment.portId), attachment)
        : { status: 200, body: attachment };
    }),
    unplugVnic: userOperation<{ params: PortPath }>(async ({ params, caller, ifMatch }) => {
      await attachments.unplug(caller, params.portId, ifMatch);
      return { status: 204 };
    }),
    plugVnicIntoAnyPort: userOperation<{ params: { networkId: string }; body: AttachmentInput }>(
      ({ params, body, caller, idempotency }) =>
        attachments.plugAny(caller, params.networkId, body, idempotency),
    ),
    replugVnic: userOperation<{ params: PortPath; body: ReplugInput }>(
      ({ params, body, caller, ifMatch, idempotency }) =>
        attachments.replug({
          caller,
          portId: params.portId,
          toPortId: body.toPortId,
          ifMatch,
          idempotency,
        }),
    ),
  };
}
