import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffSeconds } from './backoff.ts';

it('the pause after a failure doubles up to five minutes, and is at least half of that', () => {
  const longest = [1, 2, 3, 4, 9, 10, 1_000_000].map((attempts) => backoffSeconds(attempts, () => 1));
  expect(longest).toEqual([1, 2, 4, 8, 256, 300, 300]);
  const shortest = [1, 2, 3, 1_000_000].map((attempts) => backoffSeconds(attempts, () => 0));
  expect(shortest).toEqual([0.5, 1, 2, 150]);
});

it('the pause lies between its bounds whatever chance says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempts, chance) => {
        const seconds = backoffSeconds(attempts, () => chance);
        expect(seconds).toBeGreaterThanOrEqual(0.5);
        expect(seconds).toBeLessThanOrEqual(300);
      },
    ),
  );
});
