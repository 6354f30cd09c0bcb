import { pageClauses, type PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';
import type { RuleContent } from './rules.ts';

/**
 * True of a security group (`groups`) that a live binding of the host uses: by its port, or as the remote group of a rule of such a
 * one. Each binding is looked at, by bindings_host, the primary key of port_security_groups and security_group_rules_remotes. The
 * feed tells hosts of the same groups (`changes/store.ts`).
 */
const isUsedByHost = `
  exists (
    select
    from bindings
    join port_security_groups as used on used.port_id = bindings.port_id
    where bindings.host_name = :hostName
    and bindings.superseded_by is null
    and bindings.desired = 'present'
    and (
      used.security_group_id = groups.id
      or exists (
        select
        from security_group_rules as naming
        where naming.security_group_id = used.security_group_id
        and naming.remote_group_id = groups.id
      )
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
    `select
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
     and ${isUsedByHost}`,
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
 * Served by port_security_groups_members, and for each port by the primary key and port_addresses_position.
 */
export function selectMembers(
  connection: Knex,
  hostName: string,
  id: string,
  page: PageRequest,
): Promise<MemberRow[]> {
  const { condition, order, bindings } = pageClauses(page, { id: 'port_id' });
  return queryRows<MemberRow>(
    connection,
    `select
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
       where security_group_id = groups.id
       and ${condition}
       order by ${order}
       limit :pageLimit
     ) as members on true
     left join ports on ports.id = members.port_id
     where groups.id = :id
     and ${isUsedByHost}
     order by members.port_id`,
    { ...bindings, hostName, id },
  );
}
