import type { Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { Parts } from '../parts.ts';
import type { QuotaResource } from './resources.ts';
import { quotaExceeded, reserveForEach, returnForEach } from './store.ts';

/** How many of a resource a request makes, and whose they are. */
export interface QuotaClaim {
  readonly projectId: string;
  readonly count: number;
}

/** What the requests of one transaction were promised of their projects' quotas. */
export interface QuotaHold<Request> {
  /** The problem of each request for which nothing was left. */
  readonly shortages: ReadonlyMap<Request, Problem>;
  /** Gives back what was promised to requests that made nothing, and says in which projects there were such. */
  settle(made: ReadonlySet<Request>): Promise<ReadonlySet<string>>;
}

/**
 * Holds what requests need of the quotas, in the order in which they came. By primary key; locks the rows, which come straight
 * after idempotency keys.
 */
export async function holdQuota<Request>(
  trx: Knex,
  parts: Pick<Parts, 'quotaDefaults'>,
  resource: QuotaResource,
  requests: readonly Request[],
  claimOf: (request: Request) => QuotaClaim,
): Promise<QuotaHold<Request>> {
  const grants = await reserveForEach(trx, parts, resource, sumByProject(requests.map(claimOf)));
  const promised = new Map<string, number>();
  const shortages = new Map<Request, Problem>();
  for (const request of requests) {
    const { projectId, count } = claimOf(request);
    const grant = grants.get(projectId);
    if (!grant) throw new Error('of a quota nothing was said');
    const before = promised.get(projectId) ?? 0;
    if (before + count <= grant.granted) promised.set(projectId, before + count);
    else shortages.set(request, quotaExceeded(resource, { ...grant, usedBefore: grant.usedBefore + before }));
  }
  return {
    shortages,
    async settle(made) {
      const used = sumByProject(requests.filter((request) => made.has(request)).map(claimOf));
      const unused = new Map(
        [...grants].map(([projectId, { granted }]) => [projectId, granted - (used.get(projectId) ?? 0)]),
      );
      await returnForEach(trx, resource, unused);
      const givenUp = requests.filter((request) => !made.has(request) && !shortages.has(request));
      return new Set(givenUp.map((request) => claimOf(request).projectId));
    },
  };
}

function sumByProject(claims: readonly QuotaClaim[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { projectId, count } of claims) sums.set(projectId, (sums.get(projectId) ?? 0) + count);
  return sums;
}
