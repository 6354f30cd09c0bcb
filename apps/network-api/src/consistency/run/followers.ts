import type { FollowedFeed, HistoryEvent } from '../history/history.ts';
import type { Dice } from '../operations/dice.ts';
import type { Wire } from './http.ts';
import type { Address, Replicas } from './replicas.ts';

/** A page of a feed, of whatever kind. */
export interface FeedPage {
  readonly items: readonly FollowedFeed['told'][number][];
  readonly nextCursor: string;
}

/** How a follower asks for what comes after a cursor. */
export interface FeedSource {
  readonly name: string;
  readonly concerns: (event: HistoryEvent) => boolean;
  /** The cursor of now. Undefined when there was no answer. */
  readonly begin: (ask: Ask) => Promise<string | undefined>;
  readonly next: (ask: Ask, cursor: string, limit: number) => Promise<FeedPage | undefined>;
}

/** Asks whichever replica the dice choose; the body of a 200, undefined when there was no answer. */
export type Ask = (
  side: 'public' | 'southbound',
  path: string,
  // Feeds are read page by page as the document says; what they tell is judged later.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
) => Promise<any>;

const catchUpSeconds = 30;

/**
 * Follows a feed for as long as a test runs, like a client that stays: by long polls, page after page from its last cursor, at a
 * replica that changes from poll to poll, and on from the same cursor when an answer is lost.
 */
export class Follower {
  readonly #source: FeedSource;
  readonly #ask: Ask;
  readonly #dice: Dice;
  readonly #told: FollowedFeed['told'][number][] = [];
  readonly #stop = new AbortController();
  #cursor = '';
  #following: Promise<void> = Promise.resolve();

  constructor(
    source: FeedSource,
    token: string,
    dice: Dice,
    around: { readonly replicas: Replicas; readonly wire: Wire },
  ) {
    this.#source = source;
    this.#dice = dice;
    this.#ask = async (side, path) => {
      const address: Address = await around.replicas.choose(dice.below(2));
      const outcome = await around.wire.send({ method: 'GET', url: `${address[side]}${path}`, token });
      if ('failed' in outcome || outcome.answer.status === 503) return undefined;
      if (outcome.answer.status !== 200)
        throw new Error(`${source.name}: GET ${path} → ${JSON.stringify(outcome.answer)}`);
      return outcome.answer.body;
    };
  }

  async begin(): Promise<void> {
    let cursor: string | undefined;
    while (cursor === undefined) cursor = await this.#source.begin(this.#ask);
    this.#cursor = cursor;
    this.#following = this.#follow();
    this.#following.catch(() => undefined);
  }

  /** Waits until it has been told as much as there is, and gives what it was told. */
  async end(events: readonly HistoryEvent[]): Promise<FollowedFeed> {
    const { name, concerns } = this.#source;
    const count = events.filter(concerns).length;
    const deadline = Date.now() + catchUpSeconds * 1000;
    const isBehind = () => this.#told.length < count && Date.now() < deadline;
    const watch = (async () => {
      while (isBehind()) await new Promise((resolve) => setTimeout(resolve, 20));
    })();
    await Promise.race([watch, this.#following]);
    this.#stop.abort();
    await this.#following;
    return { name, concerns, told: this.#told };
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const page = await this.#source.next(this.#ask, this.#cursor, 1 + this.#dice.below(50));
      if (!page) continue;
      this.#told.push(...page.items);
      this.#cursor = page.nextCursor;
    }
  }
}

/** What the users of a project are told, by long polls. */
export function projectFeed(projectId: string): FeedSource {
  return {
    name: `the events of project ${projectId}`,
    concerns: (event) => event.projectId === projectId && event.audience === undefined,
    begin: async (ask) => (await ask('public', '/v1/events'))?.nextCursor,
    next: (ask, cursor, limit) => ask('public', `/v1/events?cursor=${cursor}&limit=${limit}&waitSeconds=1`),
  };
}

/** What the agent of a host is told of its bindings. */
export function hostFeed(host: string): FeedSource {
  return {
    name: `the changes of host ${host}`,
    concerns: (event) => event.audience === host,
    begin: async (ask) => (await ask('southbound', '/v1/bindings?limit=1'))?.cursor,
    next: async (ask, cursor, limit) => {
      const page = await ask('southbound', `/v1/changes?cursor=${cursor}&limit=${limit}&waitSeconds=1`);
      // What is told of groups and networks depends on the bindings of the moment of asking.
      const isOfBinding = ({ resourceType }: FeedPage['items'][number]) => resourceType === 'binding';
      return page && { nextCursor: page.nextCursor, items: page.items.filter(isOfBinding) };
    },
  };
}
