import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { MachineDriver } from './drivers/driver.ts';
import { openNetnsDriver } from './drivers/netns/netns-driver.ts';
import { openSimulatedDriver } from './drivers/simulated/simulated-driver.ts';

type DriverConfig = Pick<Config, 'stateDir' | 'simulated'>;

/** Every driver there is, by the name that configuration gives it. */
const drivers: Record<Config['driver'], (config: DriverConfig, log: Logger) => Promise<MachineDriver>> = {
  netns: ({ stateDir }, log) => openNetnsDriver({ stateDir, warn: warnTo(log) }),
  simulated: ({ stateDir, simulated }, log) =>
    openSimulatedDriver({ ...simulated, stateDir, warn: warnTo(log) }),
};

export function openDriver(
  config: DriverConfig & Pick<Config, 'driver'>,
  log: Logger,
): Promise<MachineDriver> {
  return drivers[config.driver](config, log);
}

function warnTo(log: Logger) {
  return (message: string, facts: Readonly<Record<string, unknown>>) => log.warn(facts, message);
}
