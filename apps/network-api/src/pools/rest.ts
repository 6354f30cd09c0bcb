import { repeat, type Logger, type Repetition } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { startPoolRest } from './store.ts';

const everySeconds = 30;

/** Looks now and then which numbers of deleted networks no host uses any more, and starts their rest. */
export function startPoolKeeping(
  { database, addressRestSeconds }: Pick<Parts, 'database' | 'addressRestSeconds'>,
  logger: Logger,
): Repetition {
  return repeat({
    name: 'pools',
    everySeconds,
    logger,
    async work(signal) {
      for (let started = 1; started > 0 && !signal.aborted;) {
        started = await startPoolRest(database.knex, addressRestSeconds);
      }
    },
  });
}
