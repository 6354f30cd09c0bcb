import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostProvider, Leftover, ProviderLogger } from '@patchpanel/provider';
import { Journal } from './journal.ts';
import { journalFolder } from './local-network-agent.ts';

const removalMilliseconds = 20_000;

/**
 * Removes every kernel object of this agent instance, whatever wiring it belongs to, and then the journal. For a host that
 * retires: machines that still run lose their network. The network service is not told: the bindings end by take-over or by force.
 * No agent may be running on the state folder.
 */
export async function purge(options: {
  readonly stateDir: string;
  readonly providers: ReadonlyMap<string, HostProvider>;
  readonly logger: ProviderLogger;
}): Promise<Leftover[]> {
  const { stateDir, providers, logger } = options;
  const folder = join(stateDir, journalFolder);
  const removed: Leftover[] = [];
  for (const provider of providers.values()) removed.push(...(await provider.gc([], { dryRun: false })));
  // What a crash left half made bears no label yet: only the journal knows that it is this agent's.
  for (const { wired } of Journal.open(folder, logger).all()) {
    if (wired === undefined) continue;
    await providers.get(wired.provider)?.remove(wired.identity, AbortSignal.timeout(removalMilliseconds));
  }
  // With its folder: whoever purges may be another user than the agent, which makes its own again.
  await rm(folder, { recursive: true, force: true });
  return removed;
}
