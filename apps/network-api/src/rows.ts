import type { Knex } from 'knex';

/** The rows of a raw statement. The checked boundary: each statement names the columns of its row type. */
export async function queryRows<Row>(
  connection: Knex,
  sql: string,
  bindings: Readonly<Record<string, unknown>>,
): Promise<Row[]> {
  const { rows } = await connection.raw<{ rows: Row[] }>(sql, bindings as Knex.RawBinding);
  return rows;
}

/** The only row of a statement that always gives one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('a statement that always gives a row gave none');
  return row;
}
