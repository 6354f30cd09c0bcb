import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VnicKey } from '@patchpanel/contract-agent';
import { loadHostProviders, type HostProvider, type ProviderLogger } from '@patchpanel/provider';
import { createSouthboundClient } from '../southbound-client.ts';
import { TokenFile } from '../token-file.ts';
import { startSouthboundServer, type SouthboundServer } from './southbound-server.ts';

/** Everything around an agent in a test: a network service, a token, a folder, and the simulated provider. */
export interface AgentWorld {
  readonly service: SouthboundServer;
  readonly stateDir: string;
  readonly tokenFile: string;
  /** The provider of the agent that runs now. */
  providers: ReadonlyMap<string, HostProvider>;
  /** Loads the provider anew, as a new process would. */
  reload(): Promise<void>;
  /** A credentialed client of the network service. */
  client(): ReturnType<typeof createSouthboundClient>;
  /** Removes what is wired behind the agent's back. */
  breakWiring(key: VnicKey): Promise<void>;
  /** Throws when the fake departed from the document. */
  close(): Promise<void>;
}

export const quietLogger: ProviderLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface AgentWorldOptions {
  /** The provider's package. */
  readonly provider?: string;
  readonly instance?: string;
  readonly machineUid?: number;
}

export async function makeAgentWorld(options: AgentWorldOptions = {}): Promise<AgentWorld> {
  const { provider = '@patchpanel/provider-simulated', instance = 'test', machineUid } = options;
  const service = await startSouthboundServer();
  const stateDir = mkdtempSync(join(tmpdir(), 'patchpanel-agent-'));
  const tokenFile = join(stateDir, 'token');
  writeFileSync(tokenFile, `${service.token}\n`, { mode: 0o600 });
  const load = () =>
    loadHostProviders([provider], {
      instance,
      host: 'host-1',
      runDir: stateDir,
      stateDir,
      logger: quietLogger,
      ...(machineUid === undefined ? {} : { machineUid }),
    });
  const world: AgentWorld = {
    service,
    stateDir,
    tokenFile,
    providers: await load(),
    reload: async () => {
      world.providers = await load();
    },
    client: () =>
      createSouthboundClient({
        url: service.url,
        tokenFile: new TokenFile(tokenFile),
        deadlineMilliseconds: 1000,
      }),
    breakWiring: async (key) => {
      for (const provider of world.providers.values()) {
        const found = (await provider.list()).find(({ vnicId }) => vnicId === key.vnicId);
        if (found !== undefined) await provider.remove(found, new AbortController().signal);
      }
    },
    close: async () => {
      await service.close();
      rmSync(stateDir, { recursive: true, force: true });
      if (service.departures.length > 0) throw new Error(service.departures.join('; '));
    },
  };
  return world;
}
