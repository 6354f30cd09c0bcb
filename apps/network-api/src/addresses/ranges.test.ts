import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeBetween,
  giveBack,
  joinRanges,
  rangesOf,
  takeAddresses,
  withoutAddress,
  type Range,
  type RangeChange,
} from './ranges.ts';

/** Small numbers, so that ranges touch, split and run dry all the time. */
const address = fc.bigInt({ min: 0n, max: 40n });
const ranges = fc
  .array(fc.tuple(address, address), { maxLength: 8 })
  .map((pairs) => joinRanges(pairs.map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }))));

function addressesOf(list: readonly Range[]): bigint[] {
  return list.flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)),
  );
}

/** Keeps ranges by `last`, as the table does. */
function applyChange(before: readonly Range[], change: RangeChange): Range[] {
  const table = new Map(before.map(({ first, last }) => [last, first]));
  for (const last of change.forgotten) expect(table.delete(last)).toBe(true);
  for (const { first, last } of change.written) table.set(last, first);
  const after = [...table].map(([last, first]) => ({ first, last }));
  return after.toSorted((a, b) => (a.last < b.last ? -1 : 1));
}

function isDisjoint(list: readonly Range[]): boolean {
  return list.every((range, index) => {
    const previous = list[index - 1];
    return range.first <= range.last && (previous === undefined || previous.last < range.first);
  });
}

describe('free ranges', () => {
  it('give each address to one owner, and lose none', () => {
    fc.assert(
      fc.property(ranges, fc.array(address, { maxLength: 12 }), fc.nat(50), (free, chosen, count) => {
        const taking = takeAddresses(free, chosen, count);
        const granted = [...new Set(chosen.filter((one) => !taking.refused.includes(one)))];
        const after = applyChange(free, changeBetween(free, taking.left));
        const all = [...granted, ...chosenTwice(chosen, free), ...taking.automatic, ...addressesOf(after)];
        expect(isDisjoint(after)).toBe(true);
        expect(new Set(all)).toEqual(new Set(addressesOf(free)));
        expect(new Set(taking.automatic).size).toBe(taking.automatic.length);
        expect(taking.automatic.some((one) => chosen.includes(one))).toBe(false);
        expect(addressesOf(after).some((one) => chosen.includes(one) || taking.automatic.includes(one))).toBe(
          false,
        );
      }),
    );
  });

  it('refuse a chosen address exactly when it is not free or was chosen before in the same call', () => {
    fc.assert(
      fc.property(ranges, fc.array(address, { maxLength: 12 }), (free, chosen) => {
        const left = new Set(addressesOf(free));
        const expected = chosen.filter((one) => !left.delete(one));
        expect([...takeAddresses(free, chosen, 0).refused].sort()).toEqual(expected.sort());
      }),
    );
  });

  it('give the lowest addresses first, down to the last one', () => {
    fc.assert(
      fc.property(ranges, fc.nat(60), (free, count) => {
        expect(takeAddresses(free, [], count).automatic).toEqual(addressesOf(free).slice(0, count));
      }),
    );
  });

  it('need only their head and the ranges of chosen addresses', () => {
    fc.assert(
      fc.property(ranges, fc.array(address, { maxLength: 4 }), fc.nat(4), (free, chosen, count) => {
        const head = free.slice(0, chosen.length + count);
        const around = free.filter(({ first, last }) => chosen.some((one) => first <= one && one <= last));
        const part = free.filter((range) => head.includes(range) || around.includes(range));
        const fromPart = takeAddresses(part, chosen, count);
        const fromAll = takeAddresses(free, chosen, count);
        expect(fromPart.automatic).toEqual(fromAll.automatic);
        expect(fromPart.refused).toEqual(fromAll.refused);
        expect(applyChange(free, changeBetween(part, fromPart.left))).toEqual(fromAll.left);
      }),
    );
  });

  it('are as before once everything that was taken is given back', () => {
    fc.assert(
      fc.property(ranges, fc.array(address, { maxLength: 12 }), fc.nat(50), (free, chosen, count) => {
        const taking = takeAddresses(free, chosen, count);
        const granted = [...new Set(chosen)].filter((one) => addressesOf(free).includes(one));
        const after = applyChange(free, changeBetween(free, taking.left));
        const returned = rangesOf([...granted, ...taking.automatic]);
        const touching = after.filter(({ first, last }) =>
          returned.some((run) => last + 1n === run.first || run.last + 1n === first),
        );
        expect(applyChange(after, giveBack(touching, returned))).toEqual(free);
      }),
    );
  });

  it('change only the first address of a range when its head is taken', () => {
    const free = [{ first: 1n, last: 9n }];
    const { left } = takeAddresses(free, [], 1);
    expect(changeBetween(free, left)).toEqual({ forgotten: [], written: [{ first: 2n, last: 9n }] });
  });

  it('split around an address', () => {
    fc.assert(
      fc.property(address, address, address, (a, b, hole) => {
        const range = a < b ? { first: a, last: b } : { first: b, last: a };
        const expected = addressesOf([range]).filter((one) => one !== hole);
        expect(addressesOf(withoutAddress(range, hole))).toEqual(expected);
      }),
    );
  });
});

/** A chosen address that appears in `refused` only because it was chosen again. */
function chosenTwice(chosen: readonly bigint[], free: readonly Range[]): bigint[] {
  return addressesOf(free).filter((one) => chosen.filter((other) => other === one).length > 1);
}
