import type { Model } from '../model/model.ts';
import type { ExpectedEvent, Verdict } from '../operations/operation.ts';
import type { Call, HistoryEvent, Violation } from './history.ts';

/** What a correct service does in a state. */
export interface Judge {
  /** With a call. */
  readonly ofCall: (model: Model, call: Call) => Verdict;
  /** With an event that no call asked for: what it does to the model, if the service may do such a thing by itself. */
  readonly ofUnasked: (model: Model, event: HistoryEvent) => ((model: Model) => void) | undefined;
}

/** A write, in the order in which writes took effect, with the events that it came with. */
export interface OrderedWrite {
  /** Undefined for what the service did by itself. */
  readonly call: Call | undefined;
  readonly apply: (model: Model) => void;
}

export interface WriteOrder {
  readonly order: readonly OrderedWrite[];
  readonly violation: Violation | undefined;
  /** How many events were explained. */
  readonly explained: number;
  /** Where more than one call could have been behind an event: how many could. */
  readonly choices: readonly number[];
}

/**
 * Finds the call behind each event, in the order of the feed: that order is the order in which the writes took effect, so the
 * model can follow it and say exactly what each of them must have done. An event that no call explains was invented; two
 * writes that are the other way round than their callers saw them break the order of time.
 *
 * Seldom two calls could be behind one event. `chosen` says which one to take at each such point, the first unless given.
 */
export function orderWrites(
  model: Model,
  calls: readonly Call[],
  events: readonly HistoryEvent[],
  judge: Judge,
  chosen: readonly number[],
): WriteOrder {
  const candidates = new Candidates(calls);
  const consumed = new Set<HistoryEvent>();
  const order: OrderedWrite[] = [];
  const choices: number[] = [];
  let latest: Call | undefined;
  for (const [index, event] of events.entries()) {
    if (consumed.has(event)) continue;
    const able: { call: Call; found: readonly HistoryEvent[] }[] = [];
    const unable: { call: Call; reason: string }[] = [];
    for (const call of candidates.behind(model, event)) {
      const outcome = explain(judge.ofCall(model, call), call, events, index, consumed);
      if (typeof outcome === 'string') unable.push({ call, reason: outcome });
      else if (latest && call.endedAt < latest.startedAt)
        unable.push({ call, reason: `it had ended before call ${latest.id} began, whose effect came first` });
      else able.push({ call, found: outcome });
    }
    const choice = able.length > 1 ? (chosen[choices.push(able.length) - 1] ?? 0) : 0;
    const taken = able[choice];
    const unasked = taken ? undefined : judge.ofUnasked(model, event);
    if (unasked) {
      unasked(model);
      order.push({ call: undefined, apply: unasked });
      continue;
    }
    if (!taken) return { order, choices, explained: index, violation: unexplained(event, unable, latest) };
    const { call, found } = taken;
    for (const one of found) consumed.add(one);
    candidates.remove(call);
    if (!latest || call.startedAt > latest.startedAt) latest = call;
    const apply = (target: Model) => {
      const verdict = judge.ofCall(target, call);
      if (verdict.kind === 'done') verdict.apply?.(found);
    };
    apply(model);
    order.push({ call, apply });
  }
  return { order, choices, explained: events.length, violation: undefined };
}

/** Why an answer is not what the verdict calls for; undefined when it is. */
export function mismatch(verdict: Verdict, { answer }: Call): string | undefined {
  if (!answer) return undefined;
  const got = answer.status >= 400 ? `${answer.status} ${answer.body?.code ?? ''}` : String(answer.status);
  if (verdict.kind === 'refused') {
    if (answer.status >= 400 && verdict.codes.includes(answer.body?.code)) return undefined;
    return `it should have been refused (${verdict.codes.join(' or ') || 'what it names is not to be had'}) and was answered ${got}`;
  }
  if (!verdict.statuses.includes(answer.status))
    return `it should have been answered ${verdict.statuses.join(' or ')} and was answered ${got}`;
  return verdict.check?.(answer);
}

