import type { Knex } from 'knex';
import type { Logger } from './logger.ts';

/** One forward step of the schema. The name is its identity: never rename or reorder what was released. */
export interface Migration {
  readonly name: string;
  up(connection: Knex): Promise<void>;
}

/** Any fixed number serves, as long as nothing else in the database takes the same advisory lock. */
const migrationLock = 7_277_001;

/**
 * Applies what is missing, in order, each step in a transaction of its own. Replicas that start together take turns.
 * Throws when the database has steps in another order than the list; steps that it has beyond the list (a newer
 * replica ran them) are only logged.
 */
export async function migrate(knex: Knex, migrations: readonly Migration[], logger: Logger): Promise<void> {
  refuseDuplicates(migrations);
  await inTurn(knex, async (trx) => {
    await trx.raw(`
      create table if not exists schema_migrations (
        position integer generated always as identity primary key,
        name text not null unique,
        applied_at timestamptz not null default now()
      )`);
  });
  for (const [index, migration] of migrations.entries()) {
    await inTurn(knex, async (trx) => {
      const applied = await appliedNames(trx);
      if (applied.includes(migration.name)) {
        if (applied[index] !== migration.name) throw new Error(outOfOrder(migration.name, applied));
        return;
      }
      if (applied.length > index) throw new Error(outOfOrder(migration.name, applied));
      logger.info({ migration: migration.name }, 'migrating');
      await migration.up(trx);
      await trx('schema_migrations').insert({ name: migration.name });
    });
  }
  const applied = await appliedNames(knex);
  const unknown = applied.slice(migrations.length);
  if (unknown.length > 0) logger.warn({ migrations: unknown }, 'the database is newer than this program');
}

/**
 * Runs work in a transaction while no other replica migrates. The session's time limits are for requests: a step over a big
 * table, and the wait for a replica that runs it, may take far longer.
 */
async function inTurn(knex: Knex, work: (trx: Knex.Transaction) => Promise<void>): Promise<void> {
  await knex.transaction(async (trx) => {
    await trx.raw('set local statement_timeout = 0; set local lock_timeout = 0');
    await trx.raw('select pg_advisory_xact_lock(?)', [migrationLock]);
    await work(trx);
  });
}

async function appliedNames(connection: Knex): Promise<string[]> {
  const rows: { name: string }[] = await connection<{ name: string; position: number }>('schema_migrations')
    .select('name')
    .orderBy('position');
  return rows.map((row) => row.name);
}

function outOfOrder(name: string, applied: readonly string[]): string {
  return `migration ${name} is out of order: the database has ${applied.join(', ') || 'none'}`;
}

function refuseDuplicates(migrations: readonly Migration[]): void {
  const names = new Set(migrations.map((migration) => migration.name));
  if (names.size !== migrations.length) throw new Error('two migrations have the same name');
}
