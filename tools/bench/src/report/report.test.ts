import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeJson, type Row } from './result.ts';
import { formatFindings, formatMs, formatRate, formatRows, formatTable } from './table.ts';

const row: Row = {
  operation: 'createPorts',
  clients: 32,
  ratePerSecond: 12_345.678,
  unit: 'ports',
  requestsPerSecond: 123.45678,
  p50Ms: 1.23456,
  p99Ms: 45.6789,
  floorRatio: 0.54321,
  errors: 3,
  failures: new Map([['409 quota-exceeded', 3]]),
};

test('columns are as wide as they must be, numbers to the right', () => {
  expect(
    formatTable(
      ['a', 'long title', 'n'],
      [
        ['first', 'x', '1'],
        ['b', 'y', '1,000'],
      ],
    ),
  ).toEqual([
    'a      long title      n',
    '─────  ──────────  ─────',
    'first  x               1',
    'b      y           1,000',
  ]);
});

test('a row shows its unit, its requests, its share of the floor and its errors', () => {
  const [, , line] = formatRows([row]);
  for (const part of ['12,346', 'ports (123 requests)', '54%', '1.23', '45.7', '3 (3 × 409 quota-exceeded)'])
    expect(line).toContain(part);
  expect(line).not.toContain('db');
  expect(formatRows([{ ...row, processors: { api: 0.5, db: 0.25 } }])[2]).toContain('api 0.50, db 0.25');
});

test('a finding says what was wanted and whether it held', () => {
  expect(formatFindings([{ claim: 'quick', seen: '3 ms', target: '< 5 ms', isHeld: true }])).toEqual([
    'held    quick',
    '        3 ms  [target: < 5 ms]',
  ]);
  expect(formatFindings([{ claim: 'quick', seen: '9 ms', target: '< 5 ms', isHeld: false }])[0]).toMatch(
    /^missed/,
  );
});

test('figures have as many digits as mean something', () => {
  expect([0.123, 9.994, 99.94, 1234.5].map(formatMs)).toEqual(['0.12', '9.99', '99.9', '1234.5']);
  expect([1.26, 99.94, 100.4, 12_345.6].map(formatRate)).toEqual(['1.3', '99.9', '100', '12,346']);
});

test('the JSON has the shape that all benches share, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patchpanel-bench-'));
  try {
    const file = join(folder, 'results.json');
    writeJson(file, [row, { ...row, floorRatio: null }]);
    const result = {
      operation: 'createPorts',
      clients: 32,
      ratePerSecond: 12_345.7,
      p50Ms: 1.235,
      p99Ms: 45.679,
      floorRatio: 0.543,
      errors: 3,
    };
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      results: [result, { ...result, floorRatio: null }],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
