import { pageClauses, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import { isVisible } from '../networks/store.ts';
import { tagClauses } from '../tags/store.ts';
import type { SubnetRow } from './store.ts';

/** Which subnets a list has: those of a network that the project sees, or else all of the project. */
export interface SubnetFilters {
  readonly projectId: string;
  readonly networkId?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly ipVersion?: 4 | 6;
}

/**
 * One page of subnets. Those of a network are served by subnets_network, and, by name, sorted: they are few. Those of a project are
 * served by subnets_project or subnets_name, or by the first tag.
 */
export async function selectSubnets(
  connection: Knex,
  filters: SubnetFilters,
  page: PageRequest,
): Promise<SubnetRow[]> {
  const { projectId, networkId, name, tag: tags, ipVersion } = filters;
  const ofProject = tagClauses('subnet', 'subnets', projectId, tags);
  const source =
    networkId === undefined
      ? { ...ofProject, conditions: ['subnets.project_id = :projectId', ...ofProject.conditions] }
      : {
          join: 'join networks on networks.id = subnets.network_id',
          conditions: [
            'subnets.network_id = :networkId',
            isVisible,
            ...(tags === undefined ? [] : ['subnets.tags @> cast(:tags as text[])']),
          ],
          bindings: { networkId, ...(tags === undefined ? {} : { tags }) },
          idColumn: 'subnets.id',
        };
  const { condition, order, bindings } = pageClauses(page, { id: source.idColumn, name: 'subnets.name' });
  const conditions = [
    ...source.conditions,
    ...(name === undefined ? [] : ['subnets.name = :name']),
    ...(ipVersion === undefined ? [] : ['family(subnets.cidr) = :ipVersion']),
    condition,
  ];
  return queryRows<SubnetRow>(
    connection,
    `select subnets.*
     from subnets
     ${source.join}
     where ${conditions.join('\n     and ')}
     order by ${order}
     limit :pageLimit`,
    {
      ...bindings,
      ...source.bindings,
      projectId,
      ...(name === undefined ? {} : { name }),
      ...(ipVersion === undefined ? {} : { ipVersion }),
    },
  );
}
