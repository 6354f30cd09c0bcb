import type { Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { queryRows } from '../rows.ts';
import type { QuotaResource } from './resources.ts';

/** What a project was given of what it asked for, and how it stood before. */
export interface Grant {
  readonly granted: number;
  readonly limit: number;
  readonly usedBefore: number;
}

/** How many of a resource each project asks for or gives back, by project id in lower case. */
export type CountByProject = ReadonlyMap<string, number>;

/**
 * Counts new resources of a project, or throws `quota-exceeded`: let that leave the transaction. Locks the project's row of the
 * resource until the transaction ends, so nobody else makes or deletes such a thing in the project meanwhile: in the order of
 * locks these rows come straight after idempotency keys.
 */
export async function reserveQuota(
  trx: Knex,
  parts: Pick<Parts, 'quotaDefaults'>,
  projectId: string,
  resource: QuotaResource,
  count: number,
): Promise<void> {
  const grants = await reserveForEach(trx, parts, resource, new Map([[projectId, count]]));
  for (const grant of grants.values()) {
    if (grant.granted < count) throw quotaExceeded(resource, grant);
  }
}

/** Counts as many new resources of a project as still fit, and says how many those are. Locks like `reserveQuota`. */
export async function reserveUpTo(
  trx: Knex,
  parts: Pick<Parts, 'quotaDefaults'>,
  projectId: string,
  resource: QuotaResource,
  count: number,
): Promise<number> {
  const grants = await reserveForEach(trx, parts, resource, new Map([[projectId, count]]));
  return [...grants.values()].reduce((sum, { granted }) => sum + granted, 0);
}

/**
 * The same for many projects at once, in one statement: each gets as many as still fit. What is not needed after all goes back by
 * `returnForEach` in the same transaction.
 */
export function reserveForEach(
  trx: Knex,
  { quotaDefaults }: Pick<Parts, 'quotaDefaults'>,
  resource: QuotaResource,
  counts: CountByProject,
): Promise<Map<string, Grant>> {
  return take(trx, resource, counts, quotaDefaults[resource]);
}

/** Counts resources that are made whatever the limits say. Locks like `reserveQuota`. */
export async function countForEach(
  trx: Knex,
  resource: QuotaResource,
  counts: CountByProject,
): Promise<void> {
  await take(trx, resource, counts, null);
}

/**
 * Counts resources that are gone. Who deletes takes this lock first, too: by this, or by `lockQuotas` where it is not yet known how
 * many will go. By primary key.
 */
export function returnQuota(
  trx: Knex,
  projectId: string,
  resource: QuotaResource,
  count: number,
): Promise<void> {
  return returnForEach(trx, resource, new Map([[projectId, count]]));
}

/** The same for many projects at once, in one statement. By primary key; locks the rows in their order. */
export async function returnForEach(
  trx: Knex,
  resource: QuotaResource,
  counts: CountByProject,
): Promise<void> {
  const returned = [...counts].filter(([, count]) => count > 0);
  if (returned.length === 0) return;
  const rows = await queryRows(
    trx,
    `with held as (
       select project_id, resource, returned.count
       from unnest(cast(:projectIds as uuid[]), cast(:counts as bigint[])) as returned (project_id, count)
       join quotas using (project_id)
       where quotas.resource = :resource
       order by project_id
       for no key update of quotas
     )
     update quotas
     set used_count = quotas.used_count - held.count
     from held
     where quotas.project_id = held.project_id
     and quotas.resource = held.resource
     returning quotas.project_id`,
    {
      projectIds: returned.map(([projectId]) => projectId),
      counts: returned.map(([, count]) => count),
      resource,
    },
  );
  if (rows.length < returned.length) throw new Error(`${resource} that were never counted are returned`);
}

/** Locks projects' rows of a resource, as whoever makes or deletes one does. By primary key, in their order. */
export async function lockQuotas(
  trx: Knex,
  resource: QuotaResource,
  projectIds: Iterable<string>,
): Promise<void> {
  await queryRows(
    trx,
    `select project_id
     from quotas
     where resource = :resource
     and project_id = any(cast(:projectIds as uuid[]))
     order by project_id
     for no key update`,
    { resource, projectIds: [...projectIds] },
  );
}

/** Makes the rows that are missing: all of them before any is locked, and in one order, so that nobody waits in a circle. */
export async function addQuotas(
  trx: Knex,
  resources: readonly QuotaResource[],
  projectIds: Iterable<string>,
): Promise<void> {
  await queryRows(
    trx,
    `insert into quotas (project_id, resource)
     select project_id, resource
     from unnest(cast(:projectIds as uuid[])) as project_id
     cross join unnest(cast(:resources as text[])) as resource
     order by resource collate "C", project_id
     on conflict (project_id, resource) do nothing`,
    { projectIds: [...projectIds], resources: [...resources] },
  );
}

const nounOf: Readonly<Record<QuotaResource, string>> = {
  networks: 'networks',
  ports: 'ports',
  securityGroupRules: 'security group rules',
  securityGroups: 'security groups',
  subnets: 'subnets',
};

/** The refusal of what does not fit. */
export function quotaExceeded(
  resource: QuotaResource,
  { limit, usedBefore }: Omit<Grant, 'granted'>,
): Problem {
  return problem(
    'quota-exceeded',
    `The project may have ${limit} ${nounOf[resource]} and has ${usedBefore}. Delete some, or ask for a higher limit.`,
  );
}

interface GrantRow {
  readonly project_id: string;
  readonly granted: number;
  readonly limit_count: number | null;
  readonly used_count: number;
}

/** A project's first resource of a kind makes the row. */
async function take(
  trx: Knex,
  resource: QuotaResource,
  counts: CountByProject,
  defaultLimit: number | null,
): Promise<Map<string, Grant>> {
  if (counts.size === 0) return new Map();
  let rows = await takeFromRows(trx, resource, counts, defaultLimit);
  if (rows.length === 0) {
    await addQuotas(trx, [resource], counts.keys());
    rows = await takeFromRows(trx, resource, counts, defaultLimit);
  }
  return new Map(
    rows.map((row) => [
      row.project_id,
      { granted: row.granted, limit: row.limit_count ?? Infinity, usedBefore: row.used_count },
    ]),
  );
}

/**
 * Gives no row, and locks none, unless all are there. Served by the primary key; locks the rows against each other in their order.
 * Without a default limit there is none at all.
 */
function takeFromRows(
  trx: Knex,
  resource: QuotaResource,
  counts: CountByProject,
  defaultLimit: number | null,
): Promise<GrantRow[]> {
  return queryRows<GrantRow>(
    trx,
    `with asked as (
       select project_id, count, cast(:defaultLimit as bigint) as default_limit
       from unnest(cast(:projectIds as uuid[]), cast(:counts as bigint[])) as asked (project_id, count)
     ),
     held as (
       select
         project_id,
         used_count,
         coalesce(limit_count, default_limit) as limit_count,
         case
           when default_limit is null then count
           else least(count, greatest(0, coalesce(limit_count, default_limit) - used_count))
         end as granted
       from asked
       join quotas using (project_id)
       where resource = :resource
       and (
         select count(*)
         from quotas
         where resource = :resource
         and project_id = any(cast(:projectIds as uuid[]))
       ) = cardinality(cast(:projectIds as uuid[]))
       order by project_id
       for no key update of quotas
     ),
     taken as (
       update quotas
       set used_count = quotas.used_count + held.granted
       from held
       where quotas.project_id = held.project_id
       and quotas.resource = :resource
       and held.granted > 0
     )
     select project_id, granted, limit_count, used_count
     from held`,
    {
      projectIds: [...counts.keys()],
      counts: [...counts.values()],
      defaultLimit,
      resource,
    },
  );
}
