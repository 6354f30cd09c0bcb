import { join } from 'node:path';
import { z } from 'zod';
import {
  ConfigurationError,
  listenSetting,
  loadConfigOrExit,
  type DatabaseLocation,
  type KeySource,
} from '@patchpanel/service-kit';

/** What the process can be told. */
export const settings = z
  .object({
    listen: listenSetting
      .prefault('127.0.0.1:8082')
      .describe('Where users are served, as host:port; port 0 lets the system choose.'),
    southboundListen: listenSetting
      .prefault('127.0.0.1:8083')
      .describe('Where compute hosts are served, as host:port.'),
    databaseUrl: z
      .string()
      .optional()
      .meta({ env: 'DATABASE_URL' })
      .describe('A PostgreSQL to use; without it an embedded database is.'),
    dataDir: z.string().optional().describe('The folder of the embedded database.'),
    databasePoolSize: z.int().min(1).max(200).default(10).describe('Connections to PostgreSQL at most.'),
    jwksFile: z.string().optional().describe("A file with the public keys (JWKS) of the tokens' issuer."),
    jwksUrl: z.url().optional().describe('A URL of the same, instead of a file.'),
    issuer: z.string().min(1).describe('The issuer that tokens must name.'),
    audience: z.string().min(1).default('compute').describe('The audience that tokens must name.'),
    heartbeatSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(5)
      .describe(
        'How often a host is to be heard; after three times as long it is silent and gets no new instances.',
      ),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('How much is logged.'),
  })
  .superRefine(({ databaseUrl, dataDir, jwksFile, jwksUrl }, context) => {
    if (databaseUrl === undefined && dataDir === undefined) {
      context.addIssue({ code: 'custom', path: ['dataDir'], message: 'set it, or DATABASE_URL' });
    }
    if (jwksFile === undefined && jwksUrl === undefined) {
      context.addIssue({ code: 'custom', path: ['jwksFile'], message: 'set it, or PATCHPANEL_JWKS_URL' });
    }
  });

export type Settings = z.output<typeof settings>;

/** Reads the settings of this process; a mistake in them ends it with a line for each. */
export function readSettings(): Settings {
  return loadConfigOrExit(settings, { program: 'compute-api' });
}

/** Where the database is: PostgreSQL when there is one, else a folder of our own in the data folder. */
export function databaseLocation({ databaseUrl, databasePoolSize, dataDir }: Settings): DatabaseLocation {
  if (databaseUrl !== undefined) return { databaseUrl, poolSize: databasePoolSize };
  if (dataDir !== undefined) return { dataDir: join(dataDir, 'db') };
  throw new ConfigurationError(['PATCHPANEL_DATA_DIR or DATABASE_URL: must be set']);
}

/** Where the keys are that tokens are verified with. */
export function keySource({ jwksFile, jwksUrl }: Settings): KeySource {
  if (jwksFile !== undefined) return { jwksFile };
  if (jwksUrl !== undefined) return { jwksUrl };
  throw new ConfigurationError(['PATCHPANEL_JWKS_FILE or PATCHPANEL_JWKS_URL: must be set']);
}
