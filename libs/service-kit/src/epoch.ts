import type { Knex } from 'knex';
import type { Database } from './database.ts';

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
 * Raises the epoch by one and returns it. For an operator, after a restore that nobody can notice: whatever was handed out
 * since that backup (fences, cursors) is then known to be from another life. The id is a new one, too: a database that is
 * restored twice comes to the same epoch again, but no cursor of the first time fits.
 */
export async function raiseEpoch(connection: Knex): Promise<number> {
  const { rows }: { rows: { epoch: number }[] } = await connection.raw(
    'update database_identity set epoch = epoch + 1, database_id = gen_random_uuid() returning epoch',
  );
  const [row] = rows;
  if (!row) throw new Error('the database has no identity: its migrations have not run');
  return row.epoch;
}

/** The argument of a service's program that has the epoch raised, and what it does, for `--help`. */
export const epochFlags = {
  '--raise-epoch':
    'Raises the epoch of the database, says the new one and ends: to be run once after a snapshot of its disks was put back, before the service serves again. Restores by pg_restore, recovery to a moment and promotion of a standby are noticed without.',
};

/** Whether the process was started to raise the epoch, and not to serve. */
export function isEpochToBeRaised(argv: readonly string[] = process.argv.slice(2)): boolean {
  return argv.includes('--raise-epoch');
}

/** The whole of such a run: raises the epoch, says the new one and ends the process. */
export async function raiseEpochAndExit(database: Database): Promise<never> {
  const epoch = await raiseEpoch(database.knex);
  await database.close();
  process.stdout.write(`The epoch is now ${epoch}.\n`);
  process.exit(0);
}
