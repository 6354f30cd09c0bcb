import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** Notes that a locked port is to be wired anew: what its host has proven so far proves nothing any more. By primary key. */
export async function raiseWiringRevision(trx: Knex, portId: string): Promise<void> {
  await queryRows(
    trx,
    `update ports
     set wiring_revision = wiring_revision + 1
     where id = :portId`,
    { portId },
  );
}

/** The revision of what a locked port's host is to wire now; undefined when there is no such port. By primary keys. */
export async function findWiringRevision(trx: Knex, portId: string): Promise<number | undefined> {
  const rows = await queryRows<{ port: number; network: number }>(
    trx,
    `select ports.wiring_revision as port, networks.wiring_revision as network
     from ports
     join networks on networks.id = ports.network_id
     where ports.id = :portId`,
    { portId },
  );
  const [found] = rows;
  return found && wiringRevision(found);
}

/** Both only rise, so their sum rises with any change. */
export function wiringRevision({
  port,
  network,
}: {
  readonly port: number;
  readonly network: number;
}): number {
  return port + network;
}
