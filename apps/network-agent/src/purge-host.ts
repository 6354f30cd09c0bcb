import { lstatSync, rmSync } from 'node:fs';
import { purge } from '@patchpanel/agent-core';
import type { Logger } from '@patchpanel/service-kit';
import type { Settings } from './config.ts';
import { loadProviders, lockState } from './daemon.ts';

/**
 * `network-agent purge`: removes every kernel object of this instance, and the journal. For hosts that retire, and for
 * what a killed development stack left. Refuses while an agent runs on the same state.
 */
export async function purgeHost(settings: Settings, logger: Logger): Promise<void> {
  const unlock = lockState(settings.stateDir);
  try {
    const providers = await loadProviders(settings, logger);
    const removed = await purge({ stateDir: settings.stateDir, providers, logger });
    if (lstatSync(settings.socket, { throwIfNoEntry: false })?.isSocket()) rmSync(settings.socket);
    logger.info({ removed: removed.map(({ kind, name }) => `${kind} ${name}`) }, 'purged');
  } finally {
    unlock();
  }
}
