import type { Knex } from 'knex';
import { keyOfEvent } from './event-filter.ts';
import { eventChannel } from './event-signals.ts';
import { queryRows } from './statements.ts';
import { afterCommit } from './transactions.ts';
import { scopeOf } from './transaction-scope.ts';

/** A change to be told. With `audience` it goes to that southbound reader (a host); without, to the project's users. */
export interface NewEvent {
  readonly projectId?: string | undefined;
  readonly audience?: string | undefined;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly revision: number;
  readonly change: string;
  /** What the reader gets to see of the resource, as JSON. */
  readonly data?: unknown;
}

/** PostgreSQL refuses notifications of 8000 bytes and more. */
const longestAnnouncement = 7_500;

/**
 * Adds events to the feed. Call it last: it takes the feed's lock, the last in the lock order, and holds it until the
 * transaction ends. Positions are given out under that lock, so a reader by position misses nothing and sees each
 * resource's events in the order of their commits. Readers are woken after the commit.
 */
export async function appendEvents(trx: Knex.Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { signals, activity } = scopeOf(trx).database;
  const keys = [...new Set(events.map(keyOfEvent))];
  const announcement = keys.join(' ');
  await queryRows(trx, 'select append_events(cast(:events as jsonb), :eventChannel, :announcement)', {
    events: JSON.stringify(events),
    eventChannel,
    announcement: announcement.length > longestAnnouncement ? '*' : announcement,
  });
  afterCommit(trx, () => {
    signals.announce(keys);
    activity.observer?.eventsAppended(events.length);
  });
}

/** Wakes, once the transaction has committed, those of this process who wait for the keys: for what is no event. */
export function announceAfterCommit(trx: Knex.Transaction, keys: readonly string[]): void {
  const { signals } = scopeOf(trx).database;
  afterCommit(trx, () => signals.announce(keys));
}

/**
 * Forgets events that happened before a moment (RFC 3339), oldest first, a batch at a time: each is a short transaction of
 * its own, however much has piled up. The newest event always stays: it marks the feed's end.
 */
export async function forgetEvents(connection: Knex, before: string, batchSize = 5_000): Promise<void> {
  for (let forgotten = batchSize; forgotten >= batchSize;) {
    const { rows }: { rows: { forgotten: number }[] } = await connection.raw(
      `with gone as (
         delete from events
         where position in (
           select position
           from events
           where occurred_at < ?
           and position < (select max(position) from events)
           order by position
           limit ?
         )
         returning position
       )
       update event_horizon
       set forgotten_through = greatest(forgotten_through, (select coalesce(max(position), 0) from gone))
       returning (select count(*) from gone) as forgotten`,
      [before, batchSize],
    );
    forgotten = rows[0]?.forgotten ?? 0;
  }
}
