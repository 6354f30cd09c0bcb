import type { NetworkContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import type { NetworkRow } from '../networks/store.ts';
import { onlyRow, queryRows } from '../rows.ts';

/** What a provider is yet to do, or has done, for a network outside the hosts. Only for providers that have a lifecycle. */
export interface RealisationRow {
  readonly network_id: string;
  readonly project_id: string;
  readonly provider: string;
  readonly desired: 'present' | 'absent';
  /** The network as its provider saw it last: what `remove` needs. */
  readonly context: NetworkContext;
  /** Rises with each change of what is to be there. */
  readonly generation: number;
  /** The generation that the provider has realised last; 0 for none. */
  readonly observed_generation: number;
  /** Attempts since the last success, the one under way included. */
  readonly attempts: number;
  readonly next_attempt_at: string;
  /** The claim under which an attempt is under way, if one is; nobody else begins one before it has run out. */
  readonly claimed_by: string | null;
  readonly claimed_until: string | null;
  /** For operators; what a network's owner may read is the network's `status_reason`. */
  readonly last_error: string | null;
}

/** Notes that a new network is to be realised. */
export async function insertRealisation(
  trx: Knex,
  row: Pick<RealisationRow, 'network_id' | 'project_id' | 'provider' | 'context'>,
): Promise<void> {
  await queryRows(
    trx,
    `insert into network_realisations (network_id, project_id, provider, context)
     values (:network_id, :project_id, :provider, cast(:context as jsonb))
     returning network_id`,
    { ...row, context: JSON.stringify(row.context) },
  );
}

/**
 * Notes that another state is to be realised, at once; says whether there is anything to realise. The caller holds the
 * network's row. By primary key.
 */
export async function raiseGeneration(trx: Knex, networkId: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    `update network_realisations
     set
       generation = generation + 1,
       next_attempt_at = least(next_attempt_at, clock_timestamp()),
       updated_at = now()
     where network_id = :networkId
     and desired = 'present'
     returning network_id`,
    { networkId },
  );
  return rows.length > 0;
}

/**
 * Notes that a network is to be taken down, at once; says whether there is anything to take down. The caller holds the network's
 * row alone. By primary key.
 */
export async function desireAbsence(trx: Knex, networkId: string, context: NetworkContext): Promise<boolean> {
  const rows = await queryRows(
    trx,
    `update network_realisations
     set
       desired = 'absent',
       context = cast(:context as jsonb),
       generation = generation + 1,
       attempts = 0,
       next_attempt_at = clock_timestamp(),
       updated_at = now()
     where network_id = :networkId
     returning network_id`,
    { networkId, context: JSON.stringify(context) },
  );
  return rows.length > 0;
}

/**
 * Claims what is due, the longest overdue first, under one claim: nobody else begins it before the claim has run out. Passes
 * over rows that others hold, and locks the others until the transaction ends. Served by network_realisations_due. An array,
 * because a plan may run a plain subquery more than once, and each run would pass over and lock other rows.
 */
export async function claimDue(
  trx: Knex,
  claim: {
    readonly id: string;
    readonly providers: readonly string[];
    readonly seconds: number;
    readonly limit: number;
  },
): Promise<RealisationRow[]> {
  return queryRows<RealisationRow>(
    trx,
    `update network_realisations
     set
       claimed_by = :id,
       claimed_until = clock_timestamp() + make_interval(secs => cast(:seconds as double precision)),
       attempts = attempts + 1,
       updated_at = now()
     where network_id = any(array(
       select network_id
       from network_realisations
       where (desired = 'absent' or observed_generation < generation)
       and next_attempt_at <= clock_timestamp()
       and (claimed_until is null or claimed_until <= clock_timestamp())
       and provider = any(cast(:providers as text[]))
       order by next_attempt_at
       limit :limit
       for update skip locked
     ))
     returning *`,
    { ...claim, providers: [...claim.providers] },
  );
}

/** In how many seconds something is due next, 0 when it is overdue; undefined when nothing is to be done. Served by network_realisations_due. */
export async function secondsUntilDue(
  connection: Knex,
  providers: readonly string[],
): Promise<number | undefined> {
  const rows = await queryRows<{ seconds: number | null }>(
    connection,
    `select cast(
       extract(epoch from min(greatest(next_attempt_at, claimed_until)) - clock_timestamp()) as double precision
     ) as seconds
     from network_realisations
     where (desired = 'absent' or observed_generation < generation)
     and provider = any(cast(:providers as text[]))`,
    { providers: [...providers] },
  );
  const { seconds } = onlyRow(rows);
  return seconds === null ? undefined : Math.max(seconds, 0);
}

