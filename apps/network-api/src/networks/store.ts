import type { Network, NetworkStatus } from '@patchpanel/contract-network';
import type { JsonObject, NetworkContext } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { onlyRow, queryRows } from '../rows.ts';

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

/** With how far its provider has realised it: null where there is nothing to do outside the hosts. */
export interface WholeNetworkRow extends NetworkRow {
  readonly generation: number | null;
  readonly observed_generation: number | null;
}

/** How firmly a look-up holds the row: against other changes of it and below it, or alone, against new ports as well. */
export type NetworkLock = 'none' | 'against-other-changes' | 'alone';

/** What a whole network is read from; found by primary keys. */
export const wholeNetworkColumns = `
  networks.*,
  network_realisations.generation,
  network_realisations.observed_generation`;
export const withRealisation = `
  left join network_realisations on network_realisations.network_id = networks.id`;

/** Holds of networks that the project `:projectId` owns or that are shared with it. Served by the primary key of network_shares. */
export const isVisible = `(
       networks.project_id = :projectId
       or networks.is_shared_with_all
       or exists (
         select
         from network_shares
         where network_shares.network_id = networks.id
         and network_shares.project_id = :projectId
       )
     )`;

/** A project's own network. Served by the primary key. */
export async function findNetwork(
  connection: Knex,
  projectId: string,
  id: string,
  lock: NetworkLock,
): Promise<NetworkRow | undefined> {
  const query = connection<NetworkRow>('networks').where({ id, project_id: projectId });
  if (lock === 'against-other-changes') query.forNoKeyUpdate();
  if (lock === 'alone') query.forUpdate();
  const rows: NetworkRow[] = await query;
  return rows[0];
}

/** A network that a project owns or that is shared with it. Served by the primary keys. */
export async function findVisibleNetwork(
  connection: Knex,
  projectId: string,
  id: string,
): Promise<WholeNetworkRow | undefined> {
  const rows = await queryRows<WholeNetworkRow>(
    connection,
    `select ${wholeNetworkColumns}
     from networks
     ${withRealisation}
     where networks.id = :id
     and ${isVisible}`,
    { id, projectId },
  );
  return rows[0];
}

/** A network that is there for certain. Served by the primary keys. */
export async function readNetwork(connection: Knex, id: string): Promise<WholeNetworkRow> {
  const rows = await queryRows<WholeNetworkRow>(
    connection,
    `select ${wholeNetworkColumns}
     from networks
     ${withRealisation}
     where networks.id = :id`,
    { id },
  );
  return onlyRow(rows);
}

/** A network that is being made. */
export type NewNetwork = Pick<
  NetworkRow,
  | 'id'
  | 'project_id'
  | 'name'
  | 'description'
  | 'tags'
  | 'provider'
  | 'provider_options'
  | 'mtu'
  | 'admin_state'
  | 'is_shared_with_all'
>;

/** Writes a new network. */
export async function insertNetwork(trx: Knex, network: NewNetwork): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .insert({
      ...network,
      tags: [...network.tags],
      provider_options: network.provider_options === null ? null : JSON.stringify(network.provider_options),
    })
    .returning('*');
  return onlyRow(rows);
}

/** What can change of a network by its owner. */
export type NetworkChange = Pick<
  NetworkRow,
  'name' | 'description' | 'tags' | 'mtu' | 'admin_state' | 'is_shared_with_all'
>;

/** Changes a network whose row the caller holds. */
export async function changeNetwork(trx: Knex, id: string, change: NetworkChange): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .where({ id })
    .update({
      ...change,
      tags: [...change.tags],
      revision: trx.raw('revision + 1'),
      updated_at: trx.raw('now()'),
    })
    .returning('*');
  return onlyRow(rows);
}

/** Notes that whom a network is shared with has changed. The caller holds its row. */
export async function touchNetwork(trx: Knex, id: string): Promise<NetworkRow> {
  const rows: NetworkRow[] = await trx('networks')
    .where({ id })
    .update({ revision: trx.raw('revision + 1'), updated_at: trx.raw('now()') })
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
export function toNetwork(row: WholeNetworkRow): Network {
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
    ...(row.generation === null || row.observed_generation === null
      ? {}
      : { generation: row.generation, observedGeneration: row.observed_generation }),
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
