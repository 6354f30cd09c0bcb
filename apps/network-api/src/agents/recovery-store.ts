import { inTransaction, type Database } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { onlyRow, queryRows } from '../rows.ts';

/** How the recovery after the last raise of the epoch stands. */
export interface RecoveryRow {
  readonly epoch: number;
  /** Whether the database was never restored, or all that hosts know is known here again. */
  readonly is_over: boolean;
  /** Whether hosts of which this database knows nothing may still turn up. */
  readonly is_young: boolean;
}

/** By primary keys: what every allocation asks. */
export async function readRecovery(connection: Knex): Promise<RecoveryRow> {
  const rows = await queryRows<RecoveryRow>(
    connection,
    `select
       epoch,
       epoch = 1 or ended_at is not null as is_over,
       coalesce(settles_at > clock_timestamp(), true) as is_young
     from database_identity
     left join recoveries using (epoch)`,
    {},
  );
  return onlyRow(rows);
}

/** Hosts that have yet to say what they have: some of them, by name. There are as many rows as hosts at most. */
export async function selectOwing(connection: Knex, epoch: number, limit: number): Promise<string[]> {
  const rows = await queryRows<{ host_name: string }>(
    connection,
    `select host_name
     from agents
     where holdings_epoch < :epoch
     and fenced_at is null
     order by host_name
     limit :limit`,
    { epoch, limit },
  );
  return rows.map(({ host_name: hostName }) => hostName);
}

/**
 * Notes that the recovery of this epoch has begun, unless that is noted. For so many seconds hosts of which the database knows
 * nothing may turn up.
 */
export async function noteRecovery(connection: Knex, settleSeconds: number): Promise<void> {
  await queryRows(
    connection,
    `insert into recoveries (epoch, settles_at)
     select epoch, clock_timestamp() + make_interval(secs => cast(:settleSeconds as double precision))
     from database_identity
     where epoch > 1
     and not exists (select from recoveries where recoveries.epoch = database_identity.epoch)
     on conflict (epoch) do nothing`,
    { settleSeconds },
  );
}

/** Notes that the recovery of an epoch is over. */
export async function endRecovery(connection: Knex, epoch: number): Promise<void> {
  await queryRows(
    connection,
    'update recoveries set ended_at = clock_timestamp() where epoch = :epoch and ended_at is null',
    { epoch },
  );
}

/** Lifts the epoch above all of these: they were of another life of the database. A new epoch has cursors of its own. */
export function raiseEpochAbove(
  database: Database,
  epochs: readonly number[],
  settleSeconds: number,
): Promise<void> {
  const highest = Math.max(0, ...epochs);
  return inTransaction(database, async (trx) => {
    await queryRows(
      trx,
      `update database_identity
       set epoch = cast(:highest as integer) + 1, database_id = gen_random_uuid()
       where epoch <= cast(:highest as integer)`,
      { highest },
    );
    await noteRecovery(trx, settleSeconds);
  });
}

/**
 * Begins to take in what a host says that it has, or goes on with it: locks the agent's row, so that reports of one host, and its
 * fencing, take turns. A host that was never heard of is known from now on.
 */
export async function beginHoldings(trx: Knex, hostName: string): Promise<{ readonly isFenced: boolean }> {
  const rows = await queryRows<{ is_fenced: boolean }>(
    trx,
    `insert into agents (host_name, holdings_epoch, holdings_begun_at)
     values (:hostName, 0, clock_timestamp())
     on conflict (host_name) do update
       set holdings_begun_at = coalesce(agents.holdings_begun_at, excluded.holdings_begun_at)
     returning fenced_at is not null as is_fenced`,
    { hostName },
  );
  return { isFenced: onlyRow(rows).is_fenced };
}

/** A host has said all that it has. */
export async function endHoldings(trx: Knex, hostName: string, epoch: number): Promise<void> {
  await queryRows(
    trx,
    'update agents set holdings_epoch = :epoch, holdings_begun_at = null where host_name = :hostName',
    { hostName, epoch },
  );
}
