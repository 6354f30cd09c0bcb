import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSouthboundClient, LocalNetworkAgent, TokenFile } from '@patchpanel/agent-core';
import { problemCodes } from '@patchpanel/contract-agent';
import { loadHostProviders, type HostProvider } from '@patchpanel/provider';
import {
  createApiApp,
  createMetrics,
  listen,
  localAuthenticator,
  lockFolder,
  type Logger,
} from '@patchpanel/service-kit';
import document from '../../../openapi/dist/agent.json' with { type: 'json' };
import packageFile from '../package.json' with { type: 'json' };
import { agentMetrics } from './agent-metrics.ts';
import type { Settings } from './config.ts';
import { agentOperations } from './operations.ts';

/** Owner and group of the socket may call; the group is that of the folder that it is in. */
const socketMode = 0o660;

/** Room for the largest documented requests: a batch with its network data, a set of 10,000 vNICs to keep. */
const bodyLimitBytes = 4 * 1024 * 1024;

export interface Daemon {
  readonly socket: string;
  /** Takes no more calls, and leaves everything wired. */
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Host halves already loaded, for tests. */
  readonly providers?: ReadonlyMap<string, HostProvider>;
  /** Aborted when the process begins to stop. */
  readonly stopping?: AbortSignal;
  readonly validateResponses?: boolean;
}

/**
 * Starts the agent on its socket. Throws `TokenFileError` when the token is not the agent's alone, and an error that names
 * the other process when one works on the state folder or the socket.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings, logger } = options;
  const tokenFile = new TokenFile(settings.tokenFile);
  await tokenFile.token();
  const unlock = lockState(settings.stateDir);
  try {
    const metrics = createMetrics({ defaults: options.providers === undefined });
    const observer = agentMetrics(metrics);
    const agent = await LocalNetworkAgent.start({
      hostName: settings.hostName,
      version: packageFile.version,
      stateDir: settings.stateDir,
      providers: options.providers ?? (await loadProviders(settings, logger)),
      networkService: createSouthboundClient({ url: settings.networkUrl, tokenFile }),
      logger,
      observer,
      driftCheckSeconds: settings.driftCheckSeconds,
      resyncSeconds: settings.resyncSeconds,
      parallel: settings.parallel,
      wiringDeadlineMilliseconds: settings.wiringDeadlineSeconds * 1000,
      retry: {
        firstMilliseconds: Math.min(500, settings.retryMostSeconds * 1000),
        mostMilliseconds: settings.retryMostSeconds * 1000,
      },
    });
    observer.watch(() => agent.status());
    const listener = await serve(agent, metrics, options).catch(async (error: unknown) => {
      await agent.close();
      throw error;
    });
    return {
      socket: listener.url,
      close: async () => {
        await listener.close(2_000);
        await agent.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The host halves that the configuration names. */
export function loadProviders(
  settings: Settings,
  logger: Logger,
): Promise<ReadonlyMap<string, HostProvider>> {
  const { instance, hostName, runDir, computeUid } = settings;
  const stateDir = providerFolder(settings.stateDir);
  for (const folder of [runDir, stateDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return loadHostProviders(settings.providers, {
    instance,
    host: hostName,
    runDir,
    stateDir,
    ...(computeUid === undefined ? {} : { machineUid: computeUid }),
    logger,
  });
}

/** Where providers keep their files, within the agent's state folder. */
export function providerFolder(stateDir: string): string {
  return join(stateDir, 'providers');
}

/** One process at a time works on a state folder. */
export function lockState(stateDir: string): () => void {
  try {
    return lockFolder(stateDir);
  } catch (cause) {
    throw new Error(`another network agent works on ${stateDir}: stop it first`, { cause });
  }
}

async function serve(
  agent: LocalNetworkAgent,
  metrics: ReturnType<typeof createMetrics>,
  options: DaemonOptions,
) {
  const { app } = await createApiApp({
    document,
    problemCodes,
    handlers: agentOperations(agent),
    auth: localAuthenticator,
    logger: options.logger,
    metrics,
    readiness: () => Promise.resolve(),
    bodyLimitBytes,
    stopping: options.stopping,
    validateResponses: options.validateResponses,
  });
  return listen(app, { socketPath: options.settings.socket, mode: socketMode });
}
