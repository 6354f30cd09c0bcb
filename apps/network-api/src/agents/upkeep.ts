import { repeat, type Logger, type Repetition } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { emptyHost } from './fencing.ts';
import { followRecovery } from './recovery.ts';
import { selectUnfinishedFences } from './store.ts';

const everySeconds = 5;

/** Sees in each replica to it that recoveries end, and that what a fence entails is done also when its request died half-way. */
export function startAgentUpkeep(parts: Parts, logger: Logger): Repetition {
  return repeat({
    name: 'agents',
    everySeconds,
    logger,
    async work(signal) {
      await followRecovery(parts);
      for (const hostName of await selectUnfinishedFences(parts.database.knex)) {
        if (signal.aborted) return;
        await emptyHost(parts, hostName);
      }
    },
  });
}
