/** A page of a list as both APIs give it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}

/**
 * A list that is fetched page by page while it is read; reading may stop anywhere.
 *
 * ```ts
 * for await (const port of network.ports.list({ networkId })) console.log(port.name);
 * const all = await network.ports.list({ networkId }).toArray();
 * const [first] = await network.ports.list({ limit: 1 }).firstPage();
 * ```
 */
export interface ItemList<Item> extends AsyncIterable<Item> {
  /** The pages themselves, for tables with a "more" button. */
  pages(): AsyncIterable<Page<Item>>;
  /** The items of the first page alone: one request. */
  firstPage(): Promise<readonly Item[]>;
  /** Everything. */
  toArray(): Promise<Item[]>;
}

/** Makes a list of a function that fetches one page. Each reading starts anew. */
export function paginate<Item>(
  fetchPage: (pageToken: string | undefined) => Promise<Page<Item>>,
): ItemList<Item> {
  async function* pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let pageToken: string | undefined;
    do {
      const page = await fetchPage(pageToken);
      yield page;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }
  async function* items(): AsyncGenerator<Item, void, undefined> {
    for await (const page of pages()) yield* page.items;
  }
  return {
    [Symbol.asyncIterator]: items,
    pages,
    firstPage: async () => (await fetchPage(undefined)).items,
    async toArray() {
      const all: Item[] = [];
      for await (const item of items()) all.push(item);
      return all;
    },
  };
}
