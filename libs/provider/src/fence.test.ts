import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareFences } from './fence.ts';

const fence = fc.record({
  epoch: fc.integer({ min: 0, max: 3 }),
  generation: fc.integer({ min: 0, max: 3 }),
  placement: fc.integer({ min: 0, max: 3 }),
});

test('fences are ordered by epoch, then generation, then placement', () => {
  fc.assert(
    fc.property(fence, fence, (left, right) => {
      const asNumber = ({ epoch, generation, placement }: typeof left) =>
        epoch * 100 + generation * 10 + placement;
      expect(Math.sign(compareFences(left, right))).toBe(Math.sign(asNumber(left) - asNumber(right)));
    }),
  );
});
