import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { validate as isUuid } from 'uuid';
import { canonicalJson } from './canonical-json.ts';
import { commonProblem } from './common-problems.ts';
import { decodeOpaque, encodeOpaque, isRecord } from './opaque.ts';

const defaultLimit = 50;
const maximumLimit = 200;

/** One page to read: at most `limit` items, with keys behind `after`. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
  /** Digest of the filters: a token is only good for the list that it came from. */
  readonly filterDigest: string;
}

/** One page of a list, as on the wire. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextPageToken?: string;
}

/**
 * Reads `limit` and `pageToken`. `filters` is everything else that decides which items the list has (project,
 * filter parameters); a token from a list with other filters is refused with `invalid-page-token`. A list that is not
 * ordered by a UUID says with `isKey` what its keys look like.
 */
export function readPageRequest(
  query: { readonly limit?: number | undefined; readonly pageToken?: string | undefined },
  filters: Readonly<Record<string, unknown>>,
  { isKey = isUuid }: { readonly isKey?: (key: string) => boolean } = {},
): PageRequest {
  const limit = Math.min(Math.max(query.limit ?? defaultLimit, 1), maximumLimit);
  const filterDigest = createHash('sha256').update(canonicalJson(filters)).digest('base64url').slice(0, 16);
  if (query.pageToken === undefined) return { limit, after: undefined, filterDigest };
  const token = decodeOpaque(query.pageToken);
  if (!isRecord(token) || typeof token['a'] !== 'string' || !isKey(token['a'])) {
    throw commonProblem(
      'invalid-page-token',
      'The page token was not given out by this list. Start from the first page.',
    );
  }
  if (token['f'] !== filterDigest) {
    throw commonProblem(
      'invalid-page-token',
      'The page token belongs to a list with other filters. Repeat the filters it came with, or start from the first page.',
    );
  }
  return { limit, after: token['a'], filterDigest };
}

/**
 * Orders a query by a unique column (UUIDv7 ids: the order of creation) and cuts one page out of it.
 * It fetches one row more than the limit, for `toPage` to know whether another page follows.
 */
export function selectPage<Row extends object, Result>(
  query: Knex.QueryBuilder<Row, Result>,
  page: PageRequest,
  idColumn = 'id',
): Knex.QueryBuilder<Row, Result> {
  const paged = query.orderBy(idColumn, 'asc').limit(page.limit + 1);
  return page.after === undefined ? paged : paged.whereRaw('?? > ?', [idColumn, page.after]);
}

/** Makes a page of the rows that `selectPage` gave. */
export function toPage<Row extends { readonly id: string }, Item>(
  rows: readonly Row[],
  page: PageRequest,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, page.limit);
  const items = shown.map(toItem);
  const last = shown.at(-1);
  if (rows.length <= page.limit || !last) return { items };
  return { items, nextPageToken: encodeOpaque({ a: last.id, f: page.filterDigest }) };
}
