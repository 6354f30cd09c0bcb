import { appendEvents, inTransaction } from '@patchpanel/service-kit';
import { lockWaitingAddresses, startRest } from '../addresses/store.ts';
import { relieveHosts, selectSomeLive } from '../bindings/relief.ts';
import type { Parts } from '../parts.ts';
import { lockPorts } from '../ports/store.ts';
import { selectSomeWaitingPorts } from './host-bindings.ts';
import { enterHost, lockAgent } from './store.ts';
import { lockNetworksOfStrays } from './stray-addresses.ts';
import { deleteStrays, selectStrays } from './stray-store.ts';

type FencingParts = Pick<Parts, 'database' | 'addressRestSeconds'>;

/**
 * Takes all attachments from a host, a batch at a time, and says how many there were. Each batch is a transaction of its own: what
 * was not reached, because the process died, is left to whoever asks next.
 */
export async function releaseAll({ database }: FencingParts, hostName: string): Promise<number> {
  let releasedCount = 0;
  let after: string | undefined;
  for (;;) {
    const from = after;
    const batch = await inTransaction(database, async (trx) => {
      const rows = await selectSomeLive(trx, hostName, from);
      const relief = await relieveHosts(trx, rows);
      await appendEvents(trx, relief.events);
      return { last: rows.at(-1)?.id, releasedCount: relief.releasedCount };
    });
    releasedCount += batch.releasedCount;
    if (batch.last === undefined) return releasedCount;
    after = batch.last;
  }
}

/**
 * Does what a fence entails, or what is left of it: the host's attachments are released by force, and addresses that waited for its
 * word alone begin their rest.
 */
export async function emptyHost(parts: FencingParts, hostName: string): Promise<void> {
  await releaseAll(parts, hostName);
  await forgetStrays(parts, hostName);
  let after: string | undefined;
  do after = await restSome(parts, hostName, after);
  while (after !== undefined);
}

function forgetStrays({ database, addressRestSeconds }: FencingParts, hostName: string): Promise<void> {
  return inTransaction(database, async (trx) => {
    await lockAgent(trx, hostName);
    if (!(await enterHost(trx, hostName)).isFenced) return;
    const strays = await selectStrays(trx, hostName);
    const portIds = strays.map(({ port_id: portId }) => portId);
    await lockNetworksOfStrays(trx, strays);
    await lockPorts(trx, portIds);
    await lockWaitingAddresses(trx, portIds);
    await deleteStrays(
      trx,
      strays.map(({ id }) => id),
    );
    await startRest(trx, portIds, addressRestSeconds);
  });
}

/** Begins the rest of what waits for a fenced host; gives where to go on. */
function restSome(
  { database, addressRestSeconds }: FencingParts,
  hostName: string,
  after: string | undefined,
): Promise<string | undefined> {
  return inTransaction(database, async (trx) => {
    if (!(await enterHost(trx, hostName)).isFenced) return undefined;
    const portIds = await selectSomeWaitingPorts(trx, hostName, after);
    await lockPorts(trx, portIds);
    await lockWaitingAddresses(trx, portIds);
    await startRest(trx, portIds, addressRestSeconds);
    return portIds.at(-1);
  });
}
