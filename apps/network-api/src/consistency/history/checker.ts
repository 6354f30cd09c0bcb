import { Model } from '../model/model.ts';
import { checkFeed } from './feed.ts';
import type { History, HistoryEvent, Violation } from './history.ts';
import { checkReadings } from './readings.ts';
import { orderWrites, type Judge, type WriteOrder } from './writes.ts';

export interface Findings {
  readonly violation: Violation | undefined;
  /** Calls that changed something. */
  readonly writes: number;
  /** Calls without an answer: those that took effect all the same, and those that did not. */
  readonly unknownDone: number;
  readonly unknownUndone: number;
}

/** How many ways of assigning calls to events are tried before the history counts as wrong. */
const attemptsAtMost = 20;

/**
 * Judges a history: whether the calls, in some order that agrees with the feed and with what their callers saw of time, are
 * what one correct service would have done one after another. Pure: the same history is always judged alike.
 *
 * The feed makes this cheap. Finding such an order is hard in general (Gibbons and Korach, 1997); here the service itself says
 * in which order its writes took effect, and is held to it.
 */
export function checkHistory(history: History, judge: Judge): Findings {
  const { calls, events, followed } = history;
  const none = { writes: 0, unknownDone: 0, unknownUndone: 0 };
  const feed = checkFeed(events, followed);
  if (feed) return { violation: feed, ...none };
  const told = events.filter(isOfAWrite);
  const failed = calls.find(({ answer }) => answer && answer.status >= 500);
  if (failed) return { violation: brokeDown(failed), ...none };
  let chosen: number[] = [];
  let best: { explained: number; violation: Violation } | undefined;
  for (let attempt = 0; attempt < attemptsAtMost; attempt++) {
    const writes = orderWrites(new Model(), calls, told, judge, chosen);
    const violation = writes.violation ?? checkReadings(calls, writes.order, judge);
    if (!violation) return { violation: undefined, ...count(history, writes) };
    if (!best || writes.explained > best.explained) best = { explained: writes.explained, violation };
    const next = nextChoices(writes.choices, chosen);
    if (!next) break;
    chosen = next;
  }
  return { violation: best?.violation, ...none };
}

/** Readers of a group or a network are told of it by events of their own, of several writes at once: the feed's rules cover them. */
function isOfAWrite({ audience }: HistoryEvent): boolean {
  return audience === undefined || !/^(group|network):/.test(audience);
}

function brokeDown({ id, operation, answer }: History['calls'][number]): Violation {
  return {
    promise: 'nothing is answered with an internal error',
    detail: `call ${id} (${operation}) was answered ${answer?.status ?? 0} ${JSON.stringify(answer?.body)}`,
    resourceIds: [],
    callIds: [id],
  };
}

/** The next way of choosing, the last choice first; undefined when all have been tried. */
function nextChoices(counts: readonly number[], chosen: readonly number[]): number[] | undefined {
  for (let at = counts.length - 1; at >= 0; at--) {
    const choice = (chosen[at] ?? 0) + 1;
    if (choice < (counts[at] ?? 0))
      return [...Array.from({ length: at }, (_, before) => chosen[before] ?? 0), choice];
  }
  return undefined;
}

function count({ calls }: History, { order }: WriteOrder): Omit<Findings, 'violation'> {
  const unknown = calls.filter(({ answer }) => !answer).length;
  const unknownDone = order.filter(({ call }) => call && !call.answer).length;
  return { writes: order.length, unknownDone, unknownUndone: unknown - unknownDone };
}
