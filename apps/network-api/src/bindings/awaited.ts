import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/**
 * Those ports of which some host has not yet confirmed that the wiring is gone; a fenced host is not waited for. It is decided
 * under the ports' locks. Served by bindings_port and stray_wirings_port.
 */
export async function selectPortsWithBindings(
  connection: Knex,
  portIds: readonly string[],
): Promise<Set<string>> {
  if (portIds.length === 0) return new Set();
  const rows = await queryRows<{ port_id: string }>(
    connection,
    `select port_id
     from bindings
     where port_id = any(cast(:portIds as uuid[]))
     and not exists (
       select
       from agents
       where agents.host_name = bindings.host_name
       and fenced_at is not null
     )
     union
     select port_id
     from stray_wirings
     where port_id = any(cast(:portIds as uuid[]))`,
    { portIds },
  );
  return new Set(rows.map((row) => row.port_id));
}
