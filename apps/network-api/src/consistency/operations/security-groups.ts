import { canonicalJson } from '@patchpanel/service-kit';
import type { HistoryEvent } from '../history/history.ts';
import type { Model, SecurityGroupState } from '../model/model.ts';
import { operation, refused, refusedFor, type ExpectedEvent, type Operation } from './operation.ts';

const createSecurityGroup = operation<{ name: string }>({
  name: 'createSecurityGroup',
  role: 'user',
  weight: 2,
  isKeyed: true,
  draw: (dice) => ({ name: `group-${dice.below(1000)}` }),
  request: (body) => ({ method: 'POST', path: '/v1/security-groups', body }),
  judge: (model, { name }, { answer, projectId = '' }) => {
    const refusal = refusedFor([
      (!model.hasRoomFor(projectId, 'securityGroups', 1) ||
        !model.hasRoomFor(projectId, 'securityGroupRules', 2)) &&
        'quota-exceeded',
    ]);
    if (refusal) return refusal;
    const id: string = answer?.body.id;
    return {
      kind: 'done',
      statuses: [201],
      events: [{ resourceType: 'security-group', resourceId: id, revision: 1, change: 'created' }],
      check: ({ body }) =>
        body.projectId === projectId && body.name === name && body.revision === 1 && !body.isDefault
          ? undefined
          : 'the security group is not as asked for',
      apply: () =>
        void model.groups.set(id, {
          id,
          projectId,
          name,
          isDefault: false,
          revision: 1,
          rules: new Map(),
          firstRules: 2,
        }),
    };
  },
  learn: (known, _ask, { status, body }) => {
    if (status === 201)
      known.groups.set(body.id, { id: body.id, projectId: body.projectId, ruleIds: new Set() });
  },
});

const getSecurityGroup = operation<{ groupId: string }>({
  name: 'getSecurityGroup',
  role: 'user',
  weight: 1,
  isRead: true,
  draw: (dice, known) => {
    const groupId = dice.pick([...known.groups.keys()]);
    return groupId === undefined ? undefined : { groupId };
  },
  drawAll: (known, { projectId }) => known.groupsOf(projectId).map(({ id }) => ({ groupId: id })),
  request: ({ groupId }) => ({ method: 'GET', path: `/v1/security-groups/${groupId}` }),
  judge: (model, { groupId }, { projectId }) => {
    const group = model.group(projectId, groupId);
    if (!group) return refused('security-group-not-found');
    return {
      kind: 'done',
      statuses: [200],
      events: [],
      check: ({ body }) =>
        body.revision === group.revision && body.name === group.name
          ? undefined
          : `the security group has revision ${body.revision} and name ${body.name}, where it should have ${group.revision} and ${group.name}`,
    };
  },
});

const updateSecurityGroup = operation<{ groupId: string; name: string }>({
  name: 'updateSecurityGroup',
  role: 'user',
  weight: 1,
  draw: (dice, known) => {
    const groupId = dice.pick([...known.groups.keys()]);
    return groupId === undefined ? undefined : { groupId, name: `group-${dice.below(3)}` };
  },
  request: ({ groupId, name }) => ({
    method: 'PATCH',
    path: `/v1/security-groups/${groupId}`,
    body: { name },
  }),
  judge: (model, { groupId, name }, { projectId }) => {
    const group = model.group(projectId, groupId);
    if (!group) return refused('security-group-not-found');
    const isChanged = group.name !== name;
    const revision = group.revision + (isChanged ? 1 : 0);
    return {
      kind: 'done',
      statuses: [200],
      events: isChanged ? [groupEvent(group, 'updated')] : [],
      check: ({ body }) =>
        body.revision === revision
          ? undefined
          : `the security group has revision ${body.revision}, where it should have ${revision}`,
      apply: () => void Object.assign(group, { name, revision }),
    };
  },
});

const deleteSecurityGroup = operation<{ groupId: string }>({
  name: 'deleteSecurityGroup',
  role: 'user',
  weight: 2,
  draw: (dice, known, { projectId }) => {
    const groupId = dice.pick(known.groupsOf(projectId))?.id;
    return groupId === undefined ? undefined : { groupId };
  },
  request: ({ groupId }) => ({ method: 'DELETE', path: `/v1/security-groups/${groupId}` }),
  judge: (model, { groupId }, { projectId }) => {
    const group = model.group(projectId, groupId);
    if (!group) return refused('security-group-not-found');
    const isUsed =
      [...model.ports.values()].some(({ securityGroupIds }) => securityGroupIds.includes(groupId)) ||
      [...model.groups.values()].some(
        (other) =>
          other !== group && [...other.rules.values()].some(({ remoteGroupId }) => remoteGroupId === groupId),
      );
    return (
      refusedFor([group.isDefault && 'default-security-group', isUsed && 'security-group-in-use']) ?? {
        kind: 'done',
        statuses: [204],
        events: [groupEvent(group, 'deleted')],
        apply: () => void model.groups.delete(groupId),
      }
    );
  },
  learn: (known, { groupId }, { status }) => {
    if (status === 204 || status === 404) known.groups.delete(groupId);
  },
});

