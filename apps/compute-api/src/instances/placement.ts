import type { Knex } from 'knex';
import { appendEvents, inTransaction } from '@patchpanel/service-kit';
import { countHostsUp, takePlaceOnHost } from '../hosts/store.ts';
import { silentAfterSeconds, type PlacementParts } from '../parts.ts';
import { assignmentEvents, instanceEvent } from './representation.ts';
import {
  isAnyWaiting,
  lockNextWaiting,
  nextPlacement,
  setWaitingReason,
  updateInstance,
  type InstanceChange,
  type InstanceRow,
} from './store.ts';

/** How many waiting instances are told at once why they wait. */
const toldAtOnce = 500;

/**
 * Finds a place for an instance that is to run and has none: takes one on a host, or says why it has to wait. Gives what
 * changes in the instance by that, but for the revisions. One that has just come does not overtake those that wait.
 */
export async function findPlace(
  trx: Knex.Transaction,
  parts: PlacementParts,
  instance: { readonly isNew: boolean },
): Promise<InstanceChange> {
  const mustQueue = instance.isNew && (await isAnyWaiting(trx));
  const host = mustQueue ? undefined : await takePlaceOnHost(trx, silentAfterSeconds(parts));
  if (host === undefined) {
    const hosts = await countHostsUp(trx, silentAfterSeconds(parts));
    return { status: 'scheduling', status_reason: reasonToWait(hosts) };
  }
  return {
    host_name: host,
    placement: await nextPlacement(trx),
    status: 'starting',
    status_reason: null,
    reported_status: null,
  };
}

/** Why an instance has no host, in words for its `statusReason`. */
export function reasonToWait({ up, withRoom }: { up: number; withRoom: number }): string {
  if (up === 0) return 'no host is up';
  if (withRoom > 0) return 'others have waited longer for a host';
  return up === 1 ? 'the only host that is up is full' : `all ${up} hosts are full`;
}

/**
 * Places waiting instances, the longest waiting first, until none is left or no host has room; then tells the rest why.
 * Any number of replicas may do this at the same time.
 */
export async function placeWaitingInstances(parts: PlacementParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await isAnyWaiting(parts.database.knex))) {
    const hasPlaced = await inTransaction(parts.database, (trx) => placeNext(trx, parts));
    if (!hasPlaced) return tellWhyWaiting(parts, signal);
  }
}

async function placeNext(trx: Knex.Transaction, parts: PlacementParts): Promise<boolean> {
  const instance = await lockNextWaiting(trx);
  if (!instance) return false;
  const change = await findPlace(trx, parts, { isNew: false });
  if (change.status === 'scheduling') return false;
  const revision = instance.revision + 1;
  const placed = await updateInstance(trx, instance.id, {
    ...change,
    revision,
    assignment_revision: revision,
    generation: revision,
  });
  await appendEvents(trx, [instanceEvent(placed, 'updated'), ...assignmentEvents(placed, 'created')]);
  return true;
}

async function tellWhyWaiting(parts: PlacementParts, signal: AbortSignal): Promise<void> {
  let told: InstanceRow[];
  do {
    told = await inTransaction(parts.database, async (trx) => {
      const hosts = await countHostsUp(trx, silentAfterSeconds(parts));
      // A host has just got room: whoever gave it to it wakes the placing, and the reason would be wrong.
      if (hosts.withRoom > 0) return [];
      const rows = await setWaitingReason(trx, reasonToWait(hosts), toldAtOnce);
      await appendEvents(
        trx,
        rows.map((row) => instanceEvent(row, 'updated')),
      );
      return rows;
    });
  } while (told.length === toldAtOnce && !signal.aborted);
}
