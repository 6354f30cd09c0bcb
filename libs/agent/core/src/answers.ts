import type { EnsureItem, VnicKey, Wiring, WiringResult } from '@patchpanel/contract-agent';
import type { Difference } from '@patchpanel/provider';
import type { WiringRecord } from './record.ts';

/** A record in the words of the agent API's list. */
export function wiringOf(record: WiringRecord): Wiring {
  const { projectId, vnicId, order, hold, status, deviceName, problem } = record;
  return {
    projectId,
    vnicId,
    placement: order.placement,
    generation: hold?.attachment.generation ?? 0,
    status,
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** A record as the result of an item. */
export function resultOf(record: WiringRecord): WiringResult {
  const { projectId, vnicId, status, deviceName, mtu, problem } = record;
  return {
    projectId,
    vnicId,
    status,
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** A difference as a sentence. */
export function inWords({ object, field, desired, actual }: Difference): string {
  return `${object}: ${field} is ${actual}, not ${desired}`.slice(0, 500);
}

/** A key in the one spelling that is compared. */
export function canonicalKey<Key extends VnicKey>(key: Key): Key {
  return { ...key, projectId: key.projectId.toLowerCase(), vnicId: key.vnicId.toLowerCase() };
}

/** An item in the one spelling that is compared. */
export function canonicalItem(item: EnsureItem): EnsureItem {
  return { ...canonicalKey(item), macAddress: item.macAddress.toLowerCase() };
}
