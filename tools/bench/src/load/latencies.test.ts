import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Latencies } from './latencies.ts';

function latenciesOf(values: readonly number[]): Latencies {
  const latencies = new Latencies();
  for (const value of values) latencies.add(value);
  return latencies;
}

test('without values there are no percentiles', () => {
  expect(new Latencies().percentile(0.5)).toBeUndefined();
});

test('percentiles are values that were there', () => {
  const latencies = latenciesOf(Array.from({ length: 100 }, (_, index) => 100 - index));
  expect([0, 0.01, 0.5, 0.99, 1].map((share) => latencies.percentile(share))).toEqual([1, 1, 50, 99, 100]);
});

test('at least the share does not exceed the percentile, and less than it falls below', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 3000 });
  fc.assert(
    fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (times, share) => {
      const value = latenciesOf(times).percentile(share) ?? NaN;
      expect(times).toContain(value);
      expect(times.filter((time) => time <= value).length).toBeGreaterThanOrEqual(
        share * times.length - 1e-6,
      );
      expect(times.filter((time) => time < value).length).toBeLessThan(share * times.length);
    }),
  );
});

test('values may come after a percentile was asked for', () => {
  const latencies = latenciesOf([5, 1]);
  expect(latencies.percentile(1)).toBe(5);
  latencies.add(3);
  expect(latencies.percentile(0.5)).toBe(3);
  expect(latencies.count).toBe(3);
});
