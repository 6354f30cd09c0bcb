import type { WiringProblem } from '@patchpanel/contract-agent';
import { compareTold, isNewerPlug, isOutdated } from './fencing.ts';
import {
  holdOf,
  withHold,
  withoutHold,
  withRelease,
  withState,
  type KnownBinding,
  type WiringRecord,
} from './record.ts';

export const notPlugged: WiringProblem = {
  code: 'attachment-not-found',
  detail: 'The vNIC is plugged into nothing (any more). Plug it into a port.',
};

export const macMismatch: WiringProblem = {
  code: 'mac-mismatch',
  detail: 'The vNIC was plugged with another MAC address. Unplug it and plug it in again with its own.',
};

/**
 * Takes over what the network service says of a binding, where it is news.
 * @returns the record to converge, or undefined when nothing changes
 */
export function heard(record: WiringRecord, told: KnownBinding): WiringRecord | undefined {
  const { hold } = record;
  const isHeld = hold?.bindingId === told.id;
  if (isHeld && compareTold(hold, told) < 0) return undefined;
  const release = { bindingId: told.id, placement: told.placement };
  if (record.order.kind === 'remove') return isHeld ? undefined : withRelease(record, release);
  if (told.desired === 'absent' || told.attachment === undefined) {
    return isHeld ? unplugged(withoutHold(record)) : withRelease(record, release);
  }
  if (isOutdated(record.newest, told.attachment)) return undefined;
  if (told.attachment.macAddress !== record.order.macAddress) {
    return refused(withRelease(withoutHold(record), release), macMismatch);
  }
  // One of two of the same plug is from before: the one that is held was claimed by this agent itself.
  const isFromBefore = !isHeld && hold !== undefined && !isNewerPlug(told.attachment, hold.attachment);
  return isFromBefore ? withRelease(record, release) : withHold(record, holdOf(told, told.attachment));
}

/** Takes over that a binding is not there any more. Undefined when nothing changes. */
export function gone(record: WiringRecord, bindingId: string): WiringRecord | undefined {
  const toRelease = record.toRelease.filter((release) => release.bindingId !== bindingId);
  const isNamed = toRelease.length < record.toRelease.length;
  if (record.hold?.bindingId !== bindingId) return isNamed ? { ...record, toRelease } : undefined;
  const { hold: _hold, ...unbound } = record;
  return unplugged({ ...unbound, toRelease });
}

/** The record with a problem. */
export function refused(record: WiringRecord, { code, detail }: WiringProblem): WiringRecord {
  return withState(record, { status: 'error', problem: { code, detail: detail.slice(0, 1000) } });
}

function unplugged(record: WiringRecord): WiringRecord {
  return record.order.kind === 'remove' ? record : refused({ ...record, isLost: true }, notPlugged);
}
