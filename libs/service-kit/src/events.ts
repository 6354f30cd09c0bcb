import type { Knex } from 'knex';
import { commonProblem } from './common-problems.ts';
import type { Database } from './database.ts';
import type { DatabaseIdentity } from './epoch.ts';
import { eventChannel, type Subscription } from './event-signals.ts';
import { decodeOpaque, encodeOpaque, isRecord } from './opaque.ts';
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

/** A change as read from the feed. */
export interface FeedEvent {
  readonly position: number;
  readonly projectId: string | undefined;
  readonly audience: string | undefined;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly revision: number;
  readonly change: string;
  readonly data: unknown;
  readonly occurredAt: string;
}

/** Whose events: those of a project's users, those of southbound audiences, or every one (for tools and tests). */
export type EventFilter =
  { readonly project: string } | { readonly audiences: readonly string[] } | { readonly everything: true };

export interface ReadEventsOptions {
  readonly filter: EventFilter;
  /** From the last answer or from `currentCursor`; without it the feed starts at now. */
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  /** How long to wait for a first event, 0 to 55; 0 answers at once. */
  readonly waitSeconds?: number | undefined;
  /** Ends the wait early: with an empty answer, which the reader may repeat from. */
  readonly signal?: AbortSignal | undefined;
}

export interface EventBatch {
  readonly items: FeedEvent[];
  readonly nextCursor: string;
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
  const { signals } = scopeOf(trx).database;
  const keys = [...new Set(events.map(keyOfEvent))];
  const announcement = keys.join(' ');
  await trx.raw('select append_events(?::jsonb, ?, ?)', [
    JSON.stringify(events),
    eventChannel,
    announcement.length > longestAnnouncement ? '*' : announcement,
  ]);
  afterCommit(trx, () => signals.announce(keys));
}

/**
 * The cursor of this moment. Take it before reading the list that it goes with: what changes in between then comes
 * again from the feed, while the other way round it would be lost.
 */
export async function currentCursor(connection: Knex): Promise<string> {
  const { identity, head } = await readFeed(connection, { everything: true }, undefined, 0);
  return encodeCursor(identity, head);
}

/**
 * Reads events behind a cursor, oldest first, waiting for one when there are none. Throws `invalid-cursor` when the
 * cursor is from another database or epoch, lies beyond the feed's end, or before what compaction has kept.
 */
