import type { Attachment } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  writeTogether,
  type NewEvent,
  type Outcome,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { bindingEvent } from '../bindings/events.ts';
import { withdrawBindings } from '../bindings/withdrawal.ts';
import type { Parts } from '../parts.ts';
import { portEvent } from '../ports/events.ts';
import { lookUpPorts } from '../ports/lookup.ts';
import { setPortStatus, type PortRow } from '../ports/store.ts';
import { toAttachment } from '../ports/wire.ts';
import { problem } from '../problems.ts';
import { deleteAttachments } from './store.ts';

/** A request to take out what is plugged into a port. */
export interface Unplug {
  readonly caller: UserCaller;
  readonly portId: string;
  readonly ifMatch: string | undefined;
}

/** Takes out what is plugged into ports. The hosts that had realised it are told to take the wiring down. */
export function unplugPorts({ database }: Parts, requests: readonly Unplug[]): Promise<Outcome<void>[]> {
  return writeTogether<Unplug, void>(database, requests, async (trx, batch) => {
    batch.postponeRepeated(({ portId }) => portId);
    const portOf = await lookUpPorts(trx, batch.pending, 'unplug');
    batch.check((request) => checkIfMatch(request.ifMatch, pluggedInto(portOf(request)).revision));
    await appendEvents(trx, await takeOut(trx, batch.pending.map(portOf)));
    for (const request of batch.pending) batch.answer(request, undefined);
  });
}

/** Takes out what is plugged into locked ports, and gives the events that tell of it. */
export async function takeOut(trx: Knex, ports: readonly PortRow[]): Promise<NewEvent[]> {
  if (ports.length === 0) return [];
  const ids = ports.map(({ id }) => id);
  const bound = ports.filter((port) => port.host_name !== null).map(({ id }) => id);
  await deleteAttachments(trx, ids);
  const withdrawn = await withdrawBindings(trx, bound);
  const changed = await setPortStatus(trx, ids, 'available');
  return [
    ...changed.map((port) => portEvent(port, 'updated')),
    ...withdrawn.map((binding) => bindingEvent(binding, 'updated')),
  ];
}

/** What is plugged into a port. Throws `attachment-not-found` when that is nothing. */
export function pluggedInto(port: PortRow): Attachment {
  const attachment = toAttachment(port);
  if (!attachment) throw problem('attachment-not-found', `Nothing is plugged into port ${port.id}.`);
  return attachment;
}
