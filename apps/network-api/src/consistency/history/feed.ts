import type { FollowedFeed, HistoryEvent, Violation } from './history.ts';

type Reference = Pick<HistoryEvent, 'resourceType' | 'resourceId' | 'revision' | 'change'>;

/**
 * What the feed promises by itself, whatever was asked of the service: in each reader's feed a resource's events come in the
 * order of its revisions. Its owner is told of every one, from `created` to `deleted`. And every follower was told the same,
 * nothing lost, doubled or out of order.
 */
export function checkFeed(
  events: readonly HistoryEvent[],
  followed: readonly FollowedFeed[],
): Violation | undefined {
  return checkRevisions(events) ?? firstOf(followed, (feed) => checkFollower(events, feed));
}

function checkRevisions(events: readonly HistoryEvent[]): Violation | undefined {
  const owners = new Map<string, string | undefined>();
  const last = new Map<string, HistoryEvent>();
  for (const event of events) {
    const name = `${event.resourceType} ${event.resourceId}`;
    const reader = `${name} ${event.projectId ?? ''} ${event.audience ?? ''}`;
    if (!owners.has(name) && !isSharedAudience(event.audience)) owners.set(name, event.projectId);
    const isOwners = owners.get(name) === event.projectId && !isSharedAudience(event.audience);
    const before = last.get(reader);
    const wrong = isOwners ? wrongForOwner(before, event) : wrongForOthers(before, event);
    if (wrong !== undefined) {
      return {
        promise: 'the events of each resource come in the order of its revisions',
        detail: `${name}: ${wrong} (position ${event.position})`,
        resourceIds: [event.resourceId],
        callIds: [],
      };
    }
    last.set(reader, event);
  }
  return undefined;
}

/** Those who are told of groups and networks that they use, as long as they do. */
function isSharedAudience(audience: string | undefined): boolean {
  return audience !== undefined && /^(group|network):/.test(audience);
}

function wrongForOwner(before: HistoryEvent | undefined, event: HistoryEvent): string | undefined {
  // Every project has a quota, which nobody creates: its first change is its second revision.
  const isFirstOfQuota = event.resourceType === 'quota' && event.change === 'updated' && event.revision === 2;
  if (!before) {
    const isFirst = isFirstOfQuota || (event.change === 'created' && event.revision === 1);
    return isFirst ? undefined : `its first event is "${event.change}" with revision ${event.revision}`;
  }
  if (before.change === 'deleted') return `there is an event "${event.change}" after it was deleted`;
  if (event.change === 'created') return 'it is created twice';
  if (event.revision !== before.revision + 1)
    return `revision ${event.revision} follows revision ${before.revision}`;
  return undefined;
}

function wrongForOthers(before: HistoryEvent | undefined, event: HistoryEvent): string | undefined {
  return before && event.revision <= before.revision
    ? `revision ${event.revision} follows revision ${before.revision}`
    : undefined;
}

function checkFollower(events: readonly HistoryEvent[], feed: FollowedFeed): Violation | undefined {
  const expected = events.filter(feed.concerns);
  const length = Math.max(expected.length, feed.told.length);
  for (let index = 0; index < length; index++) {
    const [wanted, told] = [expected[index], feed.told[index]];
    if (wanted && told && describe(wanted) === describe(told)) continue;
    return {
      promise: 'a follower of the feed is told each event once, in order',
      detail:
        `${feed.name}: event ${index + 1} should be ${wanted ? describe(wanted) : 'none'} ` +
        `and is ${told ? describe(told) : 'none'}`,
      resourceIds: [wanted, told].flatMap((event) => (event ? [event.resourceId] : [])),
      callIds: [],
    };
  }
  return undefined;
}

function describe({ resourceType, resourceId, revision, change }: Reference): string {
  return `${resourceType} ${resourceId} revision ${revision} ${change}`;
}

/** The first thing that is found wrong with any of the items. */
function firstOf<Item>(
  items: readonly Item[],
  check: (item: Item) => Violation | undefined,
): Violation | undefined {
  for (const item of items) {
    const violation = check(item);
    if (violation) return violation;
  }
  return undefined;
}
