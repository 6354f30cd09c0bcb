import { apiSettings, checkApiSettings, epochFlags, loadConfigOrExit } from '@patchpanel/service-kit';
import { z } from 'zod';

const program = 'network-api';

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
  })
  .check(checkApiSettings);

export type Config = z.output<typeof configSchema>;

/** Reads the process's configuration, or prints help or the mistakes and exits. */
export function readConfig(): Config {
  return loadConfigOrExit(configSchema, { program, flags: epochFlags });
}
