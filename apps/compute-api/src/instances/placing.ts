import { repeat, type Logger, type Repetition } from '@patchpanel/service-kit';
import { noticeSilentHosts } from '../hosts/service.ts';
import type { PlacementParts } from '../parts.ts';
import { placeWaitingInstances } from './placement.ts';

/**
 * Gives waiting instances a place whenever it is woken, and watches over the hosts. Both also happen as often as hosts are to
 * be heard, for what was committed by a replica that then fell over. Any number of replicas may run it.
 */
export function startPlacing(parts: PlacementParts, logger: Logger): Repetition {
  const everySeconds = parts.heartbeatSeconds;
  const placing = repeat({
    name: 'placing',
    everySeconds,
    logger,
    work: (signal) => placeWaitingInstances(parts, signal),
  });
  const watching = repeat({ name: 'watching', everySeconds, logger, work: () => noticeSilentHosts(parts) });
  return {
    wake: placing.wake,
    async stop() {
      await Promise.all([placing.stop(), watching.stop()]);
    },
  };
}