export async function readEvents(database: Database, options: ReadEventsOptions): Promise<EventBatch> {
  const { filter, signal } = options;
  const limit = Math.min(Math.max(options.limit ?? 100, 1), 1000);
  const deadline = Date.now() + Math.min(Math.max(options.waitSeconds ?? 0, 0), 55) * 1000;
  let cursor = options.cursor;
  for (;;) {
    // Subscribed before it looks: what is committed after the look wakes it.
    const subscription = database.signals.subscribe(keysOfFilter(filter));
    try {
      const from = cursor === undefined ? undefined : decodeCursor(cursor);
      const feed = await readFeed(database.knex, filter, from?.position, limit);
      if (from) checkCursor(from, feed);
      const { items, identity, head } = feed;
      // Without a full batch everything up to the head has been looked at.
      cursor = encodeCursor(identity, items.length === limit ? (items.at(-1)?.position ?? head) : head);
      const remainingMs = deadline - Date.now();
      if (items.length > 0 || remainingMs <= 0 || signal?.aborted) return { items, nextCursor: cursor };
      await wait(subscription, remainingMs, signal);
    } finally {
      subscription.cancel();
    }
  }
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

interface FeedRow {
  readonly database_id: string;
  readonly epoch: number;
  readonly head: number;
  readonly forgotten_through: number;
  /** The rest is null in the one row of a feed with nothing new. */
  readonly position: number | null;
  readonly project_id: string | null;
  readonly audience: string | null;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly revision: number;
  readonly change: string;
  readonly data: unknown;
  readonly occurred_at: string;
}

interface Feed {
  readonly identity: DatabaseIdentity;
  readonly head: number;
  readonly forgotten: number;
  readonly items: FeedEvent[];
}

/**
 * The feed's bounds and the events behind a position, in one statement: a second one could see the horizon move in
 * between. Served by events_project or events_audience; locks nothing.
 */
async function readFeed(
  connection: Knex,
  filter: EventFilter,
  after: number | undefined,
  limit: number,
): Promise<Feed> {
  const { rows }: { rows: FeedRow[] } = await connection.raw(
    `select database_id, epoch, head, forgotten_through, found.*
     from database_identity
     cross join event_horizon
     cross join (select coalesce(max(position), 0) as head from events) as bounds
     left join lateral (
       select *
       from events
       where position > ?
       and position <= bounds.head
       and ${conditionOf(filter)}
       order by position
       limit ?
     ) as found on true
     order by position`,
    [after ?? null, ...bindingsOf(filter), limit],
  );
  const [row] = rows;
  if (!row) throw new Error('the feed has no bounds: its migrations have not run');
  return {
    identity: { databaseId: row.database_id, epoch: row.epoch },
    head: row.head,
    forgotten: row.forgotten_through,
    items: rows.flatMap(toFeedEvent),
  };
}

function conditionOf(filter: EventFilter): string {
  if ('project' in filter) return 'project_id = ? and audience is null';
  return 'audiences' in filter ? 'audience = any(?)' : 'true';
}

function bindingsOf(filter: EventFilter): (string | string[])[] {
  if ('project' in filter) return [filter.project];
  return 'audiences' in filter ? [[...filter.audiences]] : [];
}

function toFeedEvent(row: FeedRow): FeedEvent[] {
  if (row.position === null) return [];
  return [
    {
      position: row.position,
      projectId: row.project_id ?? undefined,
      audience: row.audience ?? undefined,
      resourceType: row.resource_type,
      resourceId: row.resource_id,
      revision: row.revision,
      change: row.change,
      data: row.data ?? undefined,
      occurredAt: row.occurred_at,
    },
  ];
}

async function wait(
  subscription: Subscription,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, milliseconds);
  signal?.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([subscription.woken, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

function keyOfEvent(event: NewEvent): string {
  if (event.audience !== undefined) return `audience:${encodeURIComponent(event.audience)}`;
  return event.projectId === undefined ? '*' : `project:${event.projectId}`;
}

function keysOfFilter(filter: EventFilter): string[] {
  if ('project' in filter) return [`project:${filter.project}`];
  if ('audiences' in filter)
    return filter.audiences.map((audience) => `audience:${encodeURIComponent(audience)}`);
  return ['*'];
}

interface Cursor {
  readonly database: unknown;
  readonly epoch: unknown;
  readonly position: number;
}

function encodeCursor(identity: DatabaseIdentity, position: number): string {
  return encodeOpaque({ d: identity.databaseId.slice(0, 8), e: identity.epoch, p: position });
}

function decodeCursor(cursor: string): Cursor {
  const value = decodeOpaque(cursor);
  if (
    !isRecord(value) ||
    typeof value['p'] !== 'number' ||
    !Number.isSafeInteger(value['p']) ||
    value['p'] < 0
  ) {
    throw invalidCursor('The cursor was not given out by this feed.');
  }
  return { database: value['d'], epoch: value['e'], position: value['p'] };
}

function checkCursor(cursor: Cursor, { identity, head, forgotten }: Feed): void {
  if (cursor.database !== identity.databaseId.slice(0, 8) || cursor.epoch !== identity.epoch) {
    throw invalidCursor('The cursor is from before the database was restored or replaced.');
  }
  if (cursor.position > head) throw invalidCursor('The cursor lies beyond the end of the feed.');
  if (cursor.position < forgotten) throw invalidCursor('The events behind the cursor are no longer kept.');
}

function invalidCursor(reason: string): Error {
  return commonProblem(
    'invalid-cursor',
    `${reason} List the resources again and follow from the cursor that comes with it.`,
  );
}
