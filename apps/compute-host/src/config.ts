import { z } from 'zod';

const rate = z.number().min(0).max(1);
const latency = z.tuple([z.number().min(0), z.number().min(0)]);

/** compute-host's settings; each is `PATCHPANEL_…` in the environment. */
export const configSchema = z.object({
  hostName: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/)
    .describe('Name of this host, as in its token.'),
  tokenFile: z.string().min(1).describe('File with the compute:host token; read again when it changes.'),
  computeUrl: z.url().describe("URL of compute-api's southbound listener."),
  agentSocket: z.string().min(1).describe("Path of the network agent's unix socket."),
  stateDir: z
    .string()
    .min(1)
    .describe('Folder for what is needed to find machines again; of this process alone.'),
  driver: z.enum(['netns', 'simulated']).default('netns').describe('What machines are.'),
  instanceCapacity: z.int().min(0).max(100_000).default(1000).describe('How many instances this host takes.'),
  parallel: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .describe('How many instances are worked on at the same time.'),
  stopGraceSeconds: z
    .number()
    .min(0)
    .max(600)
    .default(10)
    .describe('How long a machine may take to end when it is stopped.'),
  lookAroundSeconds: z
    .number()
    .min(0.1)
    .max(3600)
    .default(5)
    .describe('How often machines and wirings are compared with what is wanted.'),
  simulated: z
    .strictObject({
      seed: z.int().optional(),
      latencyMs: z
        .strictObject({ prepare: latency, start: latency, stop: latency, destroy: latency })
        .partial()
        .optional(),
      failureRate: z
        .strictObject({ prepare: rate, start: rate, stop: rate, destroy: rate })
        .partial()
        .optional(),
    })
    .default({})
    .describe('How slow and faulty simulated machines are: seed, latencyMs and failureRate of each verb.'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
});
export type Config = z.output<typeof configSchema>;
