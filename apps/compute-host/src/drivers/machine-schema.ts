import { z } from 'zod';
import type { Machine } from './driver.ts';
import { DriverError } from './driver-error.ts';

/** {@link Machine} as drivers keep it in their records. */
export const machineSchema = z.object({
  instanceId: z.string(),
  projectId: z.string(),
  name: z.string(),
  placement: z.number(),
  vnics: z.array(z.object({ vnicId: z.string(), macAddress: z.string() })),
});

/**
 * Refuses an instance id that could not be a file name, before it becomes one.
 * @throws DriverError `invalid-machine`
 */
export function assertUsableInstanceId(instanceId: string): void {
  if (!/^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/.test(instanceId)) {
    throw new DriverError(
      'invalid-machine',
      `"${instanceId}" is no instance id: letters, digits and hyphens only`,
    );
  }
}

/**
 * Which of two lives of an instance the caller speaks of.
 * @throws DriverError `stale-placement` when the one on record is the newer.
 */
export function assertNotStale(wanted: Machine, recorded: Machine | undefined): void {
  if (recorded !== undefined && wanted.placement < recorded.placement) {
    throw new DriverError(
      'stale-placement',
      `placement ${wanted.placement} is older than ${recorded.placement}, which is on record`,
    );
  }
}
