import { kitMigrations, type Migration } from '@patchpanel/service-kit';
import { networks } from './001-networks.ts';
import { ports } from './002-ports.ts';
import { addresses } from './003-addresses.ts';
import { bindings } from './004-bindings.ts';

/** Every step of the schema, in order. What was released is never changed: add a step. */
export const migrations: readonly Migration[] = [...kitMigrations, networks, ports, addresses, bindings];
