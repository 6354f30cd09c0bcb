import type { PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { MAX, NIL } from 'uuid';
import { queryRows } from '../rows.ts';
import type { RuleContent } from './rules.ts';

/**
 * The groups of a host's live bindings, each once. Each binding is looked at, by bindings_host and the primary key of
 * port_security_groups.
 */
const groupsOfBindings = `
  own_groups as materialized (
    select distinct port_security_groups.security_group_id as id
    from bindings
    join port_security_groups on port_security_groups.port_id = bindings.port_id
    where bindings.host_name = :hostName
    and bindings.superseded_by is null
    and bindings.desired = 'present'
  )`;

/**
 * True of one of these, and of a group that a rule of one of them names as remote, by security_group_rules_remotes. The feed tells
 * hosts of the same groups (`changes/store.ts`).
 */
const isUsed = `
  exists (
    select
    from own_groups
    where own_groups.id = groups.id
    or exists (
      select
      from security_group_rules as naming
      where naming.remote_group_id = groups.id
      and naming.security_group_id = own_groups.id
    )
  )`;

/** A group with its rules, as a host needs them. */
export interface GroupRulesRow {
  readonly id: string;
  readonly project_id: string;
  readonly revision: number;
  readonly members_revision: number;
  readonly rules: readonly RuleContent[];
}

/** The rules of a group that the host uses, oldest first, of one moment. Served by security_group_rules_list. */
export async function findGroupRules(
  connection: Knex,
  hostName: string,
  id: string,
): Promise<GroupRulesRow | undefined> {
  const rows = await queryRows<GroupRulesRow>(
    connection,
    `with ${groupsOfBindings}
     select
       groups.id,
       groups.project_id,
       groups.revision,
       groups.members_revision,
       (
         select coalesce(json_agg(rules order by rules.id), '[]')
         from security_group_rules as rules
         where rules.security_group_id = groups.id
       ) as rules
     from security_groups as groups
     where groups.id = :id
     and ${isUsed}`,
    { hostName, id },
  );
  return rows[0];
}

/** A member of a group; without one, `port_id` is null in the only row. */
export interface MemberRow {
  readonly members_revision: number;
  readonly port_id: string | null;
  readonly fixed_ips: readonly string[];
  readonly allowed_address_pairs: readonly { readonly ipAddress: string }[] | null;
}

/**
 * Some of the members of a group that the host uses, in order of their ports, with the revision of all; no row for any other group.
 * Served by port_security_groups_members, and for each port by the primary key and port_addresses_position. The members are cut out
 * as a range of that index: by a group that is equal, the primary key would be in the right order, too, through all groups.
 */
export function selectMembers(
  connection: Knex,
  hostName: string,
  id: string,
  { after, limit }: PageRequest,
): Promise<MemberRow[]> {
  return queryRows<MemberRow>(
    connection,
    `with ${groupsOfBindings}
     select
       groups.members_revision,
       members.port_id,
       ports.allowed_address_pairs,
       array(
         select host(address)
         from port_addresses
         where port_addresses.port_id = members.port_id
         order by position
       ) as fixed_ips
     from security_groups as groups
     left join lateral (
       select port_id
       from port_security_groups
       where (security_group_id, port_id) > (groups.id, cast(:after as uuid))
       and (security_group_id, port_id) <= (groups.id, cast(:last as uuid))
       order by security_group_id, port_id
       limit :limit
     ) as members on true
     left join ports on ports.id = members.port_id
     where groups.id = :id
     and ${isUsed}
     order by members.port_id`,
    { hostName, id, after: after ?? NIL, last: MAX, limit: limit + 1 },
  );
}
