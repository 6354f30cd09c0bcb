/**
 * What quotas are kept of, in the order in which their rows are locked: who needs several takes them in this one (it is the
 * order of the names by bytes, which statements can follow).
 */
export const quotaResources = [
  'networks',
  'ports',
  'securityGroupRules',
  'securityGroups',
  'subnets',
] as const;

export type QuotaResource = (typeof quotaResources)[number];

/** How many of each resource a project may have that has no limits of its own. */
export type QuotaDefaults = Readonly<Record<QuotaResource, number>>;
