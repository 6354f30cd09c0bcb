import type { Attachment } from '@patchpanel/contract-network';
import {
  appendEvents,
  created,
  createTogether,
  writeTogether,
  type IdempotencyClaim,
  type NewEvent,
  type OperationResponse,
  type Outcome,
  type Problem,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { withConstraints } from '../constraints.ts';
import { lookUpNetworks } from '../networks/lookups.ts';
import type { Parts } from '../parts.ts';
import { portEvent } from '../ports/events.ts';
import { lookUpPorts } from '../ports/lookup.ts';
import { findPorts, setPortStatus, type PortRow } from '../ports/store.ts';
import { toAttachment } from '../ports/wire.ts';
import { problem } from '../problems.ts';
import {
  countGenerations,
  findConflicts,
  insertAttachments,
  lockAvailablePorts,
  macKey,
  vnicKey,
} from './store.ts';

/** A network card to plug in. */
export interface Card {
  readonly vnicId: string;
  readonly macAddress: string;
}

/** A request to plug a card into a port. */
export interface Plug extends Card {
  readonly caller: UserCaller;
  readonly portId: string;
}

/** A request to plug a card into any port of a network. */
export interface PlugAny extends Card {
  readonly caller: UserCaller;
  readonly networkId: string;
  readonly idempotency: IdempotencyClaim | undefined;
}

/** What a plug came to; `isNew` is false when the card was plugged in already. */
export interface PlugAnswer {
  readonly attachment: Attachment;
  readonly isNew: boolean;
}

/** Plugs cards into the ports that were chosen for them. */
export function plugIntoPorts(
  { database }: Parts,
  requests: readonly Plug[],
): Promise<Outcome<PlugAnswer>[]> {
  return writeTogether<Plug, PlugAnswer>(database, requests, async (trx, batch) => {
    batch.postponeRepeated(({ portId }) => portId);
    batch.postponeRepeated(({ caller, vnicId }) => vnicKey(caller.projectId, vnicId));
    const portOf = await lookUpPorts(trx, batch.pending, 'plug');
    batch.check((request) => {
      const port = portOf(request);
      const isSame = port.vnic_id === request.vnicId && port.mac_address === request.macAddress;
      if (port.vnic_id !== null && !isSame) throw portAlreadyPlugged(port, request.vnicId);
    });
    batch.postponeRepeated((request) => macKey(portOf(request).network_id, request.macAddress));
    for (const request of batch.pending) {
      const attachment = toAttachment(portOf(request));
      if (attachment) batch.answer(request, { attachment, isNew: false });
    }
    const conflictOf = await findConflict(trx, batch.pending, (request) => portOf(request).network_id);
    for (const request of batch.pending) {
      const conflict = conflictOf(request);
      if (conflict) batch.refuse(request, conflict);
    }
    const { plugged, events } = await plugIn(
      trx,
      batch.pending.map((card) => ({ card, port: portOf(card) })),
    );
    await appendEvents(trx, events);
    for (const [request, attachment] of plugged) batch.answer(request, { attachment, isNew: true });
  });
}

/**
 * Plugs cards into the oldest ports of a network that are available. All requests are of one project and network. When there are
 * fewer ports at hand than requests, the others ask again: only who finds nothing at all is refused.
 */
export function plugIntoAnyPorts(
  { database }: Parts,
  requests: readonly PlugAny[],
): Promise<Outcome<OperationResponse>[]> {
  return createTogether<PlugAny>(database, requests, async (trx, batch) => {
    batch.postponeRepeated(({ vnicId }) => vnicId);
    batch.postponeRepeated(({ macAddress }) => macAddress);
    const networkOf = await lookUpNetworks(trx, batch.pending, 'plug');
    batch.check((request) => void networkOf(request));
    const conflictOf = await findConflict(trx, batch.pending, ({ networkId }) => networkId);
    for (const request of batch.pending) {
      const conflict = conflictOf(request);
      if (conflict) batch.refuse(request, conflict);
    }
    const [first] = batch.pending;
    if (!first) return;
    const { caller, networkId } = first;
    const { projectId } = caller;
    const portIds = await lockAvailablePorts(trx, { projectId, networkId, count: batch.pending.length });
    const ports = await findPorts(trx, portIds);
    const served = new Map(
      batch.pending.map((card, index) => [card, ports.get(portIds[index] ?? '')] as const),
    );
    for (const [request, port] of served) {
      if (port) continue;
      if (portIds.length > 0) batch.postpone(request);
      else batch.refuse(request, noAvailablePort());
    }
    const { plugged, events } = await plugIn(
      trx,
      [...served].flatMap(([card, port]) => (port ? [{ card, port }] : [])),
    );
    await appendEvents(trx, events);
    for (const [request, attachment] of plugged) {
      batch.answer(request, created(attachmentPath(attachment.portId), attachment));
    }
  });
}

/** Path of a port's attachment. */
export function attachmentPath(portId: string): string {
  return `/v1/ports/${portId}/attachment`;
}

/**
 * Says of each card which plug stands in its way. One that comes in between is met by the constraints: then the request is run
 * again alone, and finds it here.
 */
export async function findConflict<Asked extends Card & { readonly caller: UserCaller }>(
  trx: Knex,
  asked: readonly Asked[],
  networkIdOf: (asked: Asked) => string,
): Promise<(asked: Asked) => Problem | undefined> {
  const { ofVnic, ofMac } = await findConflicts(
    trx,
    asked.map((one) => ({
      projectId: one.caller.projectId,
      networkId: networkIdOf(one),
      vnicId: one.vnicId,
      macAddress: one.macAddress,
    })),
  );
  return (one) => {
    const elsewhere = ofVnic.get(vnicKey(one.caller.projectId, one.vnicId));
    if (elsewhere) {
      return problem(
        'vnic-already-plugged',
        `The vNIC is plugged into port ${elsewhere.port_id}, network ${elsewhere.network_id}. Unplug it there first.`,
      );
    }
    const holder = ofMac.get(macKey(networkIdOf(one), one.macAddress));
    if (!holder) return undefined;
    const where =
      holder.project_id === one.caller.projectId
        ? `vNIC ${holder.vnic_id} in port ${holder.port_id}`
        : 'another vNIC in the network';
    return problem('mac-address-in-use', `${where} has MAC address ${one.macAddress}.`);
  };
}

/** Plugs cards into locked ports that have nothing plugged in, and gives the events that tell of it. */
export async function plugIn<Asked extends Card>(
  trx: Knex,
  plugs: readonly { readonly card: Asked; readonly port: PortRow }[],
): Promise<{ plugged: Map<Asked, Attachment>; events: NewEvent[] }> {
  if (plugs.length === 0) return { plugged: new Map(), events: [] };
  const generations = await countGenerations(
    trx,
    plugs.map(({ card, port }) => ({ projectId: port.project_id, vnicId: card.vnicId })),
  );
  const rows = plugs.map(({ card, port }) => ({
    port_id: port.id,
    project_id: port.project_id,
    network_id: port.network_id,
    vnic_id: card.vnicId,
    mac_address: card.macAddress,
    generation: generations.get(vnicKey(port.project_id, card.vnicId)) ?? 0,
  }));
  const made = await withConstraints(() => insertAttachments(trx, rows));
  const changed = await setPortStatus(
    trx,
    plugs.map(({ port }) => port.id),
    'plugged',
  );
  const plugged = new Map(
    plugs.map(({ card, port }, index) => {
      const [row, attachment] = [rows[index], made.get(port.id)];
      if (!row || !attachment) throw new Error('a plug was not written');
      return [
        card,
        {
          portId: port.id,
          networkId: port.network_id,
          projectId: port.project_id,
          vnicId: card.vnicId,
          macAddress: card.macAddress,
          generation: row.generation,
          status: 'plugged',
          revision: attachment.revision,
          createdAt: attachment.created_at,
          updatedAt: attachment.created_at,
        } satisfies Attachment,
      ] as const;
    }),
  );
  return { plugged, events: changed.map((port) => portEvent(port, 'updated')) };
}

/** The refusal of a port that has something plugged in. */
export function portAlreadyPlugged(port: PortRow, vnicId: string): Problem {
  return problem(
    'port-already-plugged',
    port.vnic_id === vnicId
      ? `The vNIC is plugged into the port with MAC address ${port.mac_address ?? ''}. Unplug it to plug it with another.`
      : `vNIC ${port.vnic_id ?? ''} is plugged into the port. Unplug it first, or choose another port.`,
  );
}

function noAvailablePort(): Problem {
  return problem(
    'no-available-port',
    'Each port of the network is plugged or down. Make another port, or unplug one.',
  );
}
