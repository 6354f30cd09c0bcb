import type { Quota } from '@patchpanel/contract-network';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { QuotaDefaults, QuotaResource } from './resources.ts';

/** What a project has of a resource, and its own limit. */
export interface QuotaRow {
  readonly project_id: string;
  readonly resource: QuotaResource;
  readonly limit_count: number | null;
  readonly used_count: number;
  /** One and how often a change of limits was noted here; the project's revision counts those of all its rows. */
  readonly revision: number;
}

/** A project's rows: those there are, as resources that were never used have none. By primary key. */
export function selectQuotas(connection: Knex, projectId: string): Promise<QuotaRow[]> {
  return queryRows<QuotaRow>(connection, 'select * from quotas where project_id = :projectId', { projectId });
}

/** The same, locked in their order against everybody who makes or deletes what they count. */
export function lockProjectQuotas(trx: Knex, projectId: string): Promise<QuotaRow[]> {
  return queryRows<QuotaRow>(
    trx,
    `select *
     from quotas
     where project_id = :projectId
     order by resource collate "C"
     for no key update`,
    { projectId },
  );
}

/** Sets limits of locked rows, null for the default, and notes the change in the first one. By primary key. */
export async function setLimits(
  trx: Knex,
  projectId: string,
  limits: ReadonlyMap<QuotaResource, number | null>,
): Promise<void> {
  const [first] = limits.keys();
  if (first === undefined) return;
  await queryRows(
    trx,
    `update quotas
     set limit_count = wanted.limit_count,
         revision = quotas.revision + case when quotas.resource = :first then 1 else 0 end
     from unnest(cast(:resources as text[]), cast(:limits as bigint[])) as wanted (resource, limit_count)
     where quotas.project_id = :projectId
     and quotas.resource = wanted.resource`,
    { projectId, first, resources: [...limits.keys()], limits: [...limits.values()] },
  );
}

/** The revision of a project's limits. What it uses is none of it: an ETag would be out of date as soon as it is read. */
export function quotaRevision(rows: readonly Pick<QuotaRow, 'revision'>[]): number {
  return rows.reduce((sum, { revision }) => sum + revision - 1, 1);
}

/** As on the wire. */
export function toQuota(projectId: string, defaults: QuotaDefaults, rows: readonly QuotaRow[]): Quota {
  const useOf = (resource: QuotaResource) => {
    const row = rows.find((one) => one.resource === resource);
    return { limit: row?.limit_count ?? defaults[resource], used: row?.used_count ?? 0 };
  };
  return {
    projectId,
    networks: useOf('networks'),
    subnets: useOf('subnets'),
    ports: useOf('ports'),
    securityGroups: useOf('securityGroups'),
    securityGroupRules: useOf('securityGroupRules'),
    revision: quotaRevision(rows),
  };
}
