import { randomUUID } from 'node:crypto';
import type { Device, EnsureItem, VnicKey } from '@patchpanel/contract-agent';

let count = 0;

/** A vNIC of its own, asked for with a device that is nothing. */
export function newItem(placement = 1, device: Device = { kind: 'none' }): EnsureItem {
  count += 1;
  const hex = (byte: number) => (byte & 255).toString(16).padStart(2, '0');
  const macAddress = `02:00:5e:00:${hex(count >> 8)}:${hex(count)}`;
  return { projectId: randomUUID(), vnicId: randomUUID(), macAddress, placement, device };
}

export function keyOf({ projectId, vnicId }: VnicKey): VnicKey {
  return { projectId, vnicId };
}