interface NewRule {
  readonly groupId: string;
  readonly rule: {
    readonly direction: 'ingress' | 'egress';
    readonly etherType: 'ipv4' | 'ipv6';
    readonly protocol: 'tcp' | 'udp';
    readonly portMin: number;
    readonly portMax: number;
    readonly remoteGroupId?: string;
  };
}

const createSecurityGroupRule = operation<NewRule>({
  name: 'createSecurityGroupRule',
  role: 'user',
  weight: 3,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const groupId = dice.pick(known.groupsOf(projectId))?.id;
    if (groupId === undefined) return undefined;
    const remoteGroupId = dice.oneIn(3) ? dice.pick(known.groupsOf(projectId))?.id : undefined;
    const port = 80 + dice.below(3);
    return {
      groupId,
      rule: {
        direction: dice.oneIn(2) ? 'ingress' : 'egress',
        etherType: 'ipv4',
        protocol: dice.oneIn(2) ? 'tcp' : 'udp',
        portMin: port,
        portMax: port,
        ...(remoteGroupId === undefined ? {} : { remoteGroupId }),
      },
    };
  },
  request: ({ groupId, rule }) => ({
    method: 'POST',
    path: `/v1/security-groups/${groupId}/rules`,
    body: rule,
  }),
  judge: (model, { groupId, rule }, { answer, projectId = '' }) => {
    const group = model.group(projectId, groupId);
    if (!group) return refused('security-group-not-found');
    const { remoteGroupId } = rule;
    if (remoteGroupId !== undefined && !model.group(projectId, remoteGroupId))
      return refused('security-group-not-found');
    const content = canonicalJson(rule);
    const refusal = refusedFor([
      [...group.rules.values()].some((other) => other.content === content) && 'security-group-rule-exists',
      !model.hasRoomFor(projectId, 'securityGroupRules', 1) && 'quota-exceeded',
    ]);
    if (refusal) return refusal;
    return {
      kind: 'done',
      statuses: [201],
      events: [groupEvent(group, 'updated')],
      check: ({ body }) =>
        body.securityGroupId === groupId && body.portMin === rule.portMin
          ? undefined
          : 'the rule is not as asked for',
      apply: () => {
        group.rules.set(answer?.body.id, { content, remoteGroupId });
        group.revision += 1;
      },
    };
  },
  learn: (known, { groupId }, { status, body }) => {
    if (status === 201) known.groups.get(groupId)?.ruleIds.add(body.id);
  },
});

const deleteSecurityGroupRule = operation<{ groupId: string; ruleId: string }>({
  name: 'deleteSecurityGroupRule',
  role: 'user',
  weight: 2,
  draw: (dice, known, { projectId }) => {
    const group = dice.pick(known.groupsOf(projectId).filter(({ ruleIds }) => ruleIds.size > 0));
    const ruleId = group && dice.pick([...group.ruleIds]);
    return group && ruleId !== undefined ? { groupId: group.id, ruleId } : undefined;
  },
  request: ({ groupId, ruleId }) => ({
    method: 'DELETE',
    path: `/v1/security-groups/${groupId}/rules/${ruleId}`,
  }),
  judge: (model, { groupId, ruleId }, { projectId }) => {
    const group = model.group(projectId, groupId);
    if (!group) return refused('security-group-not-found');
    if (!group.rules.has(ruleId)) return refused('security-group-rule-not-found');
    return {
      kind: 'done',
      statuses: [204],
      events: [groupEvent(group, 'updated')],
      apply: () => {
        group.rules.delete(ruleId);
        group.revision += 1;
      },
    };
  },
  learn: (known, { groupId, ruleId }, { status }) => {
    if (status === 204 || status === 404) known.groups.get(groupId)?.ruleIds.delete(ruleId);
  },
});

export const securityGroupOperations: readonly Operation[] = [
  createSecurityGroup,
  getSecurityGroup,
  updateSecurityGroup,
  deleteSecurityGroup,
  createSecurityGroupRule,
  deleteSecurityGroupRule,
];

/**
 * The default group is there from the start, so to speak: whoever first needs it makes it, also when nothing comes of the rest of
 * the request. Everything may go out, and members may reach each other, in both IP versions: four rules.
 */
export function defaultGroupMade(
  before: Model,
  { resourceType, resourceId: id, change, projectId }: HistoryEvent,
): ((model: Model) => void) | undefined {
  if (resourceType !== 'security-group' || change !== 'created' || projectId === undefined) return undefined;
  if (before.defaultGroup(projectId)) return undefined;
  return (model) => {
    const group = { id, projectId, name: 'default', isDefault: true, revision: 1, firstRules: 4 };
    model.groups.set(id, { ...group, rules: new Map() });
  };
}

function groupEvent({ id, revision }: SecurityGroupState, change: 'updated' | 'deleted'): ExpectedEvent {
  return { resourceType: 'security-group', resourceId: id, revision: revision + 1, change };
}
