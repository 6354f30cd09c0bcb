import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { BindingRow } from './store.ts';

/** Tells the hosts of locked ports' live bindings to take the wiring down. Served by bindings_live. */
export async function withdrawBindings(trx: Knex, portIds: readonly string[]): Promise<BindingRow[]> {
  if (portIds.length === 0) return [];
  return queryRows<BindingRow>(
    trx,
    `update bindings
     set desired = 'absent', revision = revision + 1, updated_at = now()
     where port_id = any(cast(:portIds as uuid[]))
     and desired = 'present'
     returning *`,
    { portIds },
  );
}
