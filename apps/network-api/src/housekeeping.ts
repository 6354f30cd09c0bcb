import {
  forgetEvents,
  isDatabaseUnavailable,
  removeExpiredIdempotencyRecords,
  type Database,
  type Logger,
} from '@patchpanel/service-kit';

const everyMs = 10 * 60_000;
const eventsKeptMs = 7 * 24 * 3_600_000;

/**
 * Removes now and then what nobody needs any more: idempotency records that have expired, events older than a week.
 * Returns the function that stops it and waits for what is under way.
 */
export function startHousekeeping(database: Database, logger: Logger): () => Promise<void> {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => clean(database, logger));
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    return running;
  };
}

async function clean({ knex }: Database, logger: Logger): Promise<void> {
  try {
    const records = await removeExpiredIdempotencyRecords(knex);
    await forgetEvents(knex, new Date(Date.now() - eventsKeptMs).toISOString());
    logger.debug({ records }, 'cleaned');
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    logger.warn({ err: error }, 'cleaning has to wait for the database');
  }
}
