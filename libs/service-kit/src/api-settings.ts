import { join } from 'node:path';
import { z } from 'zod';
import { listenSetting } from './config.ts';
import type { DatabaseLocation } from './database.ts';
import type { KeySource } from './keys.ts';

/** Settings of every API service, to be spread into its own: where it listens, its database, its tokens and its log. */
export function apiSettings({ listen, southboundListen, southboundCallers }: ApiSettingsOptions) {
  return {
    listen: listenSetting.prefault(listen).describe('Where users are served.'),
    southboundListen: listenSetting
      .prefault(southboundListen)
      .describe(`Where ${southboundCallers} are served.`),
    databaseUrl: z
      .string()
      .min(1)
      .optional()
      .meta({ env: 'DATABASE_URL' })
      .describe('PostgreSQL to use, as postgres://…; without it an embedded database in dataDir serves.'),
    databasePoolSize: z.int().min(2).max(100).default(10).describe('Connections to PostgreSQL at most.'),
    migrateOnStart: z
      .boolean()
      .default(true)
      .describe('Whether starting brings the schema up to date; otherwise it waits until --migrate has.'),
    dataDir: z.string().min(1).optional().describe('Folder of the embedded database.'),
    jwksFile: z.string().min(1).optional().describe('File with the public keys of the token issuer.'),
    jwksUrl: z.url().optional().describe('URL of the public keys of the token issuer.'),
    issuer: z.string().min(1).describe('Issuer that tokens must name.'),
    docsAssets: z.string().min(1).optional().describe('Folder with the files of the documentation page.'),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('Least weight of what is logged.'),
  };
}

export interface ApiSettingsOptions {
  /** Defaults of the two addresses, as host:port. */
  readonly listen: string;
  readonly southboundListen: string;
  /** Who calls the southbound API, for `--help`. */
  readonly southboundCallers: string;
}

interface Sources {
  readonly databaseUrl?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
}

/** Holds those settings against each other: `z.object({ ...apiSettings(…), … }).check(checkApiSettings)`. */
export function checkApiSettings({ value, issues }: z.core.ParsePayload<Sources>): void {
  const { databaseUrl, dataDir, jwksFile, jwksUrl } = value;
  const refuse = (setting: keyof Sources, message: string) =>
    void issues.push({ code: 'custom', input: value, path: [setting], message });
  if (databaseUrl === undefined && dataDir === undefined)
    refuse('databaseUrl', 'must be set, or dataDir must');
  if ((jwksFile === undefined) === (jwksUrl === undefined))
    refuse('jwksFile', 'must be set, or jwksUrl must, and not both');
}

/** Where the settings say that the database is. */
export function databaseLocationOf(
  settings: Pick<Sources, 'databaseUrl' | 'dataDir'> & { readonly databasePoolSize: number },
): DatabaseLocation {
  const { databaseUrl, databasePoolSize, dataDir } = settings;
  if (databaseUrl !== undefined) return { databaseUrl, poolSize: databasePoolSize };
  if (dataDir === undefined) throw new Error('neither databaseUrl nor dataDir is set');
  return { dataDir: join(dataDir, 'db') };
}

/** Where the settings say that the issuer's keys are. */
export function keySourceOf({ jwksFile, jwksUrl }: Pick<Sources, 'jwksFile' | 'jwksUrl'>): KeySource {
  if (jwksFile !== undefined) return { jwksFile };
  if (jwksUrl === undefined) throw new Error('neither jwksFile nor jwksUrl is set');
  return { jwksUrl };
}
