import type { Migration } from '@patchpanel/service-kit';

/** The hosts' agents as they were last heard of. Made empty: costs nothing on a big database. */
export const agents: Migration = {
  name: 'network-007-agents',
  async up(connection) {
    // holdings_epoch is the epoch for which the host has said what it has wired; behind the database's, it is yet to say it.
    await connection.raw(`
      create table agents (
        host_name text collate "C" primary key,
        version text,
        providers jsonb not null default '[]',
        holdings_epoch integer not null,
        fenced_at timestamptz,
        fence_reason text,
        revision bigint not null default 1 check (revision > 0),
        first_seen_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now()
      )`);
  },
};
