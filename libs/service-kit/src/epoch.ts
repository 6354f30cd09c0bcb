import type { Knex } from 'knex';

/** Who this database is: a random id, and an epoch that a restore from backup raises. */
export interface DatabaseIdentity {
  readonly databaseId: string;
  readonly epoch: number;
}

/** Reads the identity that the first migration made. */
export async function readIdentity(connection: Knex): Promise<DatabaseIdentity> {
  const row = await connection<{ database_id: string; epoch: number }>('database_identity')
    .select('database_id', 'epoch')
    .first();
  if (!row) throw new Error('the database has no identity: its migrations have not run');
  return { databaseId: row.database_id, epoch: row.epoch };
}

/**
 * Raises the epoch by one and returns it. For an operator, after a restore from backup: whatever was handed out
 * since that backup (fences, cursors) is then known to be from another life.
 */
export async function raiseEpoch(connection: Knex): Promise<number> {
  const rows: { epoch: number }[] = await connection('database_identity')
    .increment('epoch', 1)
    .returning('epoch');
  const [row] = rows;
  if (!row) throw new Error('the database has no identity: its migrations have not run');
  return row.epoch;
}
