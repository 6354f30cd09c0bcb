import { Model } from '../model/model.ts';
import type { Call, Violation } from './history.ts';
import { mismatch, type Judge, type OrderedWrite } from './writes.ts';

/** Where a call that changed nothing can have looked at the service: after so many writes, and what speaks against it. */
interface Reading {
  readonly call: Call;
  readonly first: number;
  readonly last: number;
  readonly fits: number[];
  readonly against: string[];
}

/**
 * Holds every call that had no effect (a refusal, a read, a repeat) against the states that the service went through between
 * its beginning and its end: the answer must be right in one of them, and a later call must not see an earlier state.
 */
export function checkReadings(
  calls: readonly Call[],
  order: readonly OrderedWrite[],
  judge: Judge,
): Violation | undefined {
  const effective = new Set(order.map(({ call }) => call));
  const readings = placeReadings(
    calls.filter((call) => call.answer && !effective.has(call)),
    order,
  );
  const model = new Model();
  for (let state = 0; state <= order.length; state++) {
    for (const reading of readings) {
      if (reading.first > state || reading.last < state) continue;
      const verdict = judge.ofCall(model, reading.call);
      const reason =
        mismatch(verdict, reading.call) ??
        (verdict.kind === 'done' && verdict.events.length > 0
          ? 'it must have its event in the feed'
          : undefined);
      if (reason === undefined) reading.fits.push(state);
      else if (!reading.against.includes(reason)) reading.against.push(reason);
    }
    order[state]?.apply(model);
  }
  return firstUnfit(readings) ?? firstBackwards(readings);
}

/** Works out between which writes each call can have looked: it can't see what began later, and must see what ended before. */
function placeReadings(calls: readonly Call[], order: readonly OrderedWrite[]): Reading[] {
  const latestStart = [0];
  for (const { call } of order) latestStart.push(Math.max(latestStart.at(-1) ?? 0, call?.startedAt ?? 0));
  const earliestEnd: number[] = Array.from({ length: order.length + 1 }, () => Infinity);
  for (let state = order.length - 1; state >= 0; state--)
    earliestEnd[state] = Math.min(
      earliestEnd[state + 1] ?? Infinity,
      order[state]?.call?.endedAt ?? Infinity,
    );
  return calls.map((call) => {
    const first = earliestEnd.findIndex((end) => end >= call.startedAt);
    const last = latestStart.findLastIndex((start) => start <= call.endedAt);
    return { call, first, last, fits: [], against: [] };
  });
}

function firstUnfit(readings: readonly Reading[]): Violation | undefined {
  const unfit = readings.find(({ fits }) => fits.length === 0);
  if (!unfit) return undefined;
  const { call, against } = unfit;
  return {
    promise:
      call.answer && call.answer.status < 300
        ? 'every answer is true at some moment of its call, and every acknowledged write has its event'
        : 'every refusal has a reason at some moment of its call',
    detail: [
      `call ${call.id} (${call.operation}) was answered ${call.answer?.status ?? 0} ${call.answer?.body?.code ?? ''}, ` +
        'which is right at no moment between its beginning and its end:',
      ...(against.length > 0 ? against : ['there was no such moment']),
    ].join('\n  '),
    resourceIds: [],
    callIds: [call.id],
  };
}

/** Takes for each call the earliest state that fits and that no call before it has seen the successor of. */
function firstBackwards(readings: readonly Reading[]): Violation | undefined {
  const byStart = readings.toSorted((a, b) => a.call.startedAt - b.call.startedAt);
  const byEnd: { endedAt: number; state: number; call: Call }[] = [];
  let seen: (typeof byEnd)[number] | undefined;
  for (const { call, fits } of byStart) {
    byEnd.sort((a, b) => a.endedAt - b.endedAt);
    while (byEnd[0] && byEnd[0].endedAt < call.startedAt) {
      const ended = byEnd.shift();
      if (ended && ended.state > (seen?.state ?? -1)) seen = ended;
    }
    const state = fits.find((candidate) => candidate >= (seen?.state ?? 0));
    if (state === undefined) {
      return {
        promise: 'what one call has seen, a later one does not see undone',
        detail: `call ${call.id} (${call.operation}) shows an older state than call ${seen?.call.id ?? 0} did, which had ended before`,
        resourceIds: [],
        callIds: [call.id, ...(seen ? [seen.call.id] : [])],
      };
    }
    byEnd.push({ endedAt: call.endedAt, state, call });
  }
  return undefined;
}
