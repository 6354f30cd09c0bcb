import { repeat, type Logger, type Repetition } from '@patchpanel/service-kit';
import { noticeSilentHosts } from '../hosts/service.ts';
import type { PlacementParts } from '../parts.ts';
import { placeWaitingInstances } from './placement.ts';

/**
 * Watches over the hosts and gives waiting instances a place: whenever it is woken, and as often as hosts are to be heard,
 * for what was committed by a replica that then fell over. Any number of replicas may run it.
 */
export function startPlacing(parts: PlacementParts, logger: Logger): Repetition {
  return repeat({
    name: 'placement',
    everySeconds: parts.heartbeatSeconds,
    logger,
    async work(signal) {
      await noticeSilentHosts(parts);
      await placeWaitingInstances(parts, signal);
    },
  });
}
