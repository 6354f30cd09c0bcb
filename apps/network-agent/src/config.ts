import { loadConfigOrExit } from '@patchpanel/service-kit';
import { instanceForm } from '@patchpanel/provider';
import { z } from 'zod';

const seconds = (most: number) => z.number().min(0.05).max(most);

/** What the process can be told; each setting is `PATCHPANEL_…` in the environment. */
export const settings = z.object({
  hostName: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be a host name in lower case')
    .describe("This host's name, as in the agent's token."),
  instance: z
    .string()
    .regex(instanceForm, 'must be 1 to 24 of a-z, 0-9 and -')
    .default('main')
    .describe("Labels every kernel object, so that two agents on one machine never touch each other's."),
  tokenFile: z
    .string()
    .min(1)
    .describe(
      'File with the token for the network service, readable by this user alone; read again when it changes.',
    ),
  networkUrl: z.url().describe("URL of the network service's southbound listener."),
  socket: z
    .string()
    .min(1)
    .max(107)
    .describe("Path of the socket for compute-host. Its folder's group is who may open it (mode 2750)."),
  stateDir: z
    .string()
    .min(1)
    .describe('Folder that outlives restarts, for the journal; of this process alone.'),
  runDir: z.string().min(1).describe('Folder for what a reboot may empty.'),
  providers: z
    .array(z.string().min(1))
    .min(1)
    .describe("The networks' providers: package names, or paths of bundled host halves."),
  computeUid: z
    .int()
    .min(1)
    .max(4294967294)
    .optional()
    .describe('The user that owns machines; without it no namespace and no tap is wired.'),
  driftCheckSeconds: seconds(3600)
    .default(10)
    .describe('How often every wiring is compared with the kernel, ± 20 %.'),
  resyncSeconds: seconds(86_400)
    .default(600)
    .describe('How often all bindings are listed though nothing asks for it.'),
  parallel: z.int().min(1).max(100).default(8).describe('How many vNICs are wired at the same time.'),
  wiringDeadlineSeconds: seconds(300).default(20).describe('How long the wiring of one vNIC may take.'),
  retryMostSeconds: seconds(3600).default(30).describe('Longest wait before what failed is tried again.'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('How much is logged.'),
});

export type Settings = z.output<typeof settings>;

/** Reads the settings of this process; a mistake in them ends it with a line for each. */
export function readSettings(argv: readonly string[]): Settings {
  return loadConfigOrExit(settings, { program: 'network-agent', argv });
}
