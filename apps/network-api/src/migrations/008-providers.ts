import type { Migration } from '@patchpanel/service-kit';

/**
 * The numbers that providers' networks get, and what providers have yet to realise outside the hosts. Made empty: costs
 * nothing on a big database.
 */
export const providers: Migration = {
  name: 'network-008-providers',
  async up(connection) {
    await connection.raw(`
      create table provider_pools (
        provider text not null,
        pool text not null,
        min bigint not null,
        max bigint not null check (min <= max),
        primary key (provider, pool)
      )`);
    await connection.raw(`
      create table provider_pool_ranges (
        provider text not null,
        pool text not null,
        first bigint not null,
        last bigint not null check (first <= last),
        primary key (provider, pool, last),
        foreign key (provider, pool) references provider_pools
      ) with (fillfactor = 70)`);
    await connection.raw(`
      create table network_allocations (
        network_id uuid not null constraint network_allocations_network references networks on delete cascade,
        provider text not null,
        pool text not null,
        value bigint not null,
        primary key (network_id, pool),
        constraint network_allocations_value unique (provider, pool, value)
      )`);
    // rest_until is null while the provider or a host has yet to say that nothing of the network is left.
    await connection.raw(`
      create table resting_pool_values (
        provider text not null,
        pool text not null,
        value bigint not null,
        network_id uuid not null,
        rest_until timestamptz,
        primary key (provider, pool, value)
      )`);
    await connection.raw(`
      create index resting_pool_values_waiting on resting_pool_values (network_id) where rest_until is null`);
    await connection.raw(`
      create table network_realisations (
        network_id uuid primary key,
        project_id uuid not null,
        provider text not null,
        desired text not null default 'present' check (desired in ('present', 'absent')),
        context jsonb not null default '{}',
        generation bigint not null default 1 check (generation > 0),
        observed_generation bigint not null default 0 check (observed_generation between 0 and generation),
        attempts integer not null default 0 check (attempts >= 0),
        next_attempt_at timestamptz not null default now(),
        claimed_by uuid,
        claimed_until timestamptz,
        last_error text,
        updated_at timestamptz not null default now()
      )`);
    await connection.raw(`
      create index network_realisations_due on network_realisations (next_attempt_at)
        where desired = 'absent' or observed_generation < generation`);
    // Whoever raises the epoch: the database was restored, and what providers have may be newer than it knows, or gone. No events:
    // readers of the feed list everything again then.
    await connection.raw(`
      create function realise_all_networks() returns trigger
      language plpgsql as $$
      begin
        with raised as (
          update network_realisations
          set
            generation = generation + 1,
            attempts = 0,
            next_attempt_at = clock_timestamp(),
            claimed_by = null,
            claimed_until = null,
            updated_at = now()
          where desired = 'present'
          returning network_id
        )
        update networks
        set
          status = 'building',
          status_reason = 'The database was restored: the provider has yet to realise the network again.',
          revision = revision + 1,
          updated_at = now()
        from raised
        where networks.id = raised.network_id;
        return null;
      end
      $$`);
    await connection.raw(`
      create trigger realise_all_networks after update on database_identity
      for each row when (old.epoch <> new.epoch) execute function realise_all_networks()`);
  },
};
