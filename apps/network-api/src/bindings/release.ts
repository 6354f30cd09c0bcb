import { appendEvents, inTransaction, type UserCaller } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { lookUpPort } from '../ports/lookup.ts';
import { problem } from '../problems.ts';
import { relieveHosts } from './relief.ts';
import { findLiveBinding } from './store.ts';

/** Takes a port's attachment from the host that realises it, without waiting for that host. */
export function releasePortBinding({ database }: Parts, caller: UserCaller, portId: string): Promise<void> {
  return inTransaction(database, async (trx) => {
    const port = await lookUpPort(trx, caller, 'update', portId);
    if (port.vnic_id === null) {
      throw problem('attachment-not-found', `Nothing is plugged into port ${portId}.`);
    }
    const live = await findLiveBinding(trx, portId);
    if (!live) throw problem('binding-not-found', `No host realises what is plugged into port ${portId}.`);
    const { events } = await relieveHosts(trx, [live]);
    await appendEvents(trx, events);
  });
}
