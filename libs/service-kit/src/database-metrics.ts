import { Counter, Gauge, Histogram } from 'prom-client';
import type { Database } from './database.ts';
import type { Metrics } from './metrics.ts';

/** From statements by primary key to those that wait for a lock as long as they may. */
const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** Adds what the process does with its database to its metrics. Labels are closed lists and the documents' operations. */
export function measureDatabase({ registry }: Metrics, { activity }: Database): void {
  const registers = [registry];
  // The registry keeps it, and asks it when it is read.
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections to the database: used by somebody, or free to be.',
    labelNames: ['state'],
    registers,
    collect() {
      const { used, free } = activity.pool();
      this.set({ state: 'used' }, used);
      this.set({ state: 'free' }, free);
    },
  });
  new Gauge({
    name: 'database_pool_awaited',
    help: 'How many wait for a connection to the database now.',
    registers,
    collect() {
      this.set(activity.pool().awaited);
    },
  });
  const waits = new Histogram({
    name: 'database_pool_wait_seconds',
    help: 'How long somebody waited for a connection to the database.',
    buckets: seconds,
    registers,
  });
  const transactions = new Histogram({
    name: 'database_transaction_duration_seconds',
    help: 'From the begin of a transaction to its end, the wait for a connection included; each try counts by itself.',
    labelNames: ['outcome'],
    buckets: seconds,
    registers,
  });
  const retries = new Counter({
    name: 'database_transaction_retries_total',
    help: 'Transactions that were tried again because the database asked for it, by its SQLSTATE.',
    labelNames: ['reason'],
    registers,
  });
  const appended = new Counter({
    name: 'events_appended_total',
    help: 'Events that were committed to the feed.',
    registers,
  });
  const delivered = new Histogram({
    name: 'event_delivery_seconds',
    help: 'From when an event was written to when a reader who was following was given it. Readers who catch up do not count.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const replays = new Counter({
    name: 'idempotency_replays_total',
    help: 'Requests that were given the first answer to their idempotency key again.',
    labelNames: ['operationId'],
    registers,
  });
  activity.observer = {
    connectionAwaited: (waited) => waits.observe(waited),
    transactionEnded: (outcome, took) => transactions.observe({ outcome }, took),
    transactionRetried: (reason) => retries.inc({ reason }),
    eventsAppended: (count) => appended.inc(count),
    eventDelivered: (late) => delivered.observe(late),
    answerReplayed: (operationId) => replays.inc({ operationId }),
  };
}
