import type { PageRequest } from '@patchpanel/service-kit';
import { selectPage } from '@patchpanel/service-kit';
import type { Network, NetworkStatus } from '@patchpanel/contract-network';
import type { JsonObject, NetworkContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { onlyRow } from '../rows.ts';

export interface NetworkRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly provider: string;
  readonly provider_options: JsonObject | null;
  readonly mtu: number;
  readonly admin_state: 'up' | 'down';
  readonly is_shared_with_all: boolean;
  /** The numbers that it has of its provider's pools, by pool: a copy of its rows in network_allocations, which never change. */
  readonly allocations: Readonly<Record<string, number>>;
  readonly status: NetworkStatus;
  readonly status_reason: string | null;
  /** Rises with each change of the network or its subnets that its ports' hosts must hear of. */
  readonly wiring_revision: number;
  readonly revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** How firmly a look-up holds the row: against deletion, against other changes below it, or alone. */
export type NetworkLock = 'none' | 'against-deletion' | 'against-other-changes' | 'alone';

/** Served by the primary key. */
export async function findNetwork(
  connection: Knex,
  projectId: string,
  id: string,
  lock: NetworkLock,
): Promise<NetworkRow | undefined> {
  const query = connection<NetworkRow>('networks').where({ id, project_id: projectId });
  if (lock === 'against-deletion') query.forKeyShare();
  if (lock === 'against-other-changes') query.forNoKeyUpdate();
  if (lock === 'alone') query.forUpdate();
  const rows: NetworkRow[] = await query;
  return rows[0];
}

/** Served by networks_project, or networks_name when there is a name. */
export async function selectNetworks(
  connection: Knex,
  filters: { readonly project_id: string; readonly name?: string },
  page: PageRequest,
): Promise<NetworkRow[]> {
  return selectPage(connection<NetworkRow>('networks').where(filters), page);
}

/** Writes a new network. */
export async function insertNetwork(
  trx: Knex,
  network: Pick<NetworkRow, 'id' | 'project_id' | 'name' | 'provider' | 'provider_options' | 'mtu'>,
): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .insert({
      ...network,
      provider_options: network.provider_options === null ? null : JSON.stringify(network.provider_options),
    })
    .returning('*');
  return onlyRow(rows);
}

/** Says what of a network is left. Served by subnets_network and ports_network. */
export async function findContents(
  trx: Knex,
  id: string,
): Promise<{ hasSubnets: boolean; hasPorts: boolean }> {
  const { rows } = await trx.raw<{ rows: { has_subnets: boolean; has_ports: boolean }[] }>(
    `select
       exists (select from subnets where network_id = :id) as has_subnets,
       exists (select from ports where network_id = :id) as has_ports`,
    { id },
  );
  const { has_subnets: hasSubnets, has_ports: hasPorts } = onlyRow(rows);
  return { hasSubnets, hasPorts };
}

/** Removes a network; the constraints refuse while it has subnets or ports. */
export async function deleteNetworkRow(trx: Knex, id: string): Promise<void> {
  await trx('networks').where({ id }).delete();
}

/** The providers that stored networks need. */
export async function selectProvidersInUse(connection: Knex): Promise<string[]> {
  return connection('networks').distinct('provider').pluck('provider');
}

/** As on the wire. */
export function toNetwork(row: NetworkRow): Network {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    tags: [...row.tags],
    provider: row.provider,
    ...(row.provider_options === null ? {} : { providerOptions: row.provider_options }),
    mtu: row.mtu,
    adminState: row.admin_state,
    isSharedWithAll: row.is_shared_with_all,
    status: row.status,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** As its provider sees it. */
export function toNetworkContext(
  row: Pick<NetworkRow, 'id' | 'project_id' | 'mtu' | 'admin_state' | 'provider_options' | 'allocations'>,
): NetworkContext {
  return {
    id: row.id,
    projectId: row.project_id,
    mtu: row.mtu,
    adminState: row.admin_state,
    options: row.provider_options ?? {},
    allocations: row.allocations,
  };
}
