import { join } from 'node:path';
import { issuer } from '../identity/signing-key.ts';
import type { Mode } from '../mode.ts';
import type { Places } from '../places.ts';
import type { Ports } from '../ports.ts';
import type { Programs } from '../programs.ts';
import type { ProcessName, Users } from './users.ts';

/** What the processes' configurations follow from. */
export interface Surroundings {
  readonly mode: Mode;
  readonly places: Places;
  readonly ports: Ports;
  readonly programs: Programs;
  readonly users: Users | undefined;
  readonly hostName: string;
}

/** The one address that all this listens on. */
export const loopback = '127.0.0.1';

/** The URL of a port on loopback. */
export const urlOf = (port: number): string => `http://${loopback}:${port}`;

/**
 * The environment of each process: its own configuration and nothing else. The network service's address is told to
 * the agent alone, and no process is told where another's token is.
 */
export function configurationOf(name: ProcessName, surroundings: Surroundings): Record<string, string> {
  const { mode, places, ports, programs, users, hostName } = surroundings;
  const folder = places.folderOf(name);
  const api = { PATCHPANEL_JWKS_FILE: places.jwksFile, PATCHPANEL_ISSUER: issuer };
  const provider = (half: 'server' | 'host', name: string) =>
    join(programs.folder, 'providers', name, `${half}.mjs`);
  switch (name) {
    case 'network-api':
      return {
        HOME: folder,
        ...api,
        PATCHPANEL_DATA_DIR: folder,
        PATCHPANEL_LISTEN: `${loopback}:${ports.network}`,
        PATCHPANEL_SOUTHBOUND_LISTEN: `${loopback}:${ports.networkSouthbound}`,
        PATCHPANEL_PROVIDERS: JSON.stringify(['flat', 'simulated'].map((each) => provider('server', each))),
        PATCHPANEL_DEFAULT_PROVIDER: mode.provider,
        // The one agent confirms removals at once: nobody else can still be using an address.
        PATCHPANEL_ADDRESS_REST_SECONDS: '0',
      };
    case 'compute-api':
      return {
        HOME: folder,
        ...api,
        PATCHPANEL_DATA_DIR: folder,
        PATCHPANEL_LISTEN: `${loopback}:${ports.compute}`,
        PATCHPANEL_SOUTHBOUND_LISTEN: `${loopback}:${ports.computeSouthbound}`,
      };
    case 'network-agent':
      return {
        HOME: folder,
        PATCHPANEL_HOST_NAME: hostName,
        PATCHPANEL_INSTANCE: places.instance,
        PATCHPANEL_TOKEN_FILE: places.tokenOf(name),
        PATCHPANEL_NETWORK_URL: urlOf(ports.networkSouthbound),
        PATCHPANEL_SOCKET: places.agentSocket,
        PATCHPANEL_STATE_DIR: join(folder, 'state'),
        PATCHPANEL_RUN_DIR: join(places.run, 'agent'),
        PATCHPANEL_PROVIDERS: JSON.stringify([provider('host', mode.provider)]),
        ...(users === undefined ? {} : { PATCHPANEL_COMPUTE_UID: String(users['compute-host']) }),
      };
    case 'compute-host':
      return {
        HOME: folder,
        PATCHPANEL_HOST_NAME: hostName,
        PATCHPANEL_TOKEN_FILE: places.tokenOf(name),
        PATCHPANEL_COMPUTE_URL: urlOf(ports.computeSouthbound),
        PATCHPANEL_AGENT_SOCKET: places.agentSocket,
        PATCHPANEL_STATE_DIR: join(folder, 'state'),
        PATCHPANEL_DRIVER: mode.driver,
      };
  }
}

/** The bundle that a process runs. */
export function programOf(name: ProcessName, programs: Programs): string {
  return join(programs.folder, name, 'main.mjs');
}
