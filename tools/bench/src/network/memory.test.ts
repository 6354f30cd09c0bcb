import { expect, test } from 'vitest';
import { metricIn } from './memory.ts';

const metrics = `# TYPE nodejs_heap_size_used_bytes gauge
nodejs_heap_size_used_bytes 12345678
nodejs_heap_space_size_used_bytes{space="new"} 1
nodejs_external_memory_bytes 2.5e6
`;

test('a metric is found by its whole name', () => {
  expect(metricIn(metrics, 'nodejs_heap_size_used_bytes')).toBe(12_345_678);
  expect(metricIn(metrics, 'nodejs_external_memory_bytes')).toBe(2_500_000);
  expect(metricIn(metrics, 'nodejs_heap_space_size_used_bytes')).toBe(1);
  expect(() => metricIn(metrics, 'nodejs_heap')).toThrow('no metric nodejs_heap');
});
