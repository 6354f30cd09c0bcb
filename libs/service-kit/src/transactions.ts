import type { Knex } from 'knex';
import { errorCode } from './database-errors.ts';
import type { Database } from './database.ts';
import { isPlanOutdated } from './statements.ts';
import { isInTransaction, runInScope, scopeOf, type TransactionScope } from './transaction-scope.ts';

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** How often the work may run in all, when the database asks for another try. */
  readonly attempts?: number;
}

/** Serialization failure and deadlock: the database chose a victim, and the same work may pass next time. */
const retriable = new Set(['40001', '40P01']);

function isRetriable(error: unknown): boolean {
  return retriable.has(errorCode(error) ?? '') || isPlanOutdated(error);
}

/**
 * Runs work in one transaction and commits it; any error rolls it back. Serialization failures and deadlocks run the
 * work again (5 times in all by default, with jittered pauses), so it must have no effect but on the database.
 * A call inside another's work is a mistake and throws: pass the `trx` down.
 */
export async function inTransaction<T>(
  database: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (isInTransaction()) throw new Error('transactions do not nest: pass the open trx down instead');
  const attempts = options.attempts ?? 5;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(database, work, options.isolation);
    } catch (error) {
      if (attempt >= attempts || !isRetriable(error)) throw error;
      database.activity.observer?.transactionRetried(errorCode(error) ?? 'none');
      await pause(Math.random() * 10 * 2 ** attempt);
    }
  }
}

/**
 * Runs a callback once the transaction has committed (never when it rolled back), for signals within the process.
 * It must not fail and must not do work that has to happen: a crash in between skips it.
 */
export function afterCommit(trx: Knex.Transaction, callback: () => void): void {
  scopeOf(trx).afterCommit.push(callback);
}

async function attemptOnce<T>(
  database: Database,
  work: (trx: Knex.Transaction) => Promise<T>,
  isolation: TransactionOptions['isolation'],
): Promise<T> {
  const scope: TransactionScope = { database, afterCommit: [], isOpen: true };
  const startedAt = performance.now();
  const ended = (outcome: 'committed' | 'rolled-back') =>
    database.activity.observer?.transactionEnded(outcome, (performance.now() - startedAt) / 1000);
  const running = database.knex.transaction(
    (trx) => runInScope(trx, scope, () => work(trx)),
    // The default level needs no statement of its own.
    isolation === undefined || isolation === 'read committed' ? {} : { isolationLevel: isolation },
  );
  let result: T;
  try {
    result = await running;
  } catch (error) {
    ended('rolled-back');
    throw error;
  }
  ended('committed');
  for (const callback of scope.afterCommit) callback();
  return result;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
