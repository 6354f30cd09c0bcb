import type { Knex } from 'knex';
import type { Database } from './database.ts';
import { checkCursor, decodeCursor, encodeCursor, type Cursor, type FeedBounds } from './event-cursor.ts';
import {
  conditionOf,
  keyOfAudience,
  keysOfFilter,
  readableAudiences,
  type EventFilter,
} from './event-filter.ts';
import type { Subscription } from './event-signals.ts';

/** A change as read from the feed. */
export interface FeedEvent {
  readonly position: number;
  /** The place behind this event: who goes on from it gets what comes after. */
  readonly cursor: string;
  readonly projectId: string | undefined;
  readonly audience: string | undefined;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly revision: number;
  readonly change: string;
  readonly data: unknown;
  readonly occurredAt: string;
}

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

/**
 * How many positions one look covers at most. A reader far behind, or one whose filter leaves out nearly everything, so takes
 * many short statements and not a single one that runs into the session's time limit.
 */
const spanOfLook = 50_000;

/** How long a read without a wait goes on through what its filter leaves out. */
const leastReadMs = 5_000;

/**
 * The cursor of this moment. Take it before reading the list that it goes with: what changes in between then comes
 * again from the feed, while the other way round it would be lost.
 */
export async function currentCursor(connection: Knex): Promise<string> {
  const { identity, head } = await look(connection, { everything: true }, undefined, 0);
  return encodeCursor(identity, head);
}

/**
 * Reads events behind a cursor, oldest first, waiting for one when there are none. Throws `invalid-cursor` when the
 * cursor is from another database or epoch, or lies beyond the feed's end, and `events-compacted` when it lies before what
 * compaction has kept. An empty answer's cursor is past everything that the filter left out.
 */
export async function readEvents(database: Database, options: ReadEventsOptions): Promise<EventBatch> {
  const { items, nextCursor } = await followEvents(database, options);
  return { items, nextCursor };
}

/** A batch for a reader who comes again at once, and then says so: what comes to it is measured. */
export interface FollowedBatch extends EventBatch {
  /** Whether the batch ends where the feed ended at that moment. */
  readonly isAtEnd: boolean;
}

/** As `readEvents`. */
export async function followEvents(
  database: Database,
  options: ReadEventsOptions & { readonly wasAtEnd?: boolean },
): Promise<FollowedBatch> {
  const { filter, signal } = options;
  let isAtEnd = options.wasAtEnd ?? false;
  const limit = Math.min(Math.max(options.limit ?? 100, 1), 1000);
  const startedAt = performance.now();
  const waitMs = Math.min(Math.max(options.waitSeconds ?? 0, 0), 55) * 1000;
  let from = options.cursor === undefined ? undefined : decodeCursor(options.cursor);
  let keys = keysOfFilter(filter);
  for (;;) {
    // Subscribed before it looks: what is committed after the look wakes it.
    const subscription = database.signals.subscribe(keys);
    try {
      const feed = await database.signals.inTurn(() => look(database.knex, filter, from?.position, limit));
      const { items, identity, upTo, head } = feed;
      if (from) checkCursor(from, feed);
      // Without a full batch everything up to there has been looked at.
      from = cursorAt(feed, items.length === limit ? (items.at(-1)?.position ?? upTo) : upTo);
      if (isAtEnd) noteDelivery(database, feed);
      isAtEnd = from.position === head;
      const batch = { items, nextCursor: encodeCursor(identity, from.position), isAtEnd };
      const passedMs = performance.now() - startedAt;
      if (items.length > 0 || signal?.aborted) return batch;
      if (upTo < head && passedMs < Math.max(waitMs, leastReadMs)) continue;
      if (passedMs >= waitMs) return batch;
      const wanted = feed.audiences?.map(keyOfAudience) ?? keys;
      if (wanted.every((key) => keys.includes(key))) {
        await waitFor(subscription, waitMs - passedMs, signal);
      }
      // What the reader has joined since is looked at again at once: this subscription did not count its events.
      keys = wanted;
    } finally {
      subscription.cancel();
    }
  }
}

/** A reader who was at the end gets what was committed since: how long that took is up to this service. */
function noteDelivery({ activity }: Database, { items, at }: Feed): void {
  for (const { occurredAt } of items) {
    activity.observer?.eventDelivered(Math.max(at - Date.parse(occurredAt), 0) / 1000);
  }
}

interface FeedRow {
  readonly database_id: string;
  readonly epoch: number;
  readonly head: number;
  readonly forgotten_through: number;
  readonly audiences: readonly string[] | null;
  readonly looked_at: string;
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

interface Feed extends FeedBounds {
  /** When this look was, by the database's clock, in milliseconds since 1970. */
  readonly at: number;
  /** How far this look went, at most to the head. */
  readonly upTo: number;
  /** The reader's, when they were asked for. */
  readonly audiences: readonly string[] | undefined;
  readonly items: FeedEvent[];
}

/**
 * The feed's bounds, the reader's audiences and the events behind a position, in one statement: a second one would see another
 * moment. Served by events_project or events_audience, or by the primary key for all projects; locks nothing. There is no index
 * by resource, which every writer would pay for: narrowing passes over what the scope has between the two positions. `is_only`
 * tells the planner that there is one row, which it does not know of tables that were never analysed.
 */
async function look(
  connection: Knex,
  filter: EventFilter,
  after: number | undefined,
  limit: number,
): Promise<Feed> {
  const readable = readableAudiences(filter);
  const condition = conditionOf(filter);
  const { rows }: { rows: FeedRow[] } = await connection.raw(
    `with readable (name) as materialized (${readable.sql})
     select database_id, epoch, head, forgotten_through, (select array_agg(name) from readable) as audiences,
       clock_timestamp() as looked_at, found.*
     from database_identity
     cross join event_horizon
     cross join (select coalesce(max(position), 0) as head from events) as bounds
     left join lateral (
       select *
       from events
       where position > ?
       and position <= least(bounds.head, ?)
       and ${condition.sql}
       order by position
       limit ?
     ) as found on true
     where database_identity.is_only
     and event_horizon.is_only
     order by position`,
    [
      ...readable.bindings,
      after ?? null,
      after === undefined ? null : after + spanOfLook,
      ...condition.bindings,
      limit,
    ].map(toBinding),
  );
  const [row] = rows;
  if (!row) throw new Error('the feed has no bounds: its migrations have not run');
  const identity = { databaseId: row.database_id, epoch: row.epoch };
  return {
    identity,
    at: Date.parse(row.looked_at),
    head: row.head,
    upTo: after === undefined ? row.head : Math.min(row.head, after + spanOfLook),
    forgotten: row.forgotten_through,
    audiences: 'audiences' in filter ? (row.audiences ?? []) : undefined,
    items: rows.flatMap((found) => toFeedEvent(found, identity)),
  };
}

/** What a statement's `?` may stand for; anything else is a mistake in a filter. */
function toBinding(value: unknown): string | number | string[] | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  if (Array.isArray(value)) return value.map(String);
  throw new Error('a filter of the feed binds what is no text, number or list');
}

function cursorAt({ identity }: FeedBounds, position: number): Cursor {
  return { database: identity.databaseId.slice(0, 8), epoch: identity.epoch, position };
}

function toFeedEvent(row: FeedRow, identity: FeedBounds['identity']): FeedEvent[] {
  if (row.position === null) return [];
  return [
    {
      position: row.position,
      cursor: encodeCursor(identity, row.position),
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

async function waitFor(
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
