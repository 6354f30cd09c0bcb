import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countAddresses, isInRanges, subtractRanges } from './range-sets.ts';
import type { Range } from './ranges.ts';

const range: fc.Arbitrary<Range> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 12 }))
  .map(([first, length]) => ({ first: BigInt(first), last: BigInt(first + length) }));
const ranges = fc.array(range, { maxLength: 6 });
const everything = Array.from({ length: 60 }, (_, index) => BigInt(index));

describe('ranges without others', () => {
  it('have exactly the addresses that the others lack', () => {
    fc.assert(
      fc.property(ranges, ranges, (from, taken) => {
        const left = subtractRanges(from, taken);
        const expected = everything.filter(
          (address) => isInRanges(from, address) && !isInRanges(taken, address),
        );
        expect(everything.filter((address) => isInRanges(left, address))).toEqual(expected);
        expect(countAddresses(left)).toBe(BigInt(expected.length));
      }),
    );
  });

  it('are as few as can be, in ascending order', () => {
    fc.assert(
      fc.property(ranges, ranges, (from, taken) => {
        const left = subtractRanges(from, taken);
        for (const [index, { first, last }] of left.entries()) {
          expect(first <= last).toBe(true);
          const next = left[index + 1];
          expect(next === undefined || last + 1n < next.first).toBe(true);
        }
      }),
    );
  });
});
