import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Retries } from './retries.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Ten keys whose every attempt fails, and how often they were tried. */
function hopeless() {
  const tried = { times: 0 };
  const retries = new Retries({ firstMilliseconds: 1_000, mostMilliseconds: 30_000 }, (key) => {
    tried.times += 1;
    retries.schedule(key);
  });
  for (let index = 0; index < 10; index += 1) retries.schedule(`vnic-${index}`);
  return { retries, tried };
}

test('hope makes everything that waits be tried within a moment', async () => {
  const { retries, tried } = hopeless();
  retries.hasten();
  await vi.advanceTimersByTimeAsync(250);
  expect(tried.times).toBeGreaterThanOrEqual(10);
  retries.close();
});

test('hope that comes again and again hastens nothing more often than the longest wait', async () => {
  const { retries, tried } = hopeless();
  for (let elapsed = 0; elapsed < 29_000; elapsed += 250) {
    retries.hasten();
    await vi.advanceTimersByTimeAsync(250);
  }
  // By the growing waits alone each is tried a handful of times in half a minute.
  expect(tried.times).toBeLessThan(100);
  await vi.advanceTimersByTimeAsync(2_000);
  const before = tried.times;
  retries.hasten();
  await vi.advanceTimersByTimeAsync(250);
  expect(tried.times).toBeGreaterThanOrEqual(before + 10);
  retries.close();
});
