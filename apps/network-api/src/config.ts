import { apiSettings, checkApiSettings, databaseFlags, loadConfigOrExit } from '@patchpanel/service-kit';
import { z } from 'zod';
import type { QuotaDefaults } from './quotas/resources.ts';

const program = 'network-api';

function quotaSetting(noun: string, count: number) {
  return z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(count)
    .describe(`How many ${noun} a project may have that has no limit of its own.`);
}

/** Settings of the process: environment variables over the file of `--config` over these defaults. */
export const configSchema = z
  .object({
    ...apiSettings({
      listen: '127.0.0.1:8080',
      southboundListen: '127.0.0.1:8081',
      southboundCallers: 'network agents',
    }),
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
    agentSilenceSeconds: z
      .number()
      .min(1)
      .max(86_400)
      .default(60)
      .describe('How long nothing was heard of a network agent when it counts as silent.'),
    agentHeartbeatSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(15)
      .describe('How often network agents are to report; several times within their silence.'),
    quotaNetworks: quotaSetting('networks', 100),
    quotaSubnets: quotaSetting('subnets', 200),
    quotaPorts: quotaSetting('ports', 10_000),
    quotaSecurityGroups: quotaSetting('security groups', 100),
    quotaSecurityGroupRules: quotaSetting('security group rules', 2_000),
  })
  .check(checkApiSettings);

export type Config = z.output<typeof configSchema>;

/** Reads the process's configuration, or prints help or the mistakes and exits. */
export function readConfig(): Config {
  return loadConfigOrExit(configSchema, { program, flags: databaseFlags });
}

/** The limits of projects that have none of their own. */
export function quotaDefaultsOf(config: Config): QuotaDefaults {
  return {
    networks: config.quotaNetworks,
    subnets: config.quotaSubnets,
    ports: config.quotaPorts,
    securityGroups: config.quotaSecurityGroups,
    securityGroupRules: config.quotaSecurityGroupRules,
  };
}
