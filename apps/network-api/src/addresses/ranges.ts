/** Addresses from `first` to `last`, both included. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * What becomes of a set of ranges that is kept by `last`: those to forget, and those to write (a new one, or another
 * `first` for the same `last`). Taking from a range's head changes its `first` only, and so no index.
 */
export interface RangeChange {
  readonly forgotten: readonly bigint[];
  readonly written: readonly Range[];
}

/** The outcome of taking addresses out of free ranges. */
export interface Taking {
  /** Chosen addresses that were not free, or were chosen twice. */
  readonly refused: readonly bigint[];
  /** Addresses from the head, ascending; fewer than asked for when the ranges have no more. */
  readonly automatic: readonly bigint[];
  /** The ranges that are still free then. */
  readonly left: readonly Range[];
}

/** Sorts ranges and joins those that touch or overlap. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges.toSorted(byFirst)) {
    const previous = joined.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1n) {
      joined[joined.length - 1] = { first: previous.first, last: max(previous.last, range.last) };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

/** Single addresses as the fewest ranges. */
export function rangesOf(addresses: readonly bigint[]): Range[] {
  return joinRanges(addresses.map((address) => ({ first: address, last: address })));
}

/** The range without one address: none, one or two ranges. */
export function withoutAddress(range: Range, address: bigint): Range[] {
  if (address < range.first || range.last < address) return [range];
  return [
    { first: range.first, last: address - 1n },
    { first: address + 1n, last: range.last },
  ].filter(({ first, last }) => first <= last);
}

/**
 * Takes the chosen addresses, then `automaticCount` from the head of what is left.
 * @param free disjoint ranges in ascending order. They may be a part of all free ranges, if that part has the first
 * `chosen.length + automaticCount` of them and those with the chosen addresses: the head can't lie beyond.
 */
export function takeAddresses(
  free: readonly Range[],
  chosen: readonly bigint[],
  automaticCount: number,
): Taking {
  const { left: unchosen, refused } =
    chosen.length === 0 ? { left: free, refused: [] } : takeChosen(free, chosen);
  const automatic: bigint[] = [];
  const left: Range[] = [];
  for (const range of unchosen) {
    let { first } = range;
    while (automatic.length < automaticCount && first <= range.last) automatic.push(first++);
    if (first === range.first) left.push(range);
    else if (first <= range.last) left.push({ first, last: range.last });
  }
  return { refused, automatic, left };
}

/**
 * Gives addresses back, joining them with the free ranges that they touch.
 * @param touching the free ranges that end just before, or begin just after, one of the given-back runs; others do no harm.
 */
export function giveBack(touching: readonly Range[], returned: readonly Range[]): RangeChange {
  return changeBetween(touching, joinRanges([...touching, ...returned]));
}

/** What turns one set of disjoint ranges into another. */
export function changeBetween(before: readonly Range[], after: readonly Range[]): RangeChange {
  const firstByLast = new Map(before.map(({ first, last }) => [last, first]));
  const kept = new Set(after.map(({ last }) => last));
  return {
    forgotten: before.map(({ last }) => last).filter((last) => !kept.has(last)),
    written: after.filter(({ first, last }) => firstByLast.get(last) !== first),
  };
}

function takeChosen(free: readonly Range[], chosen: readonly bigint[]): { left: Range[]; refused: bigint[] } {
  const wanted = chosen.toSorted(ascending);
  const left: Range[] = [];
  const refused: bigint[] = [];
  let next = 0;
  const refuseWhile = (isRefused: (address: bigint) => boolean) => {
    for (let address = wanted[next]; address !== undefined && isRefused(address); address = wanted[++next]) {
      refused.push(address);
    }
  };
  for (const range of free) {
    refuseWhile((address) => address < range.first);
    let { first } = range;
    for (let address = wanted[next]; address !== undefined && address <= range.last; address = wanted[next]) {
      if (first <= address - 1n) left.push({ first, last: address - 1n });
      first = address + 1n;
      next++;
      // Chosen twice: the second time it is no longer free.
      refuseWhile((again) => again === address);
    }
    if (first <= range.last) left.push({ first, last: range.last });
  }
  refuseWhile(() => true);
  return { left, refused };
}

function byFirst(a: Range, b: Range): number {
  return ascending(a.first, b.first);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
