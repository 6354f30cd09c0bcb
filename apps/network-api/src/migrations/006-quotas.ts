import type { Migration } from '@patchpanel/service-kit';

/**
 * What each project has of each resource, and its own limits; without a limit the service's default holds. The row is
 * changed, and so locked, by whoever makes or deletes the resource. Made empty: costs nothing on a big database.
 */
export const quotas: Migration = {
  name: 'network-006-quotas',
  async up(connection) {
    await connection.raw(`
      create table quotas (
        project_id uuid not null,
        resource text not null
          check (resource in ('networks', 'subnets', 'ports', 'securityGroups', 'securityGroupRules')),
        limit_count bigint check (limit_count >= 0),
        used_count bigint not null default 0 check (used_count >= 0),
        revision bigint not null default 1 check (revision > 0),
        primary key (project_id, resource)
      ) with (fillfactor = 50)`);
  },
};
