import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** How long before a lease runs out its warning comes, in seconds; half of a short lease. */
const notice = `least(300, lease_seconds / 2.0)`;

/** A port of which a warning is told. */
export interface WarnedPort {
  readonly id: string;
  readonly project_id: string;
  readonly revision: number;
}

/**
 * Notes the warning of some ports whose leases are about to run out, those first that have the least time left, and gives them.
 * A port that somebody is changing just now is left for the next round. Served by ports_lease.
 */
export function warnSome(trx: Knex, limit: number): Promise<WarnedPort[]> {
  return queryRows<WarnedPort>(
    trx,
    `update ports
     set lease_warned_at = clock_timestamp()
     where id in (
       select id
       from ports
       where lease_expires_at <= clock_timestamp() + interval '300 seconds'
       and lease_expires_at <= clock_timestamp() + make_interval(secs => ${notice})
       and lease_warned_at is null
       order by lease_expires_at
       limit :limit
       for update skip locked
     )
     returning id, project_id, revision`,
    { limit },
  );
}

/** Some ports whose leases have run out, with the time that a warning gives; to be decided again under their locks. */
export async function selectSomeExpired(
  connection: Knex,
  limit: number,
): Promise<{ readonly id: string; readonly project_id: string }[]> {
  return queryRows(
    connection,
    `select id, project_id
     from ports
     where ${expired}
     order by lease_expires_at
     limit :limit`,
    { limit },
  );
}

/**
 * Locks those of the ports whose leases have run out, and gives their ids: one statement locks and decides, so nobody claims, renews
 * or plugs in between. What somebody else is changing is passed over. In ascending order of id.
 */
export async function lockExpired(trx: Knex, ids: readonly string[]): Promise<string[]> {
  const rows = await queryRows<{ id: string }>(
    trx,
    `select id
     from ports
     where id = any(cast(:ids as uuid[]))
     and ${expired}
     order by id
     for update skip locked`,
    { ids },
  );
  return rows.map(({ id }) => id);
}

/** A lease that ran out while nobody looked is warned of first, too, and the warning gives the same time. */
const expired = `lease_expires_at <= clock_timestamp()
     and lease_warned_at <= clock_timestamp() - make_interval(secs => ${notice})`;
