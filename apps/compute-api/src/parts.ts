import type { Knex } from 'knex';
import {
  idempotently,
  inTransaction,
  type Database,
  type IdempotencyClaim,
  type OperationResponse,
} from '@patchpanel/service-kit';

/** What it takes to place instances on hosts. */
export interface PlacementParts {
  readonly database: Database;
  /** How often a host is to be heard, in seconds. */
  readonly heartbeatSeconds: number;
}

/** What every room of the service works with. */
export interface Parts extends PlacementParts {
  /** A new MAC address; it may be in use already. */
  readonly randomMacAddress: () => string;
  /** Has instances that wait for a host looked at soon; for after the commit of what may have made room. */
  readonly wakePlacement: () => void;
}

/** A host not heard for so long has missed three heartbeats and is silent. */
export function silentAfterSeconds({ heartbeatSeconds }: PlacementParts): number {
  return 3 * heartbeatSeconds;
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