/** What became of an attempt. */
export type Outcome =
  | { readonly kind: 'realised'; readonly generation: number }
  | {
      readonly kind: 'failed';
      readonly generation: number;
      readonly error: string;
      readonly retrySeconds: number;
    }
  | { readonly kind: 'interrupted' };

/**
 * Notes what became of an attempt and ends its claim; undefined, with nothing changed, when the claim is no longer this one. A
 * failure puts off the next attempt only if nothing has changed since: another state may fare better. By primary key.
 */
export async function endClaim(
  trx: Knex,
  networkId: string,
  claimId: string,
  outcome: Outcome,
): Promise<RealisationRow | undefined> {
  const isRealised = outcome.kind === 'realised';
  const isFailed = outcome.kind === 'failed';
  const rows = await queryRows<RealisationRow>(
    trx,
    `update network_realisations
     set
       claimed_by = null,
       claimed_until = null,
       observed_generation =
         case when :isRealised and desired = 'present' then :generation else observed_generation end,
       attempts = case when :isRealised then 0 when :isFailed then attempts else greatest(attempts - 1, 0) end,
       next_attempt_at =
         case
           when :isFailed and generation = :generation
             then clock_timestamp() + make_interval(secs => cast(:retrySeconds as double precision))
           else clock_timestamp()
         end,
       last_error = case when :isRealised then null else coalesce(:error, last_error) end,
       updated_at = now()
     where network_id = :networkId
     and claimed_by = :claimId
     returning *`,
    {
      networkId,
      claimId,
      isRealised,
      isFailed,
      generation: outcome.kind === 'interrupted' ? 0 : outcome.generation,
      retrySeconds: isFailed ? outcome.retrySeconds : 0,
      error: isFailed ? outcome.error : null,
    },
  );
  return rows[0];
}

/** Ends a realisation whose network has been taken down; false, with nothing changed, when the claim is no longer this one. */
export async function deleteRealisation(trx: Knex, networkId: string, claimId: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    `delete from network_realisations
     where network_id = :networkId
     and claimed_by = :claimId
     and desired = 'absent'
     returning network_id`,
    { networkId, claimId },
  );
  return rows.length > 0;
}

/** Locks a network's row: alone, or against other changes. By primary key. */
export async function lockNetwork(
  trx: Knex,
  networkId: string,
  isAlone: boolean,
): Promise<NetworkRow | undefined> {
  const query = trx<NetworkRow>('networks').where({ id: networkId });
  const rows: NetworkRow[] = await (isAlone ? query.forUpdate() : query.forNoKeyUpdate());
  return rows[0];
}

/** Writes what a network that is being made gets from its provider: as if it had been inserted so. */
export async function admitNetworkRow(
  trx: Knex,
  networkId: string,
  given: Pick<NetworkRow, 'allocations' | 'status' | 'status_reason'>,
): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .where({ id: networkId })
    .update({ ...given, allocations: JSON.stringify(given.allocations) })
    .returning('*');
  return onlyRow(rows);
}

/** Changes what a network says of its realisation. The caller holds its row. */
export async function updateNetworkStatus(
  trx: Knex,
  networkId: string,
  change: Pick<NetworkRow, 'status' | 'status_reason'>,
): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .where({ id: networkId })
    .update({ ...change, revision: trx.raw('revision + 1'), updated_at: trx.raw('now()') })
    .returning('*');
  return onlyRow(rows);
}

/** How far networks have been realised, by id; those without a row have nothing to realise. By primary key. */
export async function selectGenerations(
  connection: Knex,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly generation: number; readonly observedGeneration: number }>> {
  const rows = await queryRows<Pick<RealisationRow, 'network_id' | 'generation' | 'observed_generation'>>(
    connection,
    `select network_id, generation, observed_generation
     from network_realisations
     where network_id = any(cast(:networkIds as uuid[]))`,
    { networkIds: [...networkIds] },
  );
  return new Map(
    rows.map((row) => [
      row.network_id,
      { generation: row.generation, observedGeneration: row.observed_generation },
    ]),
  );
}
