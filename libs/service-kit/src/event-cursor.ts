import { commonProblem } from './common-problems.ts';
import type { DatabaseIdentity } from './epoch.ts';
import { decodeOpaque, encodeOpaque, isRecord } from './opaque.ts';

/** A place in the feed of one database in one epoch, as a caller has handed it back. */
export interface Cursor {
  readonly database: unknown;
  readonly epoch: unknown;
  readonly position: number;
}

/** What of the feed there is to read. */
export interface FeedBounds {
  readonly identity: DatabaseIdentity;
  /** The position of the newest event. */
  readonly head: number;
  /** The highest position that compaction has removed. */
  readonly forgotten: number;
}

/** The cursor behind the event at a position. */
export function encodeCursor(identity: DatabaseIdentity, position: number): string {
  return encodeOpaque({ d: identity.databaseId.slice(0, 8), e: identity.epoch, p: position });
}

/** Throws `invalid-cursor` (400) when the text is none of ours. */
export function decodeCursor(cursor: string): Cursor {
  const value = decodeOpaque(cursor);
  if (
    !isRecord(value) ||
    typeof value['p'] !== 'number' ||
    !Number.isSafeInteger(value['p']) ||
    value['p'] < 0
  ) {
    throw commonProblem('invalid-cursor', `The cursor was not given out by this feed. ${whatToDo}`);
  }
  return { database: value['d'], epoch: value['e'], position: value['p'] };
}

/**
 * Throws `invalid-cursor` (400) for a place that this feed has never had, and `events-compacted` (410) for one that it once had:
 * what happened there is no longer kept.
 */
export function checkCursor(cursor: Cursor, { identity, head, forgotten }: FeedBounds): void {
  if (cursor.database !== identity.databaseId.slice(0, 8) || cursor.epoch !== identity.epoch) {
    throw commonProblem(
      'invalid-cursor',
      `The cursor is from before the database was restored or replaced. ${whatToDo}`,
    );
  }
  if (cursor.position > head)
    throw commonProblem('invalid-cursor', `The cursor lies beyond the end of the feed. ${whatToDo}`);
  if (cursor.position < forgotten)
    throw commonProblem('events-compacted', `The events behind the cursor are no longer kept. ${whatToDo}`);
}

const whatToDo = 'List the resources again and follow from a cursor taken before that list.';
