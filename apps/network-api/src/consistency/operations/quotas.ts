import { quotaResources, type QuotaResource } from '../model/quotas.ts';
import { operation, type Operation } from './operation.ts';

const getQuota = operation<object>({
  name: 'getQuota',
  role: 'user',
  weight: 4,
  isRead: true,
  draw: () => ({}),
  drawAll: () => [{}],
  request: () => ({ method: 'GET', path: '/v1/quota' }),
  judge: (model, _ask, { projectId = '' }) => ({
    kind: 'done',
    statuses: [200],
    events: [],
    check: ({ body }) => {
      const usage = model.usage(projectId);
      const wrong = quotaResources.find(
        (resource) =>
          body[resource].used !== usage[resource] ||
          body[resource].limit !== model.quotas.limit(projectId, resource),
      );
      if (wrong !== undefined)
        return (
          `of ${wrong} ${body[wrong].used} are used of ${body[wrong].limit}, ` +
          `where there are ${usage[wrong]} of ${model.quotas.limit(projectId, wrong)}`
        );
      return body.revision === model.quotas.revision(projectId)
        ? undefined
        : `the quota has revision ${body.revision}, where it should have ${model.quotas.revision(projectId)}`;
    },
  }),
});

interface Limits {
  readonly ofProject: string;
  readonly patch: Readonly<Partial<Record<QuotaResource, number | null>>>;
}

const updateProjectQuota = operation<Limits>({
  name: 'updateProjectQuota',
  role: 'operator',
  weight: 1,
  draw: (dice, known) => {
    const ofProject = dice.pick(known.projectIds);
    const resource = dice.pick(quotaResources);
    if (ofProject === undefined || resource === undefined) return undefined;
    const limit = { networks: 3, subnets: 5, ports: 25, securityGroups: 2, securityGroupRules: 8 }[resource];
    return { ofProject, patch: { [resource]: dice.oneIn(3) ? null : limit + dice.below(limit) } };
  },
  request: ({ ofProject, patch }) => ({
    method: 'PATCH',
    path: `/v1/projects/${ofProject}/quota`,
    body: patch,
  }),
  judge: (model, { ofProject, patch }) => {
    const isChanged = quotaResources.some((resource) => {
      const limit = patch[resource];
      return limit !== undefined && (limit ?? undefined) !== model.quotas.ownLimit(ofProject, resource);
    });
    const revision = model.quotas.revision(ofProject) + (isChanged ? 1 : 0);
    return {
      kind: 'done',
      statuses: [200],
      events: isChanged
        ? [{ resourceType: 'quota', resourceId: ofProject, revision, change: 'updated' }]
        : [],
      check: ({ body }) =>
        body.revision === revision
          ? undefined
          : `the quota has revision ${body.revision}, where it should have ${revision}`,
      apply: () => {
        if (isChanged) model.quotas.change(ofProject, patch);
      },
    };
  },
});

export const quotaOperations: readonly Operation[] = [getQuota, updateProjectQuota];
