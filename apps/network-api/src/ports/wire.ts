import type { Attachment, Port } from '@patchpanel/contract-network';
import { statusReasonOf } from './status-reason.ts';
import type { PortRow, PortView } from './store.ts';

/** A port as on the wire. */
export function toPort(view: PortView): Port {
  const { content } = view;
  const attachment = toAttachment({ ...view, project_id: content.projectId, network_id: content.networkId });
  const statusReason = statusReasonOf(view);
  return {
    ...content,
    status: view.status,
    ...(statusReason === undefined ? {} : { statusReason }),
    ...(view.lease_expires_at === null ? {} : { leaseExpiresAt: view.lease_expires_at }),
    ...(attachment ? { attachment } : {}),
    revision: view.revision,
    createdAt: view.created_at,
    updatedAt: view.updated_at,
  };
}

/** As much of a port as its attachment shows. */
type PluggedPort = Omit<PortView, 'content' | 'admin_state' | 'network_admin_state' | 'name'> &
  Pick<PortRow, 'project_id' | 'network_id'>;

/** What is plugged into a port, as on the wire. */
export function toAttachment(row: PluggedPort): Attachment | undefined {
  if (
    row.vnic_id === null ||
    row.mac_address === null ||
    row.generation === null ||
    row.attachment_revision === null ||
    row.attachment_created_at === null ||
    row.attachment_updated_at === null ||
    row.status === 'available'
  ) {
    return undefined;
  }
  return {
    portId: row.id,
    networkId: row.network_id,
    projectId: row.project_id,
    vnicId: row.vnic_id,
    macAddress: row.mac_address,
    generation: row.generation,
    status: row.status,
    ...(row.host_name === null || row.bound_at === null
      ? {}
      : {
          binding: {
            hostName: row.host_name,
            ...(row.device_name === null ? {} : { deviceName: row.device_name }),
            boundAt: row.bound_at,
          },
        }),
    revision: row.attachment_revision,
    createdAt: row.attachment_created_at,
    updatedAt: row.attachment_updated_at,
  };
}
