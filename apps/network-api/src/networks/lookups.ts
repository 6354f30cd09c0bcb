import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { queryRows } from '../rows.ts';
import { selectSharesOf } from '../shares/store.ts';
import type { NetworkRow } from './store.ts';

/** Someone who asks for a network. */
export interface NetworkAsked {
  readonly caller: UserCaller;
  readonly networkId: string;
}

/**
 * Reads the networks of many requests at once, for new ports locked against deletion, and gives the function that hands out those
 * that the caller may do this with: their project's own, and those that are shared with it. It throws `network-not-found` for any
 * other, in the same words whether it exists or not.
 */
export async function lookUpNetworks(
  connection: Knex,
  asked: readonly NetworkAsked[],
  action: 'add-port' | 'plug',
): Promise<(asked: NetworkAsked) => NetworkRow> {
  const rows = await findVisibleNetworks(connection, asked, action === 'add-port');
  if (action === 'add-port') await forgetUnshared(connection, rows);
  return ({ caller, networkId }) => {
    const row = rows.get(`${networkId} ${caller.projectId}`);
    if (!row) throw problem('network-not-found', `There is no network ${networkId} in your project.`);
    if (action === 'add-port' && row.status === 'deleting') {
      throw problem('network-deleting', 'The network is being deleted. Choose another one.');
    }
    return row;
  };
}

/** The network of a port that the caller may see, whoever owns it. The port keeps it from being deleted. By primary key. */
export async function findNetworkOfPort(
  connection: Knex,
  networkId: string,
): Promise<NetworkRow | undefined> {
  const [network] = await queryRows<NetworkRow>(connection, 'select * from networks where id = :networkId', {
    networkId,
  });
  return network;
}

/**
 * Leaves out networks of which the share ended while their rows were being waited for: shares are read as they were when the
 * statement began. Whoever ends one holds the row alone, so what is read behind the lock stays.
 */
async function forgetUnshared(connection: Knex, rows: Map<string, VisibleNetwork>): Promise<void> {
  const foreign = [...rows].filter(([, row]) => row.project_id !== row.asked_by && !row.is_shared_with_all);
  if (foreign.length === 0) return;
  const shares = await selectSharesOf(
    connection,
    foreign.map(([, row]) => ({ networkId: row.id, projectId: row.asked_by })),
  );
  const isShared = new Set(shares.map((share) => `${share.network_id} ${share.project_id}`));
  for (const [key] of foreign) if (!isShared.has(key)) rows.delete(key);
}

interface VisibleNetwork extends NetworkRow {
  readonly asked_by: string;
}

/** By `network project`. Served by the primary keys of networks and network_shares. */
async function findVisibleNetworks(
  connection: Knex,
  asked: readonly NetworkAsked[],
  isLocked: boolean,
): Promise<Map<string, VisibleNetwork>> {
  const pairs = new Map(
    asked.map(({ caller, networkId }) => [`${networkId} ${caller.projectId}`, { caller, networkId }]),
  );
  const rows = await queryRows<VisibleNetwork>(
    connection,
    `select networks.*, asked.project_id as asked_by
     from unnest(cast(:networkIds as uuid[]), cast(:projectIds as uuid[])) as asked(network_id, project_id)
     join networks on networks.id = asked.network_id
     where networks.project_id = asked.project_id
     or networks.is_shared_with_all
     or exists (
       select
       from network_shares
       where network_shares.network_id = asked.network_id
       and network_shares.project_id = asked.project_id
     )
     order by networks.id
     ${isLocked ? 'for key share of networks' : ''}`,
    {
      networkIds: [...pairs.values()].map(({ networkId }) => networkId),
      projectIds: [...pairs.values()].map(({ caller }) => caller.projectId),
    },
  );
  return new Map(rows.map((row) => [`${row.id} ${row.asked_by}`, row]));
}
