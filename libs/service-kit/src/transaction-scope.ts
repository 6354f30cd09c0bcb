import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import type { Database } from './database.ts';

/** What a running transaction knows about itself. */
export interface TransactionScope {
  readonly database: Database;
  readonly afterCommit: (() => void)[];
  isOpen: boolean;
}

const current = new AsyncLocalStorage<TransactionScope>();
const scopes = new WeakMap<Knex.Transaction, TransactionScope>();

/** Runs work inside a scope, which `scopeOf` then finds by the transaction. */
export async function runInScope<T>(
  trx: Knex.Transaction,
  scope: TransactionScope,
  work: () => Promise<T>,
): Promise<T> {
  scopes.set(trx, scope);
  try {
    return await current.run(scope, work);
  } finally {
    scope.isOpen = false;
  }
}

/** The scope of a transaction that `inTransaction` opened. */
export function scopeOf(trx: Knex.Transaction): TransactionScope {
  const scope = scopes.get(trx);
  if (!scope) throw new Error('this needs a transaction opened by inTransaction');
  return scope;
}

/** True while the calling code runs inside an open transaction of `inTransaction`. */
export function isInTransaction(): boolean {
  return current.getStore()?.isOpen === true;
}

/**
 * Makes a query on `knex` itself fail when it is issued inside a transaction. Such a query takes a second connection:
 * the embedded database has none (it would hang), and pools run dry that way.
 */
export function refuseQueriesBesideTransactions(knex: Knex): void {
  // knex types its client as `any`; this method has been there since its first versions.
  const { client } = knex as { client: { acquireConnection(): Promise<unknown> } };
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = () => {
    if (isInTransaction()) {
      return Promise.reject(new Error('a query outside the open transaction: pass it the trx'));
    }
    return acquire();
  };
}
