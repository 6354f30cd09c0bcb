import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { canonicalJson } from './canonical-json.ts';
import { commonProblem } from './common-problems.ts';
import { isRecord } from './opaque.ts';
import type { OperationResponse } from './operations.ts';

/** A caller's claim that requests with this key are one and the same. */
export interface IdempotencyClaim {
  /** Project of a user, host of a service: keys of others never meet. */
  readonly owner: string;
  readonly operationId: string;
  readonly key: string;
  /** Digest of everything that the request asks for. */
  readonly requestHash: string;
}

/** How long a first answer is repeated, in hours. */
const keptHours = 24;

/** Digest of a request: two that ask for the same have the same, whatever the order of their fields. */
export function hashRequest(request: { params: unknown; query: unknown; body: unknown }): string {
  const { params, query, body } = request;
  return createHash('sha256').update(canonicalJson({ params, query, body })).digest('base64url');
}

/**
 * Runs work once per key, inside the caller's transaction: its answer is recorded with the work itself, and a repeated
 * request gets that answer again, also one that races (it waits here for the first to commit or fail). The same key
 * with another request throws `idempotency-key-reused` (422). Work that throws leaves no record, so it may be tried again.
 * Without a claim the work just runs. Call it before any other lock is taken.
 */
export async function idempotently<Response extends OperationResponse>(
  trx: Knex.Transaction,
  claim: IdempotencyClaim | undefined,
  work: () => Promise<Response>,
): Promise<Response> {
  if (!claim) return work();
  const record = await claimKey(trx, claim);
  // The record was written by the same operation from a Response: here its type comes back from storage.
  if (record) return replay(record, claim) as Response;
  const response = await work();
  await trx('idempotency_records')
    .where(identify(claim))
    .update({
      status: response.status,
      headers: JSON.stringify(response.headers ?? {}),
      body: response.body === undefined ? null : JSON.stringify(response.body),
    });
  return response;
}

/**
 * Removes records that have expired, a batch at a time, and returns how many; call it now and then. The index on `expires_at`
 * serves it. Records that a request takes over at this moment are passed by.
 */
export async function removeExpiredIdempotencyRecords(connection: Knex, batchSize = 5_000): Promise<number> {
  let total = 0;
  for (let removed = batchSize; removed >= batchSize; total += removed) {
    const expired = connection('idempotency_records')
      .select('owner', 'operation_id', 'key')
      .where('expires_at', '<', connection.fn.now())
      .orderBy('expires_at')
      .limit(batchSize)
      .forUpdate()
      .skipLocked();
    removed = await connection('idempotency_records')
      .whereIn(['owner', 'operation_id', 'key'], expired)
      .delete();
  }
  return total;
}

interface RecordRow {
  readonly request_hash: string;
  readonly status: number | null;
  readonly headers: string | null;
  readonly body: string | null;
}

/**
 * Takes the key, or returns the record of who had it first. The insert waits on the primary key for a transaction that
 * holds the same key; an expired record is taken over under its row lock.
 */
async function claimKey(trx: Knex.Transaction, claim: IdempotencyClaim): Promise<RecordRow | undefined> {
  const { rows }: { rows: unknown[] } = await trx.raw(
    `insert into idempotency_records as old (owner, operation_id, key, request_hash, expires_at)
     values (:owner, :operationId, :key, :requestHash, now() + make_interval(hours => :keptHours))
     on conflict (owner, operation_id, key) do update
       set request_hash = excluded.request_hash, status = null, headers = null, body = null, expires_at = excluded.expires_at
       where old.expires_at < now()
     returning key`,
    { ...claim, keptHours },
  );
  if (rows.length > 0) return undefined;
  const record = await trx<RecordRow & IdempotencyKey>('idempotency_records')
    .select('request_hash', 'status', 'headers', 'body')
    .where(identify(claim))
    .first();
  if (!record) throw new Error('an idempotency record vanished while its key was taken');
  return record;
}

function replay(record: RecordRow, claim: IdempotencyClaim): OperationResponse {
  if (record.request_hash !== claim.requestHash) {
    throw commonProblem(
      'idempotency-key-reused',
      'This Idempotency-Key was already used for a request with other content. Use a new key for a new request.',
    );
  }
  const headers: unknown = JSON.parse(record.headers ?? '{}');
  const body: unknown = record.body === null ? undefined : JSON.parse(record.body);
  return { status: record.status ?? 200, headers: isRecord(headers) ? headersOf(headers) : {}, body };
}

function headersOf(stored: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, String(value)]));
}

interface IdempotencyKey {
  readonly owner: string;
  readonly operation_id: string;
  readonly key: string;
}

function identify(claim: IdempotencyClaim): IdempotencyKey {
  return { owner: claim.owner, operation_id: claim.operationId, key: claim.key };
}
