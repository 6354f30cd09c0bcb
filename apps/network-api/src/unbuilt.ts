/** Operations of the documents that have no room yet: they are not served. */
const unbuilt: readonly string[] = [
  'updateNetwork',
  'listNetworkShares',
  'shareNetwork',
  'unshareNetwork',
  'updateSubnet',
  'getSubnetUsage',
  'updatePort',
  'replugVnic',
  'releasePortBinding',
  'createSecurityGroup',
  'listSecurityGroups',
  'getSecurityGroup',
  'updateSecurityGroup',
  'deleteSecurityGroup',
  'createSecurityGroupRule',
  'listSecurityGroupRules',
  'getSecurityGroupRule',
  'deleteSecurityGroupRule',
  'getQuota',
  'getProjectQuota',
  'updateProjectQuota',
  'listAgents',
  'getAgent',
  'forgetAgent',
  'fenceHost',
  'unfenceHost',
  'listAgentBindings',
  'releaseAgentBindings',
  'getGroupRules',
  'listGroupMembers',
  'reportAgent',
  'reportHoldings',
];

/** The document without them. */
export function withoutUnbuilt(document: { paths: object }): object {
  const paths = Object.entries(document.paths).map(([path, item]: [string, object]) => [
    path,
    Object.fromEntries(
      Object.entries(item).filter(
        ([, operation]) => !unbuilt.includes(String((operation as { operationId?: string }).operationId)),
      ),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}
