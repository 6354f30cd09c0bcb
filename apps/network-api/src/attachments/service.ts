import type { Attachment, AttachmentInput } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  created,
  createOnce,
  inTransaction,
  type IdempotencyClaim,
  type NewEvent,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { bindingEvent } from '../bindings/events.ts';
import { withdrawBinding } from '../bindings/store.ts';
import { lookUpNetwork } from '../networks/lookup.ts';
import type { Parts } from '../parts.ts';
import { portEvent } from '../ports/events.ts';
import { lookUpPort } from '../ports/lookup.ts';
import { findPort, toAttachment, updatePort, type PortRow } from '../ports/store.ts';
import { invalidRequest, problem } from '../problems.ts';
import { readMacAddress } from './mac.ts';
import {
  deleteAttachment,
  findAttachmentOfMac,
  findAttachmentOfVnic,
  insertAttachment,
  lockAvailablePort,
  nextGeneration,
  type NewAttachment,
} from './store.ts';

/** A conflicting plug may vanish between being met and being looked at; then the plug is tried again, so many times. */
const plugAttempts = 5;

/** Gives what is plugged into a port. */
export async function getAttachment(
  { database }: Parts,
  caller: UserCaller,
  portId: string,
): Promise<Attachment> {
  return pluggedInto(await lookUpPort(database.knex, caller, 'read', portId));
}

/** Plugs a vNIC into a port; `isNew` is false when it was plugged in already. */
export function plugVnic(
  { database }: Parts,
  caller: UserCaller,
  portId: string,
  input: AttachmentInput,
): Promise<{ attachment: Attachment; isNew: boolean }> {
  const { vnicId, macAddress } = readInput(input);
  return inTransaction(database, async (trx) => {
    const port = await lookUpPort(trx, caller, 'plug', portId);
    if (port.vnic_id === null) {
      return { attachment: await plugInto(trx, caller, port, vnicId, macAddress), isNew: true };
    }
    if (port.vnic_id === vnicId && port.mac_address === macAddress) {
      return { attachment: pluggedInto(port), isNew: false };
    }
    throw problem(
      'port-already-plugged',
      port.vnic_id === vnicId
        ? `The vNIC is plugged into the port with MAC address ${port.mac_address ?? ''}. Unplug it to plug it with another.`
        : `vNIC ${port.vnic_id} is plugged into the port. Unplug it first, or choose another port.`,
    );
  });
}

/** Plugs a vNIC into the oldest port of the network that is available, in one step. */
export function plugVnicIntoAnyPort(
  parts: Parts,
  caller: UserCaller,
  networkId: string,
  input: AttachmentInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  const { vnicId, macAddress } = readInput(input);
  return createOnce(parts, idempotency, async (trx) => {
    const network = await lookUpNetwork(trx, caller, 'plug', networkId);
    await refuseIfPlugged(trx, caller, vnicId);
    const portId = await lockAvailablePort(trx, caller.projectId, network.id);
    if (portId === undefined) {
      throw problem(
        'no-available-port',
        'Each port of the network is plugged or down. Make another port, or unplug one.',
      );
    }
    const port = await lookUpPort(trx, caller, 'plug', portId);
    const attachment = await plugInto(trx, caller, port, vnicId, macAddress);
    return created(attachmentPath(portId), attachment);
  });
}

/** Takes out what is plugged into a port. The host that had realised it is told to take the wiring down. */
export function unplugVnic(
  { database }: Parts,
  caller: UserCaller,
  portId: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(database, async (trx) => {
    const port = await lookUpPort(trx, caller, 'unplug', portId);
    checkIfMatch(ifMatch, pluggedInto(port).revision);
    await deleteAttachment(trx, portId);
    const events: NewEvent[] = [];
    const binding = await withdrawBinding(trx, portId);
    if (binding) events.push(bindingEvent(binding, 'updated'));
    const changed = await updatePort(trx, portId, { status: 'available' });
    await appendEvents(trx, [portEvent(changed, 'updated'), ...events]);
  });
}

/** Path of a port's attachment. */
export function attachmentPath(portId: string): string {
  return `/v1/ports/${portId}/attachment`;
}

/** Plugs into a locked port that has nothing plugged in. */
async function plugInto(
  trx: Knex.Transaction,
  caller: UserCaller,
  port: PortRow,
  vnicId: string,
  macAddress: string,
): Promise<Attachment> {
  const generation = await nextGeneration(trx, port.project_id, vnicId);
  await refuseIfPlugged(trx, caller, vnicId);
  await insertOrExplain(trx, caller, {
    port_id: port.id,
    project_id: port.project_id,
    network_id: port.network_id,
    vnic_id: vnicId,
    mac_address: macAddress,
    generation,
  });
  const changed = await updatePort(trx, port.id, { status: 'plugged' });
  const plugged = await findPort(trx, port.project_id, port.id);
  if (!plugged) throw new Error('a locked port is gone');
  await appendEvents(trx, [portEvent(changed, 'updated')]);
  return pluggedInto(plugged);
}

async function insertOrExplain(trx: Knex, caller: UserCaller, attachment: NewAttachment): Promise<void> {
  for (let attempt = 1; attempt <= plugAttempts; attempt++) {
    if (await insertAttachment(trx, attachment)) return;
    const holder = await findAttachmentOfMac(trx, attachment.network_id, attachment.mac_address);
    if (!holder) continue;
    const where =
      holder.project_id === caller.projectId
        ? `vNIC ${holder.vnic_id} in port ${holder.port_id}`
        : 'another vNIC in the network';
    throw problem('mac-address-in-use', `${where} has MAC address ${attachment.mac_address}.`);
  }
  throw new Error('a plug met conflicts that could not be found');
}

async function refuseIfPlugged(trx: Knex, caller: UserCaller, vnicId: string): Promise<void> {
  const elsewhere = await findAttachmentOfVnic(trx, caller.projectId, vnicId);
  if (!elsewhere) return;
  throw problem(
    'vnic-already-plugged',
    `The vNIC is plugged into port ${elsewhere.port_id}, network ${elsewhere.network_id}. Unplug it there first.`,
  );
}

function pluggedInto(port: PortRow): Attachment {
  const attachment = toAttachment(port);
  if (!attachment) throw problem('attachment-not-found', `Nothing is plugged into port ${port.id}.`);
  return attachment;
}

function readInput({ vnicId, macAddress }: AttachmentInput): { vnicId: string; macAddress: string } {
  const mac = readMacAddress(macAddress, '/macAddress');
  if ('detail' in mac) throw invalidRequest([mac]);
  return { vnicId, macAddress: mac.macAddress };
}
