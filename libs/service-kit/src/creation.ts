import type { Knex } from 'knex';
import type { Database } from './database.ts';
import { idempotently, type IdempotencyClaim } from './idempotency.ts';
import type { OperationResponse } from './operations.ts';
import { inTransaction } from './transactions.ts';

/** Runs a creation in one transaction, once per idempotency key; a repeated request gets the first answer again. */
export function createOnce(
  { database }: { readonly database: Database },
  claim: IdempotencyClaim | undefined,
  create: (trx: Knex.Transaction) => Promise<OperationResponse>,
): Promise<OperationResponse> {
  return inTransaction(database, (trx) => idempotently(trx, claim, () => create(trx)));
}

/** The answer to a creation. */
export function created(location: string, body: unknown): OperationResponse {
  return { status: 201, body, headers: { location } };
}
