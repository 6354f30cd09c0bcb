import { kitMigrations, type Migration } from '@patchpanel/service-kit';
import { networks } from './001-networks.ts';
import { ports } from './002-ports.ts';
import { addresses } from './003-addresses.ts';
import { bindings } from './004-bindings.ts';
import { securityGroups } from './005-security-groups.ts';
import { quotas } from './006-quotas.ts';
import { agents } from './007-agents.ts';
import { providers } from './008-providers.ts';

/** Every step of the schema, in order. What was released is never changed: add a step. */
export const migrations: readonly Migration[] = [
  ...kitMigrations,
  networks,
  ports,
  addresses,
  bindings,
  securityGroups,
  quotas,
  agents,
  providers,
];
