import { existsSync, lstatSync, rmSync } from 'node:fs';
import { purge } from '@patchpanel/agent-core';
import type { Logger } from '@patchpanel/service-kit';
import type { Settings } from './config.ts';
import { loadProviders, lockState, providerFolder } from './daemon.ts';

/**
 * `network-agent purge`: removes every kernel object of this instance, and the journal. For hosts that retire, and for
 * what a killed development stack left. Refuses while an agent runs on the same state. It may run as another user than
 * the agent: it leaves no folder behind that the agent could not use afterwards.
 */
export async function purgeHost(settings: Settings, logger: Logger): Promise<void> {
  const { stateDir, runDir, socket } = settings;
  const made = [stateDir, runDir].filter((folder) => !existsSync(folder));
  const unlock = lockState(stateDir);
  try {
    const providers = await loadProviders(settings, logger);
    const removed = await purge({ stateDir, providers, logger });
    rmSync(providerFolder(stateDir), { recursive: true, force: true });
    if (lstatSync(socket, { throwIfNoEntry: false })?.isSocket()) rmSync(socket);
    logger.info({ removed: removed.map(({ kind, name }) => `${kind} ${name}`) }, 'purged');
  } finally {
    unlock();
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  }
}
