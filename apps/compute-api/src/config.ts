import { apiSettings, checkApiSettings, databaseFlags, loadConfigOrExit } from '@patchpanel/service-kit';
import { z } from 'zod';

const program = 'compute-api';

/** Settings of the process: environment variables over the file of `--config` over these defaults. */
export const settings = z
  .object({
    ...apiSettings({
      listen: '127.0.0.1:8082',
      southboundListen: '127.0.0.1:8083',
      southboundCallers: 'compute hosts',
    }),
    heartbeatSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(5)
      .describe('How often a host is to be heard; one that misses three heartbeats gets no new instances.'),
  })
  .check(checkApiSettings);

export type Config = z.output<typeof settings>;

/** Reads the process's configuration, or prints help or the mistakes and exits. */
export function readConfig(): Config {
  return loadConfigOrExit(settings, { program, flags: databaseFlags });
}
