import type { Knex } from 'knex';
import { parseTimestamp } from './column-types.ts';
import { errorCode } from './database-errors.ts';

/** Values of a statement's `:names`. Arrays go as arrays of the type that the statement casts them to. */
export type Bindings = Readonly<Record<string, unknown>>;

/** A statement as PostgreSQL takes it, and which value goes to which `$n`. */
interface Compiled {
  readonly text: string;
  readonly names: readonly string[];
}

/** What of a pg client is needed. */
interface Session {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}

/** knex types its client as `any`; these have been there since its first versions. */
interface SessionPool {
  acquireConnection(): Promise<Session>;
  releaseConnection(session: Session): Promise<void>;
  emit(event: 'query', query: { sql: string; bindings: unknown[] }): void;
}

/** Callers' filters make up texts: what is beyond this is prepared anew each time, so that nobody can fill the memory with them. */
const mostTexts = 1_000;

const compiledStatements = new Map<string, Compiled>();

/**
 * Runs a statement with `:names` and gives its rows. The checked boundary: each statement names the columns of its row type.
 *
 * It is prepared once per connection, so that later runs neither parse nor plan it: that is most of what a statement by index
 * costs. Keep the number of different texts small: put values into bindings, many values into an array.
 */
export async function queryRows<Row>(connection: Knex, sql: string, bindings: Bindings = {}): Promise<Row[]> {
  const { text, names } = compile(sql);
  const values = names.map((name) => valueOf(bindings, name));
  refuseAfterEnd(connection);
  const { client: pool } = connection as { client: SessionPool };
  const session = await pool.acquireConnection();
  try {
    pool.emit('query', { sql: text, bindings: values });
    const run = () => session.query({ name: nameIn(session, text), text, values });
    const { rows } = await run().catch((error: unknown) => {
      if (!isPlanOutdated(error)) throw error;
      namesBySession.get(session)?.delete(text);
      // Within a transaction all is lost by now, and `inTransaction` starts it again.
      if (connection.isTransaction) throw error;
      return run();
    });
    return rows as Row[];
  } finally {
    await pool.releaseConnection(session);
  }
}

/**
 * The same for statements that give many rows of many columns: they come as one JSON text, which takes a third of the time to read.
 * @param moments the columns that are timestamps, which JSON has in another form.
 */
export async function queryWideRows<Row extends object>(
  connection: Knex,
  sql: string,
  bindings: Bindings,
  moments: readonly (keyof Row & string)[],
): Promise<Row[]> {
  const [result] = await queryRows<{ rows: Record<string, unknown>[] | null }>(
    connection,
    `select json_agg(wide) as rows from (${sql}) as wide`,
    bindings,
  );
  const rows = result?.rows ?? [];
  for (const row of rows) {
    for (const column of moments) {
      const text = row[column];
      if (typeof text === 'string') row[column] = parseTimestamp(text);
    }
  }
  return rows as Row[];
}

/** A migration has changed what a prepared statement gives: it must be prepared again. */
export function isPlanOutdated(error: unknown): boolean {
  return errorCode(error) === '0A000' && error instanceof Error && error.message.includes('cached plan');
}

/** Each mention gets a `$n` of its own: PostgreSQL then infers the type of each by its own place. */
function compile(sql: string): Compiled {
  const known = compiledStatements.get(sql);
  if (known) return known;
  const names: string[] = [];
  const text = sql.replaceAll(/(?<!:):([A-Za-z]\w*)/g, (_mention, name: string) => `$${names.push(name)}`);
  const compiled = { text, names };
  if (compiledStatements.size < mostTexts) compiledStatements.set(sql, compiled);
  return compiled;
}

function valueOf(bindings: Bindings, name: string): unknown {
  const value = bindings[name];
  if (value === undefined) throw new Error(`the statement's :${name} has no value`);
  return value;
}

/** knex refuses this by itself only for queries of its own. */
function refuseAfterEnd(connection: Knex): void {
  if (connection.isTransaction && (connection as Knex.Transaction).isCompleted()) {
    throw new Error('the transaction has ended: what still runs in it was not awaited');
  }
}

const namesBySession = new WeakMap<Session, Map<string, string>>();
let names = 0;

/**
 * A name is never used twice: behind the connections of the embedded database there is one session, which keeps what a
 * connection before had prepared.
 */
function nameIn(session: Session, text: string): string {
  const known = namesBySession.get(session) ?? new Map<string, string>();
  namesBySession.set(session, known);
  if (known.size >= mostTexts && !known.has(text)) return '';
  const name = known.get(text) ?? `patchpanel_${++names}`;
  known.set(text, name);
  return name;
}
