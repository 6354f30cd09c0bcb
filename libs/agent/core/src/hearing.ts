import type { WiringProblem } from '@patchpanel/contract-agent';
import { compareTold, isFromBeforeRestore, isNewerPlug, isOutdated } from './fencing.ts';
import {
  holdOf,
  isSameContent,
  withHold,
  withoutHold,
  withRelease,
  withState,
  type Attachment,
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
  if (told.epoch < (record.stranded?.epoch ?? 0)) return undefined;
  const isHeld = hold?.bindingId === told.id;
  if (isHeld && compareTold(hold, told) < 0) return undefined;
  const release = { bindingId: told.id, placement: told.placement };
  if (record.order.kind === 'remove') return isHeld ? undefined : withRelease(record, release);
  if (told.desired === 'absent' || told.attachment === undefined) {
    if (isHeld) return unplugged(withoutHold(withoutStranding(record)));
    return withRelease(record.stranded?.told?.bindingId === told.id ? notTold(record) : record, release);
  }
  if (isOutdated(record.newest, told.attachment)) return undefined;
  if (isFromBeforeRestore(record, told.attachment)) return strandedBy(record, told, told.attachment);
  if (told.attachment.macAddress !== record.order.macAddress) {
    return refused(withRelease(withoutHold(record), release), macMismatch);
  }
  // One of two of the same plug is from before: the one that is held was claimed by this agent itself.
  const isFromBefore = !isHeld && hold !== undefined && !isNewerPlug(told.attachment, hold.attachment);
  return isFromBefore ? withRelease(record, release) : withHold(record, holdOf(told, told.attachment));
}

/**
 * Takes over that a binding is not there any more, as the service said in an epoch. In the epoch in which it was made it has ended;
 * in a newer one the service may only have forgotten it: then what is wired stays. Undefined when nothing changes.
 */
export function gone(record: WiringRecord, bindingId: string, epoch: number): WiringRecord | undefined {
  const toRelease = record.toRelease.filter((release) => release.bindingId !== bindingId);
  const isNamed = toRelease.length < record.toRelease.length;
  if (record.hold?.bindingId === bindingId && record.order.kind === 'ensure') {
    if (epoch > record.hold.attachment.epoch) return forgotten(record, epoch);
  } else if (record.stranded?.told?.bindingId === bindingId) {
    return { ...notTold(record), toRelease };
  }
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

/** The record of something that the service has forgotten by a restore; undefined when that is noted already. */
export function forgotten(record: WiringRecord, epoch: number): WiringRecord | undefined {
  return (record.stranded?.epoch ?? 0) >= epoch ? undefined : { ...record, stranded: { epoch } };
}

/**
 * The record when the service, after a restore, tells of something that is older than what is here: what is wired stays. What is
 * not wired, because it was taken away after the backup, is not wired again. Undefined when that is noted already.
 */
export function strandedBy(
  record: WiringRecord,
  told: Pick<KnownBinding, 'id' | 'placement' | 'epoch'>,
  attachment: Attachment,
): WiringRecord | undefined {
  const before = record.stranded?.told;
  const isKnown =
    before !== undefined &&
    before.bindingId === told.id &&
    before.attachment.epoch === attachment.epoch &&
    before.attachment.generation === attachment.generation &&
    isSameContent(before.attachment, attachment);
  if (isKnown) return undefined;
  const { id: bindingId, placement, epoch } = told;
  const next: WiringRecord = { ...record, stranded: { epoch, told: { bindingId, placement, attachment } } };
  return record.hold === undefined ? refused(next, restoredProblem(next)) : next;
}

/** Why what the service tells is not realised. */
export function restoredProblem({ newest, stranded }: WiringRecord): WiringProblem {
  const told = stranded?.told?.attachment;
  return {
    code: 'stale-generation',
    detail:
      `This host has realised generation ${newest?.generation ?? 0} of the vNIC; the network service was restored to ` +
      `generation ${told?.generation ?? 0}, or to an older state of it. What is wired is left as it is. Plug the vNIC in again.`,
  };
}

function withoutStranding(record: WiringRecord): WiringRecord {
  const { stranded: _stranded, ...rest } = record;
  return rest;
}

function notTold(record: WiringRecord): WiringRecord {
  return record.stranded === undefined ? record : { ...record, stranded: { epoch: record.stranded.epoch } };
}
