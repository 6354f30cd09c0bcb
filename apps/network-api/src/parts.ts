import {
  idempotently,
  inTransaction,
  type Database,
  type IdempotencyClaim,
  type OperationResponse,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { ProviderCatalog } from './providers.ts';

/** What every room of the service works with. */
export interface Parts {
  readonly database: Database;
  readonly providers: ProviderCatalog;
  /** How long a released address rests, counted from when its hosts have confirmed that they no longer use it. */
  readonly addressRestSeconds: number;
}

/** Runs a creation in one transaction, once per idempotency key; a repeated request gets the first answer again. */
export function createOnce(
  { database }: Parts,
  claim: IdempotencyClaim | undefined,
  create: (trx: Knex.Transaction) => Promise<OperationResponse>,
): Promise<OperationResponse> {
  return inTransaction(database, (trx) => idempotently(trx, claim, () => create(trx)));
}

/** The answer to a creation. */
export function created(location: string, body: unknown): OperationResponse {
  return { status: 201, body, headers: { location } };
}
