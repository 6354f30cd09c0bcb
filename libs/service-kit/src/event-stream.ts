import { setTimeout as delay } from 'node:timers/promises';
import { commonProblem } from './common-problems.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import type { Database } from './database.ts';
import { followEvents, readEvents, type FeedEvent, type FollowedBatch } from './event-feed.ts';
import type { EventFilter } from './event-filter.ts';
import type { OperationRequest, OperationResponse } from './operations.ts';
import { Problem } from './problem.ts';

/** What an operation that follows events takes. */
export interface FeedQuery {
  readonly cursor?: string | undefined;
  readonly waitSeconds?: number | undefined;
  readonly limit?: number | undefined;
}

export interface AnswerEventsOptions {
  readonly filter: EventFilter;
  /** An event as on the wire: its name in a stream, and its JSON. */
  readonly present: (event: FeedEvent) => { readonly name: string; readonly item: unknown };
  /** After so long without an event a stream gives a bookmark; 15 unless given. */
  readonly idleSeconds?: number | undefined;
}

/** A look for each stream at most every so often: many small commits become few looks, and nobody notices the delay. */
const shortestRoundMs = 20;
const eventsPerLook = 100;

/**
 * Answers an operation that follows events: with a list, waiting for it when the query says so, or, for a caller who accepts
 * `text/event-stream`, with a stream (HTML Living Standard, section 9.2) that stays open until the token ends or somebody stops.
 * `Last-Event-ID` takes the place of `cursor`. What is wrong with the cursor is a problem in both cases: a stream begins only
 * after its first look.
 */
export async function answerEvents(
  database: Database,
  request: Pick<
    OperationRequest<{ query: FeedQuery }>,
    'query' | 'headers' | 'signal' | 'prefersEventStream' | 'tokenEndsAt'
  >,
  options: AnswerEventsOptions,
): Promise<OperationResponse> {
  const { filter, present } = options;
  const { query, signal } = request;
  const cursor = request.headers['last-event-id'] ?? query.cursor;
  if (!request.prefersEventStream) {
    const { limit, waitSeconds } = query;
    const { items, nextCursor } = await readEvents(database, { filter, cursor, limit, waitSeconds, signal });
    return { status: 200, body: { items: items.map((event) => present(event).item), nextCursor } };
  }
  const first = await followEvents(database, { filter, cursor, limit: eventsPerLook });
  return {
    status: 200,
    // A proxy that gathers answers before it passes them on would hold events back.
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
    stream: streamEvents(database, first, { ...options, signal, endsAt: request.tokenEndsAt }),
  };
}

interface StreamOptions extends AnswerEventsOptions {
  readonly signal: AbortSignal;
  /** When the caller's token ends, in milliseconds since 1970. */
  readonly endsAt: number | undefined;
}

/**
 * The text of a stream, a batch of events at a time: the next is read only when the one before has been taken, so a slow reader
 * costs one batch of memory and misses nothing. While the database is away the stream stays open and says so in comments: it
 * can't have missed anything, since it goes on from its own place. A place that is no more ends it with a `problem`.
 */
async function* streamEvents(
  database: Database,
  first: FollowedBatch,
  { filter, present, signal, endsAt = Infinity, idleSeconds = 15 }: StreamOptions,
): AsyncGenerator<string, void, undefined> {
  yield 'retry: 2000\n\n';
  let batch: FollowedBatch | undefined = first;
  let { nextCursor: cursor, isAtEnd } = first;
  let failures = 0;
  for (;;) {
    if (batch?.items.length === 0) yield message('bookmark', { cursor }, cursor);
    else if (batch) {
      const texts = batch.items.map((event) => {
        const { name, item } = present(event);
        return message(name, item, event.cursor);
      });
      yield texts.join('');
    }
    const leftMs = endsAt - Date.now();
    if (leftMs <= 0) {
      yield problemMessage(commonProblem('unauthenticated', 'The access token has expired. Get a new one.'));
      return;
    }
    await pause(
      failures === 0 ? shortestRoundMs : Math.random() * Math.min(5_000, 200 * 2 ** failures),
      signal,
    );
    if (signal.aborted) return;
    try {
      const waitSeconds = Math.min(idleSeconds, leftMs / 1000);
      const options = { filter, cursor, limit: eventsPerLook, waitSeconds, signal };
      batch = await followEvents(database, { ...options, wasAtEnd: isAtEnd });
      ({ nextCursor: cursor, isAtEnd } = batch);
      failures = 0;
    } catch (error) {
      if (error instanceof Problem && error.status !== 503) {
        yield problemMessage(error);
        return;
      }
      if (!(error instanceof Problem) && !isDatabaseUnavailable(error)) throw error;
      batch = undefined;
      failures++;
      yield ': the database is out of reach; the stream goes on when it is back\n\n';
    }
    if (signal.aborted && (batch?.items.length ?? 0) === 0) return;
  }
}

function message(name: string, data: unknown, id: string): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Without an id: a reader that connects again does so from where it was. */
function problemMessage(problem: Problem): string {
  return `event: problem\ndata: ${JSON.stringify(problem.toDocument())}\n\n`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
