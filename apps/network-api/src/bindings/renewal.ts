import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { BindingRow } from './store.ts';

/**
 * Notes on the live binding of a locked port, if it has one, that its host has something new to wire: what it has proven was the
 * old. Served by bindings_live.
 */
export async function renewBinding(trx: Knex, portId: string): Promise<BindingRow | undefined> {
  const rows = await queryRows<BindingRow>(
    trx,
    `update bindings
     set
       status = case status when 'active' then 'building' else status end,
       revision = revision + 1,
       updated_at = now()
     where port_id = :portId
     and desired = 'present'
     returning *`,
    { portId },
  );
  return rows[0];
}
