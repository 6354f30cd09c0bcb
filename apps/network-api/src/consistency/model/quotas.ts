/** What quotas are kept of. */
export const quotaResources = [
  'networks',
  'subnets',
  'ports',
  'securityGroups',
  'securityGroupRules',
] as const;

export type QuotaResource = (typeof quotaResources)[number];
export type Usage = Readonly<Record<QuotaResource, number>>;

/** What the service is told to give projects that have no limits of their own: little, so that they meet them. */
export const defaultLimits: Usage = {
  networks: 4,
  subnets: 8,
  ports: 45,
  securityGroups: 4,
  securityGroupRules: 14,
};

/** The limits of projects, and how often they were changed. */
export class Quotas {
  readonly #limits = new Map<string, Map<QuotaResource, number>>();
  readonly #revisions = new Map<string, number>();

  limit(projectId: string, resource: QuotaResource): number {
    return this.#limits.get(projectId)?.get(resource) ?? defaultLimits[resource];
  }

  /** The limit of its own, if it has one. */
  ownLimit(projectId: string, resource: QuotaResource): number | undefined {
    return this.#limits.get(projectId)?.get(resource);
  }

  revision(projectId: string): number {
    return this.#revisions.get(projectId) ?? 1;
  }

  /** Sets limits, the default one where null, which is one change. */
  change(projectId: string, limits: Readonly<Partial<Record<QuotaResource, number | null>>>): void {
    const own = this.#limits.get(projectId) ?? new Map<QuotaResource, number>();
    for (const resource of quotaResources) {
      const limit = limits[resource];
      if (limit === null) own.delete(resource);
      else if (limit !== undefined) own.set(resource, limit);
    }
    this.#limits.set(projectId, own);
    this.#revisions.set(projectId, this.revision(projectId) + 1);
  }
}
