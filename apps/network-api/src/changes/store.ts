import type { AudienceQuery } from '@patchpanel/service-kit';

/**
 * What a host is told of now: its bindings, the networks of those that are to be wired, the security groups of their ports, and
 * the groups that rules of these name as remote. It is asked for in the statement that reads the events, see `AudienceQuery`.
 * Served by bindings_host, the primary key of port_security_groups and security_group_rules_list; locks nothing.
 */
export function audiencesOfHost(host: string): AudienceQuery {
  return {
    query: `
      with wired as (
        select port_id, network_id
        from bindings
        where host_name = ?
        and superseded_by is null
        and desired = 'present'
      ),
      own_groups as (
        select distinct security_group_id as id
        from port_security_groups
        join wired using (port_id)
      ),
      all_groups as (
        select id from own_groups
        union
        select remote_group_id
        from security_group_rules
        join own_groups on security_group_id = own_groups.id
        where remote_group_id is not null
      )
      select ?::text
      union all
      select distinct 'network:' || network_id from wired
      union all
      select 'group:' || id from all_groups`,
    bindings: [host, host],
  };
}
