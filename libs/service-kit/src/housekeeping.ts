import type { Database } from './database.ts';
import { forgetEvents } from './events.ts';
import { removeExpiredIdempotencyRecords } from './idempotency.ts';
import type { Logger } from './logger.ts';
import { repeat, type Repetition } from './repetition.ts';

const everySeconds = 600;
const eventsKeptMs = 7 * 24 * 3_600_000;

/** Removes now and then what nobody needs any more: idempotency records that have expired, events older than a week. */
export function startHousekeeping({ knex }: Database, logger: Logger): Repetition {
  return repeat({
    name: 'housekeeping',
    everySeconds,
    logger,
    async work() {
      const records = await removeExpiredIdempotencyRecords(knex);
      await forgetEvents(knex, new Date(Date.now() - eventsKeptMs).toISOString());
      logger.debug({ records }, 'cleaned');
    },
  });
}
