import type { Knex } from 'knex';

/** Is told what a database is used for. Nothing of it may fail or take time. */
export interface DatabaseObserver {
  /** Somebody has a connection, or was refused one, after so long. */
  connectionAwaited(seconds: number): void;
  transactionEnded(outcome: 'committed' | 'rolled-back', seconds: number): void;
  /** The database asked for another try; `reason` is its SQLSTATE. */
  transactionRetried(reason: string): void;
  eventsAppended(count: number): void;
  /** A reader who was following was given an event, so long after it was written. */
  eventDelivered(seconds: number): void;
  /** An idempotency key was seen again, and its first answer given again. */
  answerReplayed(operationId: string): void;
}

/** What is going on in a database, as seen from this process. */
export interface DatabaseActivity {
  /** Nobody, until somebody measures. */
  observer: DatabaseObserver | undefined;
  pool(): PoolState;
}

/** Connections that are in use and that wait for use, and requests that wait for one. */
export interface PoolState {
  readonly used: number;
  readonly free: number;
  readonly awaited: number;
}

/** Watches the pool of a connection. What transactions do on the connection that they have is not waiting. */
export function watchPool(knex: Knex): DatabaseActivity {
  // knex types its client as `any`; these have been there since its first versions.
  const { client } = knex as {
    client: {
      acquireConnection(): Promise<unknown>;
      pool: { numUsed(): number; numFree(): number; numPendingAcquires(): number };
    };
  };
  const activity: DatabaseActivity = {
    observer: undefined,
    pool: () => ({
      used: client.pool.numUsed(),
      free: client.pool.numFree(),
      awaited: client.pool.numPendingAcquires(),
    }),
  };
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = () => {
    if (!activity.observer) return acquire();
    const startedAt = performance.now();
    return acquire().finally(() =>
      activity.observer?.connectionAwaited((performance.now() - startedAt) / 1000),
    );
  };
  return activity;
}
