import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostProvider, Leftover } from '@patchpanel/provider';
import { journalFolder } from './local-network-agent.ts';

/**
 * Removes every kernel object of this agent instance, whatever wiring it belongs to, and then the journal. For a host that
 * retires: machines that still run lose their network. The network service is not told: the bindings end by take-over or by force.
 * No agent may be running on the state folder.
 */
export async function purge(options: {
  readonly stateDir: string;
  readonly providers: ReadonlyMap<string, HostProvider>;
}): Promise<Leftover[]> {
  const removed: Leftover[] = [];
  for (const provider of options.providers.values())
    removed.push(...(await provider.gc([], { dryRun: false })));
  // With its folder: whoever purges may be another user than the agent, which makes its own again.
  await rm(join(options.stateDir, journalFolder), { recursive: true, force: true });
  return removed;
}
