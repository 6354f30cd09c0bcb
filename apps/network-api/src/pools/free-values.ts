import type { Range } from '../addresses/ranges.ts';

/**
 * What is free of a pool from `min` to `max` when these ranges are taken.
 * @param taken disjoint ranges in ascending order; what of them lies outside the pool does not matter.
 */
export function freeValues(min: number, max: number, taken: readonly Range[]): Range[] {
  const free: Range[] = [];
  let first = BigInt(min);
  const end = BigInt(max);
  for (const range of taken) {
    if (range.first > first) free.push({ first, last: lower(range.first - 1n, end) });
    if (range.last >= first) first = range.last + 1n;
    if (first > end) break;
  }
  if (first <= end) free.push({ first, last: end });
  return free.filter((range) => range.first <= range.last);
}

function lower(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
