import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeAgentWorld, type AgentWorld } from '@patchpanel/agent-core/testing';
import { silentLogger } from '@patchpanel/service-kit';
import { settings as schema, type Settings } from '../config.ts';
import { startDaemon, type Daemon } from '../daemon.ts';

/** A daemon in this process, with everything around it. */
export interface DaemonWorld extends AgentWorld {
  readonly settings: Settings;
  daemon: Daemon;
  /** Stops the daemon and starts another on the same state, as a new process would. */
  restart(): Promise<void>;
}

export async function makeDaemonWorld(): Promise<DaemonWorld> {
  const world = await makeAgentWorld();
  const runDir = join(world.stateDir, 'run');
  mkdirSync(runDir);
  const settings = schema.parse({
    hostName: 'host-1',
    tokenFile: world.tokenFile,
    networkUrl: world.service.url,
    socket: join(runDir, 'agent.sock'),
    stateDir: join(world.stateDir, 'agent'),
    runDir,
    providers: ['@patchpanel/provider-simulated'],
    retryMostSeconds: 0.2,
  });
  const start = () =>
    startDaemon({
      settings,
      logger: silentLogger(),
      providers: daemonWorld.providers,
      validateResponses: true,
    });
  const daemonWorld: DaemonWorld = Object.assign(world, {
    settings,
    daemon: { socket: '', close: () => Promise.resolve() },
    restart: async () => {
      await daemonWorld.daemon.close();
      await world.reload();
      daemonWorld.daemon = await start();
    },
  });
  const closeWorld = world.close.bind(world);
  daemonWorld.daemon = await start();
  return Object.assign(daemonWorld, {
    close: async () => {
      await daemonWorld.daemon.close();
      await closeWorld();
    },
  });
}
