/**
 * The network agent of a host.
 *
 *     network-agent [--config FILE]         serves compute-host on the socket until it is told to stop; wiring stays
 *     network-agent purge [--config FILE]   removes every kernel object of this instance, and the journal
 */
import { TokenFileError } from '@patchpanel/agent-core';
import { createLifetime, createLogger } from '@patchpanel/service-kit';
import { readSettings } from './config.ts';
import { startDaemon } from './daemon.ts';
import { purgeHost } from './purge-host.ts';

const isPurge = process.argv[2] === 'purge';
const settings = readSettings(process.argv.slice(isPurge ? 3 : 2));
const logger = createLogger({ name: 'network-agent', level: settings.logLevel });

async function run(): Promise<void> {
  if (isPurge) return purgeHost(settings, logger);
  const lifetime = createLifetime(logger);
  const daemon = await startDaemon({ settings, logger, stopping: lifetime.stopping });
  lifetime.onStop('daemon', () => daemon.close());
  logger.info({ socket: daemon.socket }, 'listening');
}

try {
  await run();
} catch (error) {
  logger.fatal({ err: error }, isPurge ? 'the purge failed' : 'the agent can not start');
  process.stderr.write(`network-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  // 2: the operator has to mend something, as with any other mistake in the configuration.
  process.exit(error instanceof TokenFileError ? 2 : 1);
}