/** The events that a call comes with if this one is among them, or why it can't be behind it. */
function explain(
  verdict: Verdict,
  call: Call,
  events: readonly HistoryEvent[],
  index: number,
  consumed: ReadonlySet<HistoryEvent>,
): readonly HistoryEvent[] | string {
  const wrong = mismatch(verdict, call);
  if (wrong !== undefined) return wrong;
  if (verdict.kind === 'refused') return `it must be refused (${verdict.codes.join(' or ')})`;
  const [event] = events.slice(index, index + 1);
  if (!event || !verdict.events.some((expected) => isAsExpected(event, expected)))
    return 'it comes with other events, or with none';
  const found: HistoryEvent[] = [];
  for (const expected of verdict.events) {
    const match = isAsExpected(event, expected) ? event : findAhead(events, index, consumed, expected);
    if (!match) return `its event ${describe(expected)} is missing`;
    found.push(match);
  }
  return found;
}

/** The events of one transaction stand together, but for those of others that shared it: a thousand ports at most. */
const lookAhead = 5_000;

function findAhead(
  events: readonly HistoryEvent[],
  index: number,
  consumed: ReadonlySet<HistoryEvent>,
  expected: ExpectedEvent,
): HistoryEvent | undefined {
  const end = Math.min(events.length, index + lookAhead);
  for (let at = index + 1; at < end; at++) {
    const event = events[at];
    if (event && !consumed.has(event) && isAsExpected(event, expected)) return event;
  }
  return undefined;
}

function isAsExpected(event: HistoryEvent, expected: ExpectedEvent): boolean {
  return (
    event.resourceType === expected.resourceType &&
    (expected.resourceId === undefined || event.resourceId === expected.resourceId) &&
    (expected.projectId === undefined || event.projectId === expected.projectId) &&
    event.revision === expected.revision &&
    event.change === expected.change
  );
}

/** So many calls are named that might have been behind an event. */
const nearestAtMost = 6;

function unexplained(
  event: HistoryEvent,
  unable: readonly { readonly call: Call; readonly reason: string }[],
  latest: Call | undefined,
): Violation {
  const nearest = unable.slice(0, nearestAtMost);
  const tried = nearest.map(({ call, reason }) => `call ${call.id} (${call.operation}): ${reason}`);
  return {
    promise: 'there is no event without a write that was allowed to do this then',
    detail: [
      `${describe(event)} (position ${event.position}) has no write behind it.`,
      ...(tried.length > 0 ? ['Those that might have been:', ...tried] : ['No call comes near it.']),
    ].join('\n  '),
    resourceIds: [event.resourceId],
    callIds: [...nearest.map(({ call }) => call.id), ...(latest ? [latest.id] : [])],
  };
}

function describe({
  resourceType,
  resourceId,
  revision,
  change,
}: Omit<ExpectedEvent, 'change'> & { readonly change: string }): string {
  return `${resourceType} ${resourceId ?? '(new)'} revision ${revision} ${change}`;
}

/** Calls that may have had an effect that no event has been found for yet, by the ids in them. */
class Candidates {
  readonly #byId = new Map<string, Set<Call>>();

  constructor(calls: readonly Call[]) {
    for (const call of calls) {
      if ((call.answer && call.answer.status >= 300) || call.request.startsWith('GET ')) continue;
      for (const id of idsIn(call)) {
        const those = this.#byId.get(id) ?? new Set();
        this.#byId.set(id, those.add(call));
      }
    }
  }

  remove(call: Call): void {
    for (const id of idsIn(call)) this.#byId.get(id)?.delete(call);
  }

  /** Those that name the event's resource, or what hangs on it; answered ones first, and of these who was done first. */
  behind(model: Model, { resourceType, resourceId }: HistoryEvent): Call[] {
    const ids = [resourceId];
    const port = resourceType === 'port' ? model.ports.get(resourceId) : undefined;
    if (port?.vnicId !== undefined) ids.push(port.vnicId);
    const binding = port && model.liveBinding(port.id);
    if (binding) ids.push(binding.id);
    const calls = new Set(ids.flatMap((id) => [...(this.#byId.get(id) ?? [])]));
    return [...calls].toSorted((a, b) => a.endedAt - b.endedAt || a.id - b.id);
  }
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const idsOfCall = new WeakMap<Call, ReadonlySet<string>>();

/** Every id in what was asked and answered. */
export function idsIn(call: Call): ReadonlySet<string> {
  const known = idsOfCall.get(call);
  if (known) return known;
  const text = `${call.request} ${JSON.stringify(call.answer?.body ?? {})}`;
  const ids = new Set(text.match(uuid));
  idsOfCall.set(call, ids);
  return ids;
}
