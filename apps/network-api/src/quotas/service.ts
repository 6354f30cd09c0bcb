import type { Quota, QuotaPatch } from '@patchpanel/contract-network';
import { appendEvents, checkIfMatch, inTransaction } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import {
  lockProjectQuotas,
  quotaRevision,
  selectQuotas,
  setLimits,
  toQuota,
  type QuotaRow,
} from './project-store.ts';
import { quotaResources, type QuotaResource } from './resources.ts';
import { addQuotas } from './store.ts';

/** Gives limits and use of a project, of one moment. Every project has a quota, whether it was ever heard of or not. */
export async function getQuota({ database, quotaDefaults }: Parts, project: string): Promise<Quota> {
  const projectId = project.toLowerCase();
  return toQuota(projectId, quotaDefaults, await selectQuotas(database.knex, projectId));
}

/**
 * Changes what is named of a project's limits. Those that are as they should be already stay as they are, and take with them
 * nothing that the project has above its limit.
 */
export function updateProjectQuota(
  { database, quotaDefaults }: Parts,
  project: string,
  patch: QuotaPatch,
  ifMatch: string | undefined,
): Promise<Quota> {
  const projectId = project.toLowerCase();
  return inTransaction(database, async (trx) => {
    await addQuotas(trx, quotaResources, [projectId]);
    const rows = await lockProjectQuotas(trx, projectId);
    checkIfMatch(ifMatch, quotaRevision(rows));
    const limits = changedLimits(rows, patch);
    if (limits.size === 0) return toQuota(projectId, quotaDefaults, rows);
    await setLimits(trx, projectId, limits);
    const quota = toQuota(projectId, quotaDefaults, await selectQuotas(trx, projectId));
    await appendEvents(trx, [
      {
        projectId,
        resourceType: 'quota',
        resourceId: projectId,
        revision: quota.revision,
        change: 'updated',
      },
    ]);
    return quota;
  });
}

function changedLimits(rows: readonly QuotaRow[], patch: QuotaPatch): Map<QuotaResource, number | null> {
  return new Map(
    rows.flatMap(({ resource, limit_count: limit }) => {
      const wanted = patch[resource];
      return wanted === undefined || wanted === limit ? [] : [[resource, wanted] as const];
    }),
  );
}
