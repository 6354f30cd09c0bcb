import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics, in one registry; both listeners of an API share it. */
export interface Metrics {
  readonly registry: Registry;
  countRequest(labels: { operationId: string; status: number; caller: string }, seconds: number): void;
  requestStarted(): () => void;
  /** Requests that were worked on together. */
  countBatch(operationId: string, size: number): void;
}

/** Makes the registry. `defaults` adds those of the process itself (memory, event loop). */
export function createMetrics(options: { defaults?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.defaults ?? true) collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by operation (none for paths outside the document), status and kind of caller.',
    labelNames: ['operationId', 'status', 'caller'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, by operation and status; long polls and streams included.',
    labelNames: ['operationId', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  const open = new Gauge({
    name: 'http_requests_open',
    help: 'Requests being worked on.',
    registers: [registry],
  });
  const batches = new Histogram({
    name: 'http_request_batch_size',
    help: 'How many requests that came at the same time were worked on together.',
    labelNames: ['operationId'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [registry],
  });
  return {
    registry,
    countBatch: (operationId, size) => batches.observe({ operationId }, size),
    countRequest({ operationId, status, caller }, seconds) {
      requests.inc({ operationId, status: String(status), caller });
      durations.observe({ operationId, status: String(status) }, seconds);
    },
    requestStarted() {
      open.inc();
      return () => open.dec();
    },
  };
}
