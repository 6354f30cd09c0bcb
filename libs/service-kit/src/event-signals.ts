import pg from 'pg';
import type { Logger } from './logger.ts';
import { createTurns } from './turns.ts';

/** The channel that tells other replicas of committed events (PostgreSQL LISTEN/NOTIFY). */
export const eventChannel = 'patchpanel_events';

/** Wakes those who wait for events. Keys say whose events: `project:<id>`, `audience:<name>`, or `*` for all. */
export interface EventSignals {
  /** Wakes everyone who waits for one of the keys, and those who wait for `*`. */
  announce(keys: readonly string[]): void;
  /** Counts from now: `woken` resolves at the next announcement that concerns the keys, or when signals may have been missed. */
  subscribe(keys: readonly string[]): Subscription;
  /** Runs a reader's look at the feed. Only a few run at once: readers that all wake together must leave connections for requests. */
  inTurn<T>(look: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Subscription {
  readonly woken: Promise<void>;
  cancel(): void;
}

interface Waiter {
  readonly keys: readonly string[];
  wake(): void;
}

/** With PostgreSQL, waiters look again this often even when nothing was heard: a safety net, not the mechanism. */
const recheckMs = 5_000;

export interface EventSignalsOptions {
  /** A PostgreSQL to hear other replicas from. */
  readonly listenTo: pg.ClientConfig | undefined;
  /** How many readers look at the feed at the same time. */
  readonly looksAtOnce: number;
  readonly logger: Logger;
}

/**
 * Signals within the process, plus, when `listenTo` gives a PostgreSQL, those of other replicas. The connection that
 * listens is opened by the first subscriber.
 */
export function createEventSignals({ listenTo, looksAtOnce, logger }: EventSignalsOptions): EventSignals {
  const turns = createTurns(looksAtOnce);
  const waiters = new Set<Waiter>();
  const announce = (keys: readonly string[]) => {
    const everyone = keys.includes('*');
    for (const waiter of waiters) {
      if (everyone || waiter.keys.some((key) => key === '*' || keys.includes(key))) waiter.wake();
    }
  };
  const listener = listenTo ? createListener(listenTo, announce, logger) : undefined;
  return {
    announce,
    subscribe(keys) {
      listener?.start();
      return addWaiter(waiters, keys, listener ? recheckMs : undefined);
    },
    inTurn: (look) => turns.take(look),
    async close() {
      announce(['*']);
      await listener?.close();
    },
  };
}

function addWaiter(
  waiters: Set<Waiter>,
  keys: readonly string[],
  wakeAfterMs: number | undefined,
): Subscription {
  const { promise: woken, resolve } = Promise.withResolvers<void>();
  const waiter: Waiter = { keys, wake: () => cancel() };
  const timer = wakeAfterMs === undefined ? undefined : setTimeout(() => cancel(), wakeAfterMs).unref();
  const cancel = () => {
    clearTimeout(timer);
    waiters.delete(waiter);
    resolve();
  };
  waiters.add(waiter);
  return { woken, cancel };
}

interface Listener {
  start(): void;
  close(): Promise<void>;
}

function createListener(
  settings: pg.ClientConfig,
  announce: (keys: readonly string[]) => void,
  logger: Logger,
): Listener {
  let client: pg.Client | undefined;
  let isClosed = false;
  const lose = (lost: pg.Client) => {
    if (client === lost) client = undefined;
    lost.removeAllListeners('notification');
    lost.end().catch(() => undefined);
  };
  const start = () => {
    if (client || isClosed) return;
    const fresh = new pg.Client({ ...settings, application_name: 'patchpanel-events' });
    client = fresh;
    fresh.on('notification', ({ payload }) => announce(payload ? payload.split(' ') : ['*']));
    fresh.on('error', (error) => {
      logger.warn({ err: error }, 'the event listener lost its database connection');
      lose(fresh);
    });
    fresh.on('end', () => lose(fresh));
    fresh
      .connect()
      .then(() => fresh.query(`listen ${eventChannel}`))
      // Whatever was committed before the LISTEN took effect was not heard: have everyone look once.
      .then(() => announce(['*']))
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'the event listener cannot connect');
        lose(fresh);
      });
  };
  return {
    start,
    async close() {
      isClosed = true;
      const open = client;
      client = undefined;
      await open?.end().catch((error: unknown) => logger.debug({ err: error }, 'closing the event listener'));
    },
  };
}
