import type { NetworkStatus } from '@patchpanel/contract-network';
import { pageClauses, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import { tagClauses } from '../tags/store.ts';
import { wholeNetworkColumns, withRealisation, type WholeNetworkRow } from './store.ts';

/** Which networks a list has, of those that a project sees. */
export interface NetworkFilters {
  readonly projectId: string;
  readonly ownership?: 'own' | 'shared';
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly provider?: string;
  readonly status?: NetworkStatus;
}

/** A part of a list that has an order of its own. */
interface Branch {
  readonly from: string;
  readonly conditions: readonly string[];
  readonly idColumn: string;
}

/**
 * One page of the networks that a project sees. Each of the ways in which it may see one gives its own first rows in order, and
 * the page is cut from those: a project's own by networks_project or networks_name, or by the first tag; those shared with it by
 * network_shares_project; those shared with all by networks_shared_with_all. By name, the latter two are sorted whole: they are
 * few, and one is in only one of them.
 */
export async function selectNetworks(
  connection: Knex,
  filters: NetworkFilters,
  page: PageRequest,
): Promise<WholeNetworkRow[]> {
  const { projectId, ownership, name, tag: tags, provider, status } = filters;
  const tagged = tagClauses('network', 'networks', projectId, tags);
  const shared = tags === undefined ? [] : ['networks.tags @> cast(:tags as text[])'];
  const own: Branch = {
    from: `networks ${tagged.join}`,
    conditions: ['networks.project_id = :projectId', ...tagged.conditions],
    idColumn: tagged.idColumn,
  };
  const sharedWithIt: Branch = {
    from: 'network_shares join networks on networks.id = network_shares.network_id',
    conditions: ['network_shares.project_id = :projectId', 'not networks.is_shared_with_all', ...shared],
    idColumn: 'network_shares.network_id',
  };
  const sharedWithAll: Branch = {
    from: 'networks',
    conditions: ['networks.is_shared_with_all', 'networks.project_id <> :projectId', ...shared],
    idColumn: 'networks.id',
  };
  const branches = [
    ...(ownership === 'shared' ? [] : [own]),
    ...(ownership === 'own' ? [] : [sharedWithIt, sharedWithAll]),
  ];
  const wanted = [
    ...(name === undefined ? [] : ['networks.name = :name']),
    ...(provider === undefined ? [] : ['networks.provider = :provider']),
    ...(status === undefined ? [] : ['networks.status = :status']),
  ];
  const { order, bindings } = pageClauses(page, { id: 'id', name: 'name' });
  return queryRows<WholeNetworkRow>(
    connection,
    `select *
     from (${branches.map((branch) => selectBranch(branch, wanted, page)).join('\n     union all\n     ')}) as visible
     order by ${order}
     limit :pageLimit`,
    {
      ...bindings,
      ...tagged.bindings,
      projectId,
      ...(name === undefined ? {} : { name }),
      ...(provider === undefined ? {} : { provider }),
      ...(status === undefined ? {} : { status }),
    },
  );
}

function selectBranch(branch: Branch, wanted: readonly string[], page: PageRequest): string {
  const { condition, order } = pageClauses(page, { id: branch.idColumn, name: 'networks.name' });
  return `(
       select ${wholeNetworkColumns}
       from ${branch.from}
       ${withRealisation}
       where ${[...branch.conditions, ...wanted, condition].join('\n       and ')}
       order by ${order}
       limit :pageLimit
     )`;
}
