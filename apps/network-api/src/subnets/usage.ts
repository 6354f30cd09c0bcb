import type { SubnetUsage } from '@patchpanel/contract-network';
import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { countAddresses } from '../addresses/range-sets.ts';
import { isVisible } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { queryRows } from '../rows.ts';
import { subnetNotFound } from './lookup.ts';
import { planOf } from './plans.ts';
import type { SubnetRow } from './store.ts';

/**
 * Counts the addresses of a subnet's pools, without going through them: who gives an address out or takes it back counts it, in
 * the same transaction. An address that has rested long enough still counts as resting until the subnet is next asked for one.
 */
export async function getSubnetUsage(
  { database }: Parts,
  caller: UserCaller,
  id: string,
): Promise<SubnetUsage> {
  const row = await findUsage(database.knex, caller.projectId, id);
  if (!row) throw subnetNotFound(id);
  const total = countAddresses(planOf(row).pools);
  const used = BigInt(row.used);
  const resting = BigInt(row.resting);
  return {
    subnetId: row.id,
    total: String(total),
    used: String(used),
    resting: String(resting),
    free: String(total - used - resting),
  };
}

interface UsageRow extends SubnetRow {
  readonly used: number;
  readonly resting: number;
}

/** Pools and counts of one moment, of a subnet that the project sees. Served by primary keys. */
async function findUsage(connection: Knex, projectId: string, id: string): Promise<UsageRow | undefined> {
  const rows = await queryRows<UsageRow>(
    connection,
    `select subnets.*, subnet_usage.used, subnet_usage.resting
     from subnets
     join networks on networks.id = subnets.network_id
     join subnet_usage on subnet_usage.subnet_id = subnets.id
     where subnets.id = :id
     and ${isVisible}`,
    { id, projectId },
  );
  return rows[0];
}
