import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { canonicalJson } from './canonical-json.ts';
import { commonProblem } from './common-problems.ts';
import { isRecord } from './opaque.ts';
import type { OperationResponse } from './operations.ts';
import { Problem } from './problem.ts';
import { queryRows } from './statements.ts';
import { scopeOf } from './transaction-scope.ts';

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
  const known = (await claimKeys(trx, [claim])).get(claim);
  if (known instanceof Problem) throw known;
  // The record was written by the same operation from a Response: here its type comes back from storage.
  if (known) return known as Response;
  const response = await work();
  await recordAnswers(trx, [{ claim, response }]);
  return response;
}

/**
 * Takes many keys at once, and says of those that somebody had before what came of it: the first answer, or the problem that
 * the request is another one. The rest are the caller's from here on: `recordAnswers` must follow in the same transaction. No
 * key may be among them twice. Waits on the primary key, in its order, for transactions that hold one of the keys.
 */
export async function claimKeys(
  trx: Knex.Transaction,
  claims: readonly IdempotencyClaim[],
): Promise<Map<IdempotencyClaim, OperationResponse | Problem>> {
  if (claims.length === 0) return new Map();
  const taken = await insertClaims(trx, claims);
  const missed = claims.filter((claim) => !taken.has(identify(claim)));
  const records = await selectRecords(trx, missed);
  return new Map(
    missed.map((claim) => {
      const record = records.get(identify(claim));
      if (!record) throw new Error('an idempotency record vanished while its key was taken');
      const known = replay(record, claim);
      if (!(known instanceof Problem))
        scopeOf(trx).database.activity.observer?.answerReplayed(claim.operationId);
      return [claim, known];
    }),
  );
}

/** Keeps the answers to claimed keys; those without one are given up, and so may be tried again. */
export async function recordAnswers(
  trx: Knex.Transaction,
  records: readonly { readonly claim: IdempotencyClaim; readonly response: OperationResponse | undefined }[],
): Promise<void> {
  const [answered, failed] = [true, false].map((isAnswered) =>
    records.filter(({ response }) => (response !== undefined) === isAnswered),
  );
  if (answered && answered.length > 0) await updateRecords(trx, answered);
  if (failed && failed.length > 0)
    await deleteRecords(
      trx,
      failed.map(({ claim }) => claim),
    );
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
  readonly owner: string;
  readonly operation_id: string;
  readonly key: string;
  readonly request_hash: string;
  readonly status: number | null;
  readonly headers: string | null;
  readonly body: string | null;
}

/**
 * Takes those keys that nobody has, or whose record has expired, and says which. In the order of the primary key, so that two
 * that take the same ones wait for each other and not in a circle.
 */
async function insertClaims(trx: Knex, claims: readonly IdempotencyClaim[]): Promise<Set<string>> {
  const rows = await queryRows<{ owner: string; operation_id: string; key: string }>(
    trx,
    `insert into idempotency_records as old (owner, operation_id, key, request_hash, expires_at)
     select owner, operation_id, key, request_hash, now() + make_interval(hours => cast(:keptHours as integer))
     from unnest(
       cast(:owners as text[]),
       cast(:operationIds as text[]),
       cast(:keys as text[]),
       cast(:requestHashes as text[])
     ) as claim(owner, operation_id, key, request_hash)
     order by owner, operation_id, key
     on conflict (owner, operation_id, key) do update
       set request_hash = excluded.request_hash, status = null, headers = null, body = null, expires_at = excluded.expires_at
       where old.expires_at < now()
     returning owner, operation_id, key`,
    { ...columnsOf(claims), requestHashes: claims.map(({ requestHash }) => requestHash), keptHours },
  );
  return new Set(rows.map(identifyRow));
}

/** Served by the primary key. */
async function selectRecords(
  trx: Knex,
  claims: readonly IdempotencyClaim[],
): Promise<Map<string, RecordRow>> {
  if (claims.length === 0) return new Map();
  const rows = await queryRows<RecordRow>(
    trx,
    `select owner, operation_id, key, request_hash, status, headers, body
     from unnest(cast(:owners as text[]), cast(:operationIds as text[]), cast(:keys as text[]))
       as claim(owner, operation_id, key)
     join idempotency_records using (owner, operation_id, key)`,
    columnsOf(claims),
  );
  return new Map(rows.map((row) => [identifyRow(row), row]));
}

async function updateRecords(
  trx: Knex,
  records: readonly { readonly claim: IdempotencyClaim; readonly response: OperationResponse | undefined }[],
): Promise<void> {
  await queryRows(
    trx,
    `update idempotency_records
     set status = answer.status, headers = answer.headers, body = answer.body
     from unnest(
       cast(:owners as text[]),
       cast(:operationIds as text[]),
       cast(:keys as text[]),
       cast(:statuses as integer[]),
       cast(:headers as text[]),
       cast(:bodies as text[])
     ) as answer(owner, operation_id, key, status, headers, body)
     where idempotency_records.owner = answer.owner
     and idempotency_records.operation_id = answer.operation_id
     and idempotency_records.key = answer.key`,
    {
      ...columnsOf(records.map(({ claim }) => claim)),
      statuses: records.map(({ response }) => response?.status),
      headers: records.map(({ response }) => JSON.stringify(response?.headers ?? {})),
      bodies: records.map(({ response }) =>
        response?.body === undefined ? null : JSON.stringify(response.body),
      ),
    },
  );
}

async function deleteRecords(trx: Knex, claims: readonly IdempotencyClaim[]): Promise<void> {
  await queryRows(
    trx,
    `delete from idempotency_records
     using unnest(cast(:owners as text[]), cast(:operationIds as text[]), cast(:keys as text[]))
       as claim(owner, operation_id, key)
     where idempotency_records.owner = claim.owner
     and idempotency_records.operation_id = claim.operation_id
     and idempotency_records.key = claim.key`,
    columnsOf(claims),
  );
}

function replay(record: RecordRow, claim: IdempotencyClaim): OperationResponse | Problem {
  if (record.request_hash !== claim.requestHash) {
    return commonProblem(
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

function columnsOf(
  claims: readonly IdempotencyClaim[],
): Record<'owners' | 'operationIds' | 'keys', string[]> {
  return {
    owners: claims.map(({ owner }) => owner),
    operationIds: claims.map(({ operationId }) => operationId),
    keys: claims.map(({ key }) => key),
  };
}

/** The same for a claim and for its record. */
export function identify({
  owner,
  operationId,
  key,
}: Pick<IdempotencyClaim, 'owner' | 'operationId' | 'key'>) {
  return JSON.stringify([owner, operationId, key]);
}

function identifyRow({
  owner,
  operation_id: operationId,
  key,
}: Pick<RecordRow, 'owner' | 'operation_id' | 'key'>) {
  return identify({ owner, operationId, key });
}
