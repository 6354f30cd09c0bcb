import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { validate as isUuid } from 'uuid';
import { canonicalJson } from './canonical-json.ts';
import { commonProblem } from './common-problems.ts';
import { findUnstorableText } from './json-body.ts';
import { decodeOpaque, encodeOpaque, isRecord } from './opaque.ts';

const defaultLimit = 50;
const maximumLimit = 200;

/**
 * Orders that a list may have. Ids are UUIDs of version 7, so `createdAt` is the order of ids; equal names are in that order,
 * too. With `-` all of it is the other way round.
 */
export const sortOrders = ['createdAt', '-createdAt', 'name', '-name'] as const;
export type SortOrder = (typeof sortOrders)[number];

/** One page to read: at most `limit` items, with keys behind `after`. */
export interface PageRequest {
  readonly limit: number;
  readonly sort: SortOrder;
  /** The key of the last item of the page before. */
  readonly after: string | undefined;
  /** Its name, in a list by name. */
  readonly afterName: string | undefined;
  /** Digest of the filters and the order: a token is only good for the list that it came from. */
  readonly filterDigest: string;
}

/** One page of a list, as on the wire. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextPageToken?: string;
}

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly pageToken?: string | undefined;
  readonly sort?: SortOrder | undefined;
}

/**
 * Reads `limit`, `sort` and `pageToken`. `filters` is everything else that decides which items the list has (project,
 * filter parameters); a token from a list with other filters or in another order is refused with `invalid-page-token`. A list
 * that is not ordered by a UUID says with `isKey` what its keys look like.
 */
export function readPageRequest(
  query: PageQuery,
  filters: Readonly<Record<string, unknown>>,
  { isKey = isUuid }: { readonly isKey?: (key: string) => boolean } = {},
): PageRequest {
  const limit = Math.min(Math.max(query.limit ?? defaultLimit, 1), maximumLimit);
  const sort = query.sort ?? 'createdAt';
  const filterDigest = createHash('sha256')
    .update(canonicalJson({ filters, sort }))
    .digest('base64url')
    .slice(0, 16);
  const page = { limit, sort, filterDigest };
  if (query.pageToken === undefined) return { ...page, after: undefined, afterName: undefined };
  const token = decodeOpaque(query.pageToken);
  const { a: after, n: afterName, f: digest } = isRecord(token) ? token : {};
  if (typeof after !== 'string' || !isKey(after)) throw notOfThisList();
  if (digest !== filterDigest) {
    throw commonProblem(
      'invalid-page-token',
      'The page token belongs to a list with other filters or in another order. Repeat those it came with, or start from the first page.',
    );
  }
  if (!isByName(sort)) return { ...page, after, afterName: undefined };
  if (typeof afterName !== 'string' || findUnstorableText(afterName)) throw notOfThisList();
  return { ...page, after, afterName };
}

function notOfThisList(): Error {
  return commonProblem(
    'invalid-page-token',
    'The page token was not given out by this list. Start from the first page.',
  );
}

/** The columns that order a list, as SQL: `ports.id`, `ports.name`. */
export interface PageColumns {
  readonly id: string;
  /** Not null, and `collate "C"`: only then is its order the same on every database, and an index on it lasts. */
  readonly name?: string | undefined;
}

/** A page as parts of a statement that is written by hand. */
export interface PageClauses {
  /** Where the page begins: goes beside the filters, as `and ${condition}`. It names its bindings. */
  readonly condition: string;
  readonly order: string;
  /** For `:after`, `:afterName` and `:pageLimit`, which is one more than the page's limit, for `toPage` to see another page. */
  readonly bindings: Readonly<Record<string, string | number>>;
}

/**
 * The parts of a statement that cut one page out of a list: `where … and ${condition} order by ${order} limit :pageLimit`.
 * An index on the filters' columns and then (id), or (name, id), serves both directions.
 */
export function pageClauses(page: PageRequest, columns: PageColumns): PageClauses {
  const { sort, after, afterName, limit } = page;
  const direction = sort.startsWith('-') ? 'desc' : 'asc';
  const sign = direction === 'asc' ? '>' : '<';
  const bindings = { pageLimit: limit + 1, ...(after === undefined ? {} : { after }) };
  if (!isByName(sort)) {
    const condition = after === undefined ? 'true' : `${columns.id} ${sign} :after`;
    return { condition, order: `${columns.id} ${direction}`, bindings };
  }
  const { id, name } = columns;
  if (name === undefined) throw new Error('this list has no order by name');
  const order = `${name} ${direction}, ${id} ${direction}`;
  if (afterName === undefined) return { condition: 'true', order, bindings };
  return {
    condition: `(${name}, ${id}) ${sign} (:afterName, :after)`,
    order,
    bindings: { ...bindings, afterName },
  };
}

/**
 * Orders a query as the page says and cuts the page out of it. `idColumn` is unique, and in the order of creation (UUIDs of
 * version 7). It fetches one row more than the limit, for `toPage` to know whether another page follows.
 */
export function selectPage<Row extends object, Result>(
  query: Knex.QueryBuilder<Row, Result>,
  page: PageRequest,
  idColumn = 'id',
  nameColumn = 'name',
): Knex.QueryBuilder<Row, Result> {
  const columns = { id: quoted(idColumn), name: quoted(nameColumn) };
  const { condition, order, bindings } = pageClauses(page, columns);
  return query
    .whereRaw(condition, bindings)
    .orderByRaw(order)
    .limit(page.limit + 1);
}

/** Makes a page of the rows that `selectPage` gave, or a statement with `pageClauses`. */
export function toPage<Row extends { readonly id: string; readonly name?: string | null }, Item>(
  rows: readonly Row[],
  page: PageRequest,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, page.limit);
  const items = shown.map(toItem);
  const last = shown.at(-1);
  if (rows.length <= page.limit || !last) return { items };
  return { items, nextPageToken: encodeOpaque({ a: last.id, ...nameKey(last, page), f: page.filterDigest }) };
}

function nameKey({ name }: { readonly name?: string | null }, { sort }: PageRequest): { n?: string } {
  if (!isByName(sort)) return {};
  if (typeof name !== 'string') throw new Error('a row of a list by name has no name');
  return { n: name };
}

function isByName(sort: SortOrder): boolean {
  return sort === 'name' || sort === '-name';
}

function quoted(column: string): string {
  return column
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}
