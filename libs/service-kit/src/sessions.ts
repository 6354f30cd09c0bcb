import type { Database } from './database.ts';
import type { RestoreWatch } from './restores.ts';

/** The one method of a pg client that is needed here. */
export interface SessionClient {
  query(sql: string): Promise<{ rows: unknown[] }>;
}

/** Makes a new connection fit for use, before the pool hands it out; on it the database may be another than on the one before. */
export async function prepareSession(
  client: SessionClient,
  engine: Database['engine'],
  restores: RestoreWatch,
): Promise<void> {
  await client.query(sessionSettings(engine));
  await restores.look((sql) => client.query(sql));
}

/**
 * Statements are prepared and planned once, which would cost more than running them. A plan that was made while a table was small
 * must still be right when the table is big: each statement has its index, so nothing else is ever worth choosing.
 */
const plansByIndex = [
  'set plan_cache_mode to force_generic_plan',
  'set enable_seqscan to off',
  'set enable_hashjoin to off',
  'set enable_mergejoin to off',
].join('; ');

/**
 * A statement or an idle transaction that hangs must not hold its locks for ever. PGlite has no timers for it. Compiling a
 * statement pays for long analyses only: here it would take a hundred times as long as the statement.
 */
function sessionSettings(engine: Database['engine']): string {
  const common = `set time zone 'UTC'; set client_encoding to 'UTF8'; ${plansByIndex}`;
  if (engine === 'pglite') return common;
  return `${common}; set statement_timeout to '30s'; set lock_timeout to '20s'; set idle_in_transaction_session_timeout to '60s'; set jit to off`;
}
