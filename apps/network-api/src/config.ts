import { listenSetting, loadConfigOrExit } from '@patchpanel/service-kit';
import { z } from 'zod';

const program = 'network-api';

/** Settings of the process: environment variables over the file of `--config` over these defaults. */
const schema = z.object({
  listen: listenSetting.prefault('127.0.0.1:8080').describe('Where users are served.'),
  southboundListen: listenSetting.prefault('127.0.0.1:8081').describe('Where network agents are served.'),
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
  providers: z
    .array(z.string().min(1))
    .min(1)
    .describe('Providers to load: package names, absolute paths or file: URLs.'),
  defaultProvider: z
    .string()
    .min(1)
    .optional()
    .describe('Provider of networks that name none; the first one unless given.'),
  addressRestSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(60)
    .describe('How long an address rests after its last host has confirmed that it no longer uses it.'),
  docsAssets: z.string().min(1).optional().describe('Folder with the files of the documentation page.'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least weight of what is logged.'),
});

/** The settings, checked one by one and together. */
export const configSchema = schema.check((context) => {
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
  return loadConfigOrExit(configSchema, { program });
}
