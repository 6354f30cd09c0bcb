import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { problem } from '../problems.ts';
import { queryRows } from '../rows.ts';
import { compareMemberships, gatherChanges, membersEvent, type MembersChange } from './members.ts';

export { defaultGroupOf, defaultGroupsOf, type DefaultGroups } from './default-groups.ts';
export { addressesOfMember, compareMemberships, type MembersChange, type Membership } from './members.ts';

/** A new port and the groups that it is to be in. */
export interface Joining {
  readonly portId: string;
  readonly groupIds: readonly string[];
  /** `addressesOfMember` of the port. */
  readonly addresses: readonly string[];
}

interface RaisedGroup {
  readonly id: string;
  readonly project_id: string;
  readonly members_revision: number;
}

/**
 * The projects of those of the groups that exist, by id in lower case. By primary key, without a lock: a group may go until
 * `joinGroups` or `setPortGroups` takes it, which then says so. So each locks a group once, at its place, and nobody who already
 * holds one waits for more of it.
 */
export async function findGroupProjects(
  connection: Knex,
  groupIds: Iterable<string>,
): Promise<Map<string, string>> {
  const wanted = [...new Set(groupIds)];
  if (wanted.length === 0) return new Map();
  const rows = await queryRows<{ id: string; project_id: string }>(
    connection,
    `select id, project_id
     from security_groups
     where id = any(cast(:wanted as uuid[]))`,
    { wanted },
  );
  return new Map(rows.map((row) => [row.id, row.project_id]));
}

/** Which of the groups exist in the project, in lower case. The same look. */
export async function checkGroups(
  connection: Knex,
  projectId: string,
  groupIds: Iterable<string>,
): Promise<Set<string>> {
  const projects = await findGroupProjects(connection, groupIds);
  return new Set([...projects.keys()].filter((id) => projects.get(id) === projectId));
}

/** The refusal of a port's group that is not there. */
export function groupNotFound(groupId: string, pointer?: string): Error {
  return problem(
    'security-group-not-found',
    `There is no security group ${groupId} in your project.`,
    pointer === undefined ? {} : { errors: [{ pointer, detail: 'is no security group of your project' }] },
  );
}

/**
 * Puts new ports into their groups, and gives the events for those hosts that know the groups. One statement for all, by primary
 * key; it locks the groups in order of id against other changes until the transaction ends: after everything but events. Throws
 * `security-group-not-found` when one of them has gone since it was looked for.
 */
export async function joinGroups(trx: Knex, joinings: readonly Joining[]): Promise<NewEvent[]> {
  const pairs = joinings.flatMap(({ portId, groupIds }) => groupIds.map((groupId) => ({ portId, groupId })));
  if (pairs.length === 0) return [];
  const changes = gatherChanges(
    joinings.flatMap(({ portId, ...membership }) => compareMemberships(portId, undefined, membership)),
  );
  const groups = await queryRows<{ id: string; project_id: string; members_revision: number }>(
    trx,
    `with held as (
       select id
       from security_groups
       where id = any(cast(:groupIds as uuid[]))
       order by id
       for no key update
     ),
     joined as (
       insert into port_security_groups (port_id, security_group_id)
       select port_id, held.id
       from unnest(cast(:portIds as uuid[]), cast(:groupIds as uuid[])) as joining (port_id, group_id)
       join held on held.id = joining.group_id
     ),
     raised as (
       update security_groups
       set members_revision = members_revision + 1
       from held
       where security_groups.id = held.id
       and held.id = any(cast(:changedIds as uuid[]))
       returning security_groups.id, security_groups.project_id, security_groups.members_revision
     )
     select held.id, raised.project_id, raised.members_revision
     from held
     left join raised on raised.id = held.id`,
    {
      portIds: pairs.map(({ portId }) => portId),
      groupIds: pairs.map(({ groupId }) => groupId),
      changedIds: changes.map(({ groupId }) => groupId),
    },
  );
  refuseMissing(pairs, groups);
  return eventsOf(changes, groups);
}

/**
 * Puts ports into these groups and no others. One statement for all, by primary key; it locks all groups that they are put into
 * or leave like `joinGroups`, so that telling of the change with `membersChanged` locks no more, and refuses like it.
 */
export async function setPortGroups(
  trx: Knex,
  rows: readonly {
    readonly portId: string;
    readonly groupIdsBefore: readonly string[];
    readonly groupIds: readonly string[];
  }[],
): Promise<void> {
  if (rows.length === 0) return;
  const pairs = rows.flatMap(({ portId, groupIds }) => groupIds.map((groupId) => ({ portId, groupId })));
  const groups = await queryRows<{ id: string }>(
    trx,
    `with wanted as (
       select port_id, group_id
       from unnest(cast(:portIds as uuid[]), cast(:groupIds as uuid[])) as wanted (port_id, group_id)
     ),
     held as (
       select id
       from security_groups
       where id = any(cast(:groupIds as uuid[]) || cast(:groupIdsBefore as uuid[]))
       order by id
       for no key update
     ),
     left_behind as (
       delete from port_security_groups
       where port_id = any(cast(:ports as uuid[]))
       and (port_id, security_group_id) not in (select port_id, group_id from wanted)
     ),
     joined as (
       insert into port_security_groups (port_id, security_group_id)
       select wanted.port_id, held.id
       from wanted
       join held on held.id = wanted.group_id
       on conflict do nothing
     )
     select id from held`,
    {
      ports: rows.map(({ portId }) => portId),
      portIds: pairs.map(({ portId }) => portId),
      groupIds: pairs.map(({ groupId }) => groupId),
      groupIdsBefore: rows.flatMap(({ groupIdsBefore }) => groupIdsBefore),
    },
  );
  refuseMissing(pairs, groups);
}

/**
 * Notes that addresses of groups' members have come or gone: raises each group's revision of its members once, and gives the events
 * for those hosts that know the groups. One statement for all, by primary key; locks like `joinGroups`. The ports must be, or have
 * been until this transaction, in the groups.
 */
export async function membersChanged(trx: Knex, changes: readonly MembersChange[]): Promise<NewEvent[]> {
  const gathered = gatherChanges(changes);
  if (gathered.length === 0) return [];
  const groups = await queryRows<RaisedGroup>(
    trx,
    `with held as (
       select id
       from security_groups
       where id = any(cast(:groupIds as uuid[]))
       order by id
       for no key update
     )
     update security_groups
     set members_revision = members_revision + 1
     from held
     where security_groups.id = held.id
     returning security_groups.id, security_groups.project_id, security_groups.members_revision`,
    { groupIds: gathered.map(({ groupId }) => groupId) },
  );
  refuseMissing(gathered, groups);
  return eventsOf(gathered, groups);
}

function refuseMissing(
  wanted: readonly { readonly groupId: string }[],
  found: readonly { readonly id: string }[],
): void {
  const ids = new Set(found.map(({ id }) => id));
  const missing = wanted.find(({ groupId }) => !ids.has(groupId));
  if (missing) throw groupNotFound(missing.groupId);
}

function eventsOf(changes: readonly MembersChange[], groups: readonly RaisedGroup[]): NewEvent[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  return changes.flatMap((change) => {
    const group = byId.get(change.groupId);
    return group ? [membersEvent(group, change)] : [];
  });
}
