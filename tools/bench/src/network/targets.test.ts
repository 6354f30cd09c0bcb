import { expect, test } from 'vitest';
import type { Row } from '../report/result.ts';
import { judgeRates } from './targets.ts';

function row(operation: string, ratePerSecond: number, rest: Partial<Row> = {}): Row {
  return {
    operation,
    clients: 32,
    ratePerSecond,
    unit: 'requests',
    requestsPerSecond: ratePerSecond,
    p50Ms: 5,
    p99Ms: 20,
    floorRatio: 0.6,
    errors: 0,
    failures: new Map(),
    ...rest,
  };
}

test('what was not measured is not judged, nor what was measured with fewer clients', () => {
  expect(judgeRates([])).toEqual([]);
  expect(judgeRates([row('createPort', 1, { clients: 8 }), row('createNetwork', 1)])).toEqual([]);
});

test.each([
  ['all is well', {}, true],
  ['too slow', { ratePerSecond: 2_999 }, false],
  ['too far below the floor', { floorRatio: 0.49 }, false],
  ['no floor', { floorRatio: null }, false],
  ['too long a wait', { p99Ms: 50.1 }, false],
  ['an error', { errors: 1 }, false],
])('createPort is held to its targets: %s', (_, rest, isHeld) => {
  const [finding] = judgeRates([row('createPort', 3_000, rest)]);
  expect(finding).toMatchObject({ isHeld, target: '≥ 3,000 requests/s, ≥ 50% of the floor, p99 ≤ 50 ms' });
});

test('two replicas are held against one', () => {
  const judged = (two: number) =>
    judgeRates([row('createPort', 3_000), row('createPort x2 replicas', two)]).at(-1)?.isHeld;
  expect(judged(2_400)).toBe(true);
  expect(judged(2_399)).toBe(false);
});
