import type { NewEvent } from '@patchpanel/service-kit';

/** What a port brings into its groups: its fixed addresses and its allowed address pairs, in canonical form. */
export interface Membership {
  readonly groupIds: readonly string[];
  readonly addresses: readonly string[];
}

/** An address, or a prefix, of a member. */
export interface MemberAddress {
  readonly portId: string;
  readonly ipAddress: string;
}

/** What has become of a group's members. */
export interface MembersChange {
  readonly groupId: string;
  readonly added: readonly MemberAddress[];
  readonly removed: readonly MemberAddress[];
}

/** What a port is of: an allowed address pair may repeat a fixed address, and two pairs differ only in their MAC address. */
export function addressesOfMember(port: {
  readonly fixedIps: readonly { readonly ipAddress: string }[];
  readonly allowedAddressPairs: readonly { readonly ipAddress: string }[];
}): string[] {
  return [...new Set([...port.fixedIps, ...port.allowedAddressPairs].map(({ ipAddress }) => ipAddress))];
}

/** What a port's change is to its groups, those it leaves and those it joins. A port that is not there is in none. */
export function compareMemberships(
  portId: string,
  before: Membership | undefined,
  after: Membership | undefined,
): MembersChange[] {
  const had = groupsOf(before);
  const has = groupsOf(after);
  return [...new Set([...had.keys(), ...has.keys()])].flatMap((groupId) => {
    const old = had.get(groupId) ?? none;
    const now = has.get(groupId) ?? none;
    const ofPort = (ipAddress: string) => ({ portId, ipAddress });
    const added = [...now].filter((address) => !old.has(address)).map(ofPort);
    const removed = [...old].filter((address) => !now.has(address)).map(ofPort);
    return added.length + removed.length === 0 ? [] : [{ groupId, added, removed }];
  });
}

const none: ReadonlySet<string> = new Set();

function groupsOf(membership: Membership | undefined): Map<string, ReadonlySet<string>> {
  const addresses = new Set(membership?.addresses);
  return new Map(membership?.groupIds.map((groupId) => [groupId, addresses]));
}

/** Changes by group, each group once. */
export function gatherChanges(changes: readonly MembersChange[]): MembersChange[] {
  return [...Map.groupBy(changes, ({ groupId }) => groupId)].flatMap(([groupId, ofGroup]) => {
    const added = ofGroup.flatMap((change) => change.added);
    const removed = ofGroup.flatMap((change) => change.removed);
    return added.length + removed.length === 0 ? [] : [{ groupId, added, removed }];
  });
}

/** More than this a change does not carry: whom it concerns lists the members again. */
const longestChange = 1_000;

/** Whom changes of a group are told to: hosts whose bindings use it. */
export function groupAudience(groupId: string): string {
  return `group:${groupId}`;
}

/** What hosts are told of a change of a group's members. */
export function membersEvent(
  group: { readonly id: string; readonly project_id: string; readonly members_revision: number },
  { added, removed }: MembersChange,
): NewEvent {
  return {
    projectId: group.project_id,
    audience: groupAudience(group.id),
    resourceType: 'security-group-members',
    resourceId: group.id,
    revision: group.members_revision,
    change: 'updated',
    ...(added.length + removed.length > longestChange ? {} : { data: { added, removed } }),
  };
}
