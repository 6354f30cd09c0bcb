import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangesOf } from '../addresses/ranges.ts';
import { freeValues } from './free-values.ts';

const value = fc.integer({ min: 0, max: 40 });

describe('the free values of a pool', () => {
  it('are exactly those that are in it and not taken', () => {
    fc.assert(
      fc.property(value, value, fc.array(value, { maxLength: 30 }), (one, other, taken) => {
        const [min, max] = [Math.min(one, other), Math.max(one, other)];
        const free = freeValues(min, max, rangesOf(taken.map(BigInt)));
        const listed = free.flatMap(({ first, last }) =>
          Array.from({ length: Number(last - first) + 1 }, (_, index) => Number(first) + index),
        );
        const expected = Array.from({ length: max - min + 1 }, (_, index) => min + index);
        expect(listed).toEqual(expected.filter((candidate) => !taken.includes(candidate)));
      }),
    );
  });

  it('are one range when nothing is taken, however large the pool is', () => {
    expect(freeValues(0, Number.MAX_SAFE_INTEGER, [])).toEqual([
      { first: 0n, last: BigInt(Number.MAX_SAFE_INTEGER) },
    ]);
  });
});
