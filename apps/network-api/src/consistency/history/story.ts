import { canonicalJson } from '@patchpanel/service-kit';
import type { Answer, Call, History, HistoryEvent, Violation } from './history.ts';
import { idsIn } from './writes.ts';

const linesAtMost = 25;
/** Of a call that the violation is about, and of any other. */
const lettersAtMost = { named: 1_500, other: 240 };

/**
 * Tells a violation with the shortest part of the history that it can be understood from: the calls that it is about, and
 * those that changed the same things until then. Ids are cut to their last eight digits.
 */
export function tellStory(history: History, violation: Violation): string {
  const { calls, events } = history;
  const named = calls.filter(({ id }) => violation.callIds.includes(id));
  const ids = new Set(violation.resourceIds.length > 0 ? violation.resourceIds : named.flatMap(idsAskedFor));
  const end = named.length > 0 ? Math.max(...named.map(({ endedAt }) => endedAt)) : Infinity;
  const isConcerned = (call: Call) =>
    named.includes(call) ||
    (call.startedAt <= end &&
      (call.answer === undefined || call.answer.status < 300) &&
      !/^(GET .*|.* repeatWithSameKey)$/.test(`${call.request} ${call.operation}`) &&
      [...idsIn(call)].some((id) => ids.has(id)));
  return [
    `Broken: ${violation.promise}.`,
    violation.detail,
    '',
    'The calls behind it (begun–ended, client, what was asked, answer, tries):',
    ...lastOf(
      calls.filter(isConcerned).map((call) => tellCall(call, named.includes(call) ? 'named' : 'other')),
    ),
    '',
    'The events of what it is about (by position in the feed):',
    ...lastOf(events.filter(({ resourceId }) => ids.has(resourceId)).map(tellEvent)),
  ].join('\n');
}

function tellCall(call: Call, part: keyof typeof lettersAtMost): string {
  const { id, startedAt, endedAt, client, operation, request, answer, tries } = call;
  const cut = (text: string) =>
    text.length > lettersAtMost[part] ? `${text.slice(0, lettersAtMost[part])}…` : text;
  const told = answer ? `${answer.status} ${tellBody(answer)}` : 'no answer';
  return shorten(
    `  ${startedAt}–${endedAt} #${id} ${client} ${operation}: ${cut(request)} → ${cut(told)} [${tries.join(', ')}]`,
  );
}

function tellEvent({ position, resourceType, resourceId, revision, change }: HistoryEvent): string {
  return shorten(`  ${position}: ${resourceType} ${resourceId} revision ${revision} ${change}`);
}

/** Says nothing new, wherever it stands in an answer. */
const untold = new Set(
  'type title status instance createdAt updatedAt projectId networkId name description tags wiring subnets'.split(
    ' ',
  ),
);

function tellBody({ status, body }: Answer): string {
  const tell = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(tell);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, field]) =>
        untold.has(name) && !(name === 'status' && status < 300) ? [] : [[name, tell(field)]],
      ),
    );
  };
  return body === undefined ? '' : canonicalJson(tell(body));
}

/** The ids in the path of a call: what it is about, not all that it mentions. */
function idsAskedFor({ request }: Call): string[] {
  return [...(request.split(' ')[1] ?? '').matchAll(/[0-9a-f-]{36}/g)].map(([id]) => id);
}

function shorten(line: string): string {
  return line.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{4}([0-9a-f]{8})/g, '…$1');
}

function lastOf(lines: readonly string[]): string[] {
  const left = lines.length - linesAtMost;
  return left > 0 ? [`  (${left} earlier ones)`, ...lines.slice(-linesAtMost)] : [...lines];
}
