import { expect, test } from 'vitest';
import { defaultRetryPolicy, retryDelayMs } from './retry.ts';

test('the upper end of the random wait doubles up to its limit', () => {
  const ends = [1, 2, 3, 4, 5, 6, 7].map((failures) =>
    retryDelayMs(defaultRetryPolicy, failures, null, () => 1),
  );
  expect(ends).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(retryDelayMs(defaultRetryPolicy, 5, null, () => 0)).toBe(0);
});

test('Retry-After is read as seconds and as a date, and what is neither is left out', () => {
  const delay = (header: string): number => retryDelayMs(defaultRetryPolicy, 1, header, () => 0);
  expect(delay('3')).toBe(3000);
  expect(delay(new Date(Date.now() + 10_000).toUTCString())).toBeGreaterThan(8000);
  expect(delay(new Date(Date.now() - 10_000).toUTCString())).toBe(0);
  expect(delay('soon')).toBe(0);
});
