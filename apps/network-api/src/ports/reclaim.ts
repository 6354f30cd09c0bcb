import { inTransaction } from '@patchpanel/service-kit';
import { takeOut } from '../attachments/unplug.ts';
import { lockExpired } from '../leases/store.ts';
import type { Parts } from '../parts.ts';
import { lockQuotas } from '../quotas/store.ts';
import { lockSubnetsOfPorts, removePorts } from './deletion.ts';
import { findPorts } from './store.ts';

/**
 * Deletes those of the ports whose leases have run out, and unplugs what is in them; says how many there were. Whether a lease has
 * run out is decided under the port's lock. A port whose addresses have changed since its subnets were locked is left for later.
 */
export function reclaimPorts(
  parts: Parts,
  candidates: readonly { readonly id: string; readonly project_id: string }[],
): Promise<number> {
  return inTransaction(parts.database, async (trx) => {
    await lockQuotas(trx, 'ports', new Set(candidates.map((port) => port.project_id)));
    const seen = await findPorts(
      trx,
      candidates.map(({ id }) => id),
    );
    const sources = await lockSubnetsOfPorts(trx, seen.values());
    const expired = await findPorts(
      trx,
      await lockExpired(
        trx,
        candidates.map(({ id }) => id),
      ),
    );
    const ports = [...expired.values()].filter((port) =>
      port.fixed_ips.every(({ subnetId }) => sources.has(subnetId)),
    );
    const told = await takeOut(
      trx,
      ports.filter((port) => port.vnic_id !== null),
    );
    const unplugged = await findPorts(
      trx,
      ports.map(({ id }) => id),
    );
    await removePorts(parts, trx, [...unplugged.values()], sources, told);
    return unplugged.size;
  });
}
