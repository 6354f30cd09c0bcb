import { listenSetting, loadConfigOrExit } from '@patchpanel/service-kit';
import { z } from 'zod';

const program = 'compute-api';

/** Settings of the process: environment variables over the file of `--config` over these defaults. */
const schema = z.object({
  listen: listenSetting.default({ host: '127.0.0.1', port: 8082 }).describe('Where users are served.'),
  southboundListen: listenSetting
    .default({ host: '127.0.0.1', port: 8083 })
    .describe('Where compute hosts are served.'),
  databaseUrl: z
    .string()
    .min(1)
    .optional()
    .meta({ env: 'DATABASE_URL' })
    .describe('PostgreSQL to use, as postgres://…; without it an embedded database in dataDir serves.'),
  databasePoolSize: z.int().min(2).max(100).default(10).describe('Connections to PostgreSQL at most.'),
  dataDir: z.string().min(1).optional().describe('Folder of the embedded database.'),
  jwksFile: z.string().min(1).optional().describe('File with the public keys of the token issuer.'),
  jwksUrl: z.url().optional().describe('URL of the public keys of the token issuer.'),
  issuer: z.string().min(1).describe('Issuer that tokens must name.'),
  heartbeatSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(5)
    .describe('How often a host is to be heard; one that misses three heartbeats gets no new instances.'),
  docsAssets: z.string().min(1).optional().describe('Folder with the files of the documentation page.'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least weight of what is logged.'),
});

/** The settings, checked one by one and together. */
export const settings = schema.check((context) => {
  const { databaseUrl, dataDir, jwksFile, jwksUrl } = context.value;
  if (databaseUrl === undefined && dataDir === undefined) {
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: ['databaseUrl'],
      message: 'must be set, or dataDir must',
    });
  }
  if ((jwksFile === undefined) === (jwksUrl === undefined)) {
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: ['jwksFile'],
      message: 'must be set, or jwksUrl must, and not both',
    });
  }
});

export type Config = z.output<typeof schema>;

/** Reads the process's configuration, or prints the mistakes and exits. */
export function readConfig(): Config {
  return loadConfigOrExit(settings, { program });
}
