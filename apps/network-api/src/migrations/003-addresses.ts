import type { Migration } from '@patchpanel/service-kit';

/**
 * Who has which address of a subnet: a port, nobody (a range of free ones), or nobody yet again (resting). An address
 * passes from one to another only under the lock of the subnet's row. When a resting one is free (`rest_until`) is decided
 * without that lock, by who locks the row itself, after the port's. Made empty: costs nothing on a big database.
 */
export const addresses: Migration = {
  name: 'network-003-addresses',
  async up(connection) {
    await connection.raw(`
      create table port_addresses (
        subnet_id uuid not null constraint port_addresses_subnet references subnets,
        address inet not null,
        port_id uuid not null constraint port_addresses_port references ports,
        position smallint not null,
        constraint port_addresses_address primary key (subnet_id, address)
      )`);
    // How many addresses of a subnet are used and resting; changed with them, under the lock of the subnet's row.
    await connection.raw(`
      create table subnet_usage (
        subnet_id uuid primary key references subnets on delete cascade,
        used bigint not null default 0 check (used >= 0),
        resting bigint not null default 0 check (resting >= 0)
      ) with (fillfactor = 50)`);
    await connection.raw('create unique index port_addresses_position on port_addresses (port_id, position)');
    // Kept by the last address: taking a range's first one then changes no indexed column.
    await connection.raw(`
      create table free_ranges (
        subnet_id uuid not null constraint free_ranges_subnet references subnets on delete cascade,
        first inet not null,
        last inet not null check (first <= last),
        primary key (subnet_id, last)
      ) with (fillfactor = 70)`);
    // rest_until is null while a host has not yet confirmed that the port's wiring is gone.
    await connection.raw(`
      create table resting_addresses (
        subnet_id uuid not null constraint resting_addresses_subnet references subnets,
        address inet not null,
        port_id uuid not null,
        rest_until timestamptz,
        constraint resting_addresses_address primary key (subnet_id, address)
      )`);
    await connection.raw(`
      create index resting_addresses_due on resting_addresses (subnet_id, rest_until)
        where rest_until is not null`);
    await connection.raw(`
      create index resting_addresses_waiting on resting_addresses (port_id)
        where rest_until is null`);
  },
};
