import { kitMigrations, type Migration } from '@patchpanel/service-kit';
import { createHosts } from './001-hosts.ts';
import { createInstances } from './002-instances.ts';
import { createVnics } from './003-vnics.ts';

/** Every step of the schema, in order: forward only, never renamed. */
export const migrations: readonly Migration[] = [
  ...kitMigrations,
  { name: 'compute-001-hosts', up: createHosts },
  { name: 'compute-002-instances', up: createInstances },
  { name: 'compute-003-vnics', up: createVnics },
];
