import type { FollowedFeed, HistoryEvent, Violation } from './history.ts';

type Reference = Pick<HistoryEvent, 'resourceType' | 'resourceId' | 'revision' | 'change'>;

/**
 * What the feed promises by itself, whatever was asked of the service: each resource's events begin with `created`, count its
 * revisions one by one, and end with `deleted`; and every follower was told the same, nothing lost, doubled or out of order.
 */
export function checkFeed(
  events: readonly HistoryEvent[],
  followed: readonly FollowedFeed[],
): Violation | undefined {
  return checkRevisions(events) ?? firstOf(followed, (feed) => checkFollower(events, feed));
}

function checkRevisions(events: readonly HistoryEvent[]): Violation | undefined {
  const last = new Map<string, HistoryEvent>();
  for (const event of events) {
    const name = `${event.resourceType} ${event.resourceId}`;
    const before = last.get(name);
    const broken = (detail: string): Violation => ({
      promise: 'the events of each resource come in the order of its revisions',
      detail: `${name}: ${detail} (position ${event.position})`,
      resourceIds: [event.resourceId],
      callIds: [],
    });
    if (!before) {
      if (event.change !== 'created' || event.revision !== 1)
        return broken(`its first event is "${event.change}" with revision ${event.revision}`);
    } else if (before.change === 'deleted') {
      return broken(`there is an event "${event.change}" after it was deleted`);
    } else if (event.change === 'created') {
      return broken('it is created twice');
    } else if (event.revision !== before.revision + 1) {
      return broken(`revision ${event.revision} follows revision ${before.revision}`);
    }
    last.set(name, event);
  }
  return undefined;
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
