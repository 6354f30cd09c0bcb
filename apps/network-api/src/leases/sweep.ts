import { appendEvents, inTransaction, repeat, type Logger, type Repetition } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { portEvent } from '../ports/events.ts';
import { reclaimPorts } from '../ports/reclaim.ts';
import { selectSomeExpired, warnSome } from './store.ts';

const everySeconds = 5;

/** So many ports are looked after in one transaction. */
const batchSize = 200;

export interface Swept {
  readonly warned: number;
  readonly reclaimed: number;
}

/** Warns of leases that are about to run out, and reclaims the ports of those that have: in each replica, as long as it lives. */
export function startLeaseSweep(parts: Parts, logger: Logger): Repetition {
  return repeat({
    name: 'leases',
    everySeconds,
    logger,
    async work(signal) {
      const swept = await sweepLeases(parts, signal);
      if (swept.warned + swept.reclaimed > 0) logger.info({ ...swept }, 'swept leases');
    },
  });
}

/** Looks once after all leases. */
export async function sweepLeases(parts: Parts, signal?: AbortSignal): Promise<Swept> {
  const warned = await inBatches(() => warn(parts), signal);
  const reclaimed = await inBatches(() => reclaim(parts), signal);
  return { warned, reclaimed };
}

/** Until a batch does nothing: what is left then is in somebody else's hands. */
async function inBatches(work: () => Promise<number>, signal: AbortSignal | undefined): Promise<number> {
  let total = 0;
  while (signal?.aborted !== true) {
    const done = await work();
    if (done === 0) break;
    total += done;
  }
  return total;
}

function warn({ database }: Parts): Promise<number> {
  return inTransaction(database, async (trx) => {
    const ports = await warnSome(trx, batchSize);
    await appendEvents(
      trx,
      ports.map((port) => portEvent(port, 'lease-expiring')),
    );
    return ports.length;
  });
}

async function reclaim(parts: Parts): Promise<number> {
  const candidates = await selectSomeExpired(parts.database.knex, batchSize);
  return candidates.length === 0 ? 0 : reclaimPorts(parts, candidates);
}
