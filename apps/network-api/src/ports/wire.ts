import type { Attachment, Port } from '@patchpanel/contract-network';
import { statusReasonOf } from './status-reason.ts';
import type { PortRow } from './store.ts';

/** A port as on the wire. */
export function toPort(row: PortRow): Port {
  const attachment = toAttachment(row);
  const statusReason = statusReasonOf(row);
  return {
    id: row.id,
    projectId: row.project_id,
    networkId: row.network_id,
    name: row.name,
    description: row.description,
    tags: [...row.tags],
    adminState: row.admin_state,
    status: row.status,
    ...(statusReason === undefined ? {} : { statusReason }),
    fixedIps: [...row.fixed_ips],
    portSecurity: row.port_security,
    allowedAddressPairs: [...row.allowed_address_pairs],
    securityGroupIds: [...row.security_group_ids],
    ...(row.lease_seconds === null ? {} : { leaseSeconds: row.lease_seconds }),
    ...(row.lease_expires_at === null ? {} : { leaseExpiresAt: row.lease_expires_at }),
    ...(attachment ? { attachment } : {}),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What is plugged into a port, as on the wire. */
export function toAttachment(row: PortRow): Attachment | undefined {
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
