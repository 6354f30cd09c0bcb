import type { Knex } from 'knex';
import type { Logger } from './logger.ts';

/** One forward step of the schema. The name is its identity: never rename or reorder what was released. */
export interface Migration {
  readonly name: string;
  /**
   * Set it when a program that does not know the step can't work with the database after it: those that are still running then
   * refuse all work. Without it they are taken to go on as before.
   */
  readonly breaksOlderPrograms?: boolean;
  up(connection: Knex): Promise<void>;
}

/** Any fixed number serves, as long as nothing else in the database takes the same advisory lock. */
const migrationLock = 7_277_001;

/**
 * Applies what is missing, in order, each step in a transaction of its own. Replicas that start together take
 * turns. Throws when the database has steps in another order than the list; steps that it has beyond the list (a newer replica
 * ran them) are only logged.
 */
export async function migrate(knex: Knex, migrations: readonly Migration[], logger: Logger): Promise<void> {
  refuseDuplicates(migrations);
  await inTurn(knex, async (trx) => {
    await trx.raw(`
      create table if not exists schema_migrations (
        position integer generated always as identity primary key,
        name text not null unique,
        breaks_older_programs boolean not null default false,
        applied_at timestamptz not null default now()
      )`);
  });
  for (const migration of migrations) {
    await inTurn(knex, async (trx) => {
      const { missing } = compareSchema(await selectApplied(trx), migrations);
      if (missing[0] !== migration.name) return;
      logger.info({ migration: migration.name }, 'migrating');
      await migration.up(trx);
      await trx('schema_migrations').insert({
        name: migration.name,
        breaks_older_programs: migration.breaksOlderPrograms ?? false,
      });
    });
  }
  const { unknown } = compareSchema(await selectApplied(knex), migrations);
  if (unknown.length > 0) logger.warn({ migrations: unknown }, 'the database is newer than this program');
}

/** Why a program can't work with the database's schema as it is, or undefined when it can. Changes nothing. */
export async function findSchemaFlaw(
  knex: Knex,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  const { rows }: { rows: { is_there: boolean }[] } = await knex.raw(
    `select to_regclass('schema_migrations') is not null as is_there`,
  );
  const { missing, breaking } = compareSchema(
    rows[0]?.is_there === true ? await selectApplied(knex) : [],
    migrations,
  );
  if (breaking.length > 0)
    return `The database is newer than this program, which can't work with it since ${breaking.join(', ')}. Start a newer one.`;
  if (missing.length > 0)
    return `The database lacks ${missing.join(', ')}. Run this program with --migrate, or let it migrate when it starts.`;
  return undefined;
}

interface AppliedRow {
  readonly name: string;
  readonly breaks_older_programs: boolean;
}

interface SchemaComparison {
  /** What the database has yet to get, in order. */
  readonly missing: string[];
  /** What it has beyond the list, and of that what this program can't live with. */
  readonly unknown: string[];
  readonly breaking: string[];
}

/** Throws when the database has steps in another order than the list. */
function compareSchema(applied: readonly AppliedRow[], migrations: readonly Migration[]): SchemaComparison {
  for (const [index, { name }] of migrations.entries()) {
    const known = applied[index]?.name;
    if (known !== undefined && known !== name) {
      const all = applied.map((row) => row.name).join(', ');
      throw new Error(`migration ${name} is out of order: the database has ${all}`);
    }
  }
  const beyond = applied.slice(migrations.length);
  return {
    missing: migrations.slice(applied.length).map(({ name }) => name),
    unknown: beyond.map(({ name }) => name),
    breaking: beyond.filter((row) => row.breaks_older_programs).map(({ name }) => name),
  };
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

async function selectApplied(connection: Knex): Promise<AppliedRow[]> {
  return connection<AppliedRow & { position: number }>('schema_migrations')
    .select('name', 'breaks_older_programs')
    .orderBy('position');
}

function refuseDuplicates(migrations: readonly Migration[]): void {
  const names = new Set(migrations.map((migration) => migration.name));
  if (names.size !== migrations.length) throw new Error('two migrations have the same name');
}
