import { selectPage, type PageRequest } from '@patchpanel/service-kit';
import type { NetworkShare } from '@patchpanel/contract-network';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** A project that sees a network of another one and may have ports in it. */
export interface ShareRow {
  readonly network_id: string;
  readonly project_id: string;
  readonly created_at: string;
}

/** Served by the primary key. */
export async function findShare(
  connection: Knex,
  networkId: string,
  projectId: string,
): Promise<ShareRow | undefined> {
  const rows = await selectSharesOf(connection, [{ networkId, projectId }]);
  return rows[0];
}

/** Those of the wanted shares that there are. Served by the primary key. */
export async function selectSharesOf(
  connection: Knex,
  wanted: readonly { readonly networkId: string; readonly projectId: string }[],
): Promise<ShareRow[]> {
  return queryRows<ShareRow>(
    connection,
    `select network_shares.*
     from unnest(cast(:networkIds as uuid[]), cast(:projectIds as uuid[])) as wanted(network_id, project_id)
     join network_shares using (network_id, project_id)`,
    {
      networkIds: wanted.map(({ networkId }) => networkId),
      projectIds: wanted.map(({ projectId }) => projectId),
    },
  );
}

/** One page of a network's shares, in the order of the projects' ids. Served by the primary key. */
export async function selectShares(
  connection: Knex,
  networkId: string,
  page: PageRequest,
): Promise<ShareRow[]> {
  return selectPage(
    connection<ShareRow>('network_shares').where({ network_id: networkId }),
    page,
    'project_id',
  );
}

/** The projects with which a network is shared by name. Served by the primary key. */
export async function selectSharers(connection: Knex, networkId: string): Promise<string[]> {
  const rows = await queryRows<{ project_id: string }>(
    connection,
    `select project_id
     from network_shares
     where network_id = :networkId
     order by project_id`,
    { networkId },
  );
  return rows.map(({ project_id: projectId }) => projectId);
}

/** Writes a share. The caller holds the network's row against other changes and has found none. */
export async function insertShare(trx: Knex, networkId: string, projectId: string): Promise<ShareRow> {
  const [row] = await queryRows<ShareRow>(
    trx,
    `insert into network_shares (network_id, project_id)
     values (:networkId, :projectId)
     returning *`,
    { networkId, projectId },
  );
  if (!row) throw new Error('a share was not written');
  return row;
}

/** Ends a share; the caller holds the network's row alone. False when there is none. */
export async function deleteShare(trx: Knex, networkId: string, projectId: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    `delete from network_shares
     where network_id = :networkId
     and project_id = :projectId
     returning project_id`,
    { networkId, projectId },
  );
  return rows.length > 0;
}

/** Whether a project has ports in a network. Served by ports_network. */
export async function hasPortsIn(trx: Knex, networkId: string, projectId: string): Promise<boolean> {
  const rows = await queryRows(
    trx,
    `select id
     from ports
     where network_id = :networkId
     and project_id = :projectId
     limit 1`,
    { networkId, projectId },
  );
  return rows.length > 0;
}

/**
 * Some of the projects that have ports in a network only because it is shared with all. Goes from project to project by
 * ports_network, so that many ports of few projects cost little.
 */
export async function findProjectsInSight(
  trx: Knex,
  networkId: string,
  ownerId: string,
  limit: number,
): Promise<string[]> {
  const rows = await queryRows<{ project_id: string }>(
    trx,
    `with recursive present as (
       (
         select project_id
         from ports
         where network_id = :networkId
         order by project_id
         limit 1
       )
       union all
       select (
         select ports.project_id
         from ports
         where ports.network_id = :networkId
         and ports.project_id > present.project_id
         order by ports.project_id
         limit 1
       )
       from present
       where present.project_id is not null
     )
     select project_id
     from present
     where project_id is not null
     and project_id <> :ownerId
     and not exists (
       select
       from network_shares
       where network_shares.network_id = :networkId
       and network_shares.project_id = present.project_id
     )
     limit cast(:limit as integer)`,
    { networkId, ownerId, limit },
  );
  return rows.map(({ project_id: projectId }) => projectId);
}

/** As on the wire. */
export function toShare(row: ShareRow): NetworkShare {
  return { networkId: row.network_id, projectId: row.project_id, createdAt: row.created_at };
}
