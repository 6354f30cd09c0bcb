import { expect, test } from 'vitest';
import { isGood, lastLine, oneFailed, onePassed, oneSkipped, sum } from './tally.ts';

test('the last line counts over all phases and mentions skipped tests only if there are any', () => {
  expect(lastLine(sum([onePassed, { ...onePassed, passed: 41 }]))).toBe('42 passed, 0 failed');
  expect(lastLine(sum([onePassed, oneFailed('a'), oneSkipped('b'), oneSkipped('c')]))).toBe(
    '1 passed, 1 failed, 2 skipped',
  );
});

test('a run is good only when something passed and nothing failed', () => {
  expect(isGood(sum([onePassed, oneSkipped('a')]))).toBe(true);
  expect(isGood(sum([onePassed, oneFailed('a')]))).toBe(false);
  expect(isGood(sum([]))).toBe(false);
  expect(isGood(oneSkipped('a'))).toBe(false);
});
