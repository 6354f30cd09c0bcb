import type { NewEvent } from './events.ts';

/** Whose events a reader gets, and which of them: each narrowing leaves out what it does not name. */
export type EventFilter = EventScope & {
  readonly resourceTypes?: readonly string[] | undefined;
  readonly resourceIds?: readonly string[] | undefined;
};

/**
 * Whose events: those of a project's users, those of all projects' users (for operators), those of southbound audiences, or
 * every one (for tools and tests).
 */
export type EventScope =
  | { readonly project: string }
  | { readonly everyProject: true }
  | { readonly audiences: readonly string[] | AudienceQuery }
  | { readonly everything: true };

/**
 * A query of one text column that says which audiences a reader belongs to now. It becomes part of the statement that reads the
 * events, and so sees the same snapshot. That is what makes it lossless: positions are in the order of commits, so a snapshot
 * that holds a group's event also holds all that was committed before it, the reader's joining included, and the event cannot be
 * passed by for an audience that the reader already had. Asked beforehand, an audience joined in between would be missing, and
 * the cursor would still move past its events. What a reader did not belong to when it was told is not told later: whoever
 * joins an audience reads its state then.
 */
export interface AudienceQuery {
  /** With `?` for each binding. */
  readonly query: string;
  readonly bindings: readonly unknown[];
}

/** A part of a statement with what belongs into its places. */
export interface SqlPart {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** Defines `readable`, the reader's audiences at the moment of the statement; empty for other readers. */
export function readableAudiences(filter: EventFilter): SqlPart {
  if (!('audiences' in filter)) return { sql: 'select null::text where false', bindings: [] };
  const { audiences } = filter;
  if ('query' in audiences) return { sql: audiences.query, bindings: audiences.bindings };
  return { sql: 'select unnest(?::text[])', bindings: [[...audiences]] };
}

/** The condition on an event of the feed. It needs `readable` beside it. */
export function conditionOf(filter: EventFilter): SqlPart {
  const { resourceTypes, resourceIds } = filter;
  const parts = [
    scopeCondition(filter),
    ...(resourceTypes ? [{ sql: 'resource_type = any(?::text[])', bindings: [[...resourceTypes]] }] : []),
    ...(resourceIds ? [{ sql: 'resource_id = any(?::text[])', bindings: [[...resourceIds]] }] : []),
  ];
  return {
    sql: parts.map(({ sql }) => sql).join('\n       and '),
    bindings: parts.flatMap(({ bindings }) => bindings),
  };
}

function scopeCondition(filter: EventFilter): SqlPart {
  if ('project' in filter)
    return { sql: 'project_id = ?::uuid and audience is null', bindings: [filter.project] };
  if ('everyProject' in filter) return { sql: 'audience is null', bindings: [] };
  if ('audiences' in filter) return { sql: 'audience = any(array(select name from readable))', bindings: [] };
  return { sql: 'true', bindings: [] };
}

/** What announces an event: those who wait for this key, or for `*`, look again. */
export function keyOfEvent(event: Pick<NewEvent, 'audience' | 'projectId'>): string {
  if (event.audience !== undefined) return keyOfAudience(event.audience);
  return event.projectId === undefined ? '*' : `project:${event.projectId}`;
}

/** What wakes a reader, as far as it is known before the first look: audiences that are asked for are known after it. */
export function keysOfFilter(filter: EventFilter): string[] {
  if ('project' in filter) return [`project:${filter.project}`];
  if (!('audiences' in filter)) return ['*'];
  return 'query' in filter.audiences ? [] : filter.audiences.map(keyOfAudience);
}

export function keyOfAudience(audience: string): string {
  return `audience:${encodeURIComponent(audience)}`;
}
