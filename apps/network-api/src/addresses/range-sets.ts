import { joinRanges, type Range } from './ranges.ts';

/** What of some ranges lies in none of the others, as the fewest ranges in ascending order. */
export function subtractRanges(from: readonly Range[], taken: readonly Range[]): Range[] {
  const holes = joinRanges(taken);
  return joinRanges(from).flatMap((range) => {
    const left: Range[] = [];
    let { first } = range;
    for (const hole of holes) {
      if (hole.last < first || range.last < hole.first) continue;
      if (first < hole.first) left.push({ first, last: hole.first - 1n });
      first = hole.last + 1n;
    }
    if (first <= range.last) left.push({ first, last: range.last });
    return left;
  });
}

/** How many addresses disjoint ranges have. */
export function countAddresses(ranges: readonly Range[]): bigint {
  return ranges.reduce((count, { first, last }) => count + last - first + 1n, 0n);
}

/** True when the address is in one of the ranges. */
export function isInRanges(ranges: readonly Range[], address: bigint): boolean {
  return ranges.some(({ first, last }) => first <= address && address <= last);
}
