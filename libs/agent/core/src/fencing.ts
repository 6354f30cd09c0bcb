import type { EnsureItem, WiringProblem } from '@patchpanel/contract-agent';
import {
  isSameContent,
  isSameDevice,
  type Attachment,
  type KnownBinding,
  type WiringRecord,
} from './record.ts';

/** What to do with an instruction: follow it, or say why not. */
export type Verdict =
  | { readonly kind: 'follow' }
  /** The same as before: nothing is to be noted. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refuse'; readonly problem: WiringProblem };

/**
 * Judges what compute asks against what it asked before. A newer placement is followed, an older one refused. The same
 * placement names one device and one MAC address; only a device whose process is gone may be replaced within it. After
 * `remove`, or when nothing came of it, the same placement may be asked for again with another device.
 * @param isGone whether the device that the present order names is gone
 */
export function judgeEnsure(
  record: WiringRecord | undefined,
  item: EnsureItem,
  isGone: (device: EnsureItem['device']) => boolean,
): Verdict {
  const before = record?.order;
  if (before === undefined || item.placement > before.placement) return { kind: 'follow' };
  if (item.placement < before.placement) {
    return refuse(
      'stale-placement',
      `Placement ${item.placement} is older than ${before.placement}, which is known here. Nothing was changed.`,
    );
  }
  if (before.kind === 'remove') return { kind: 'follow' };
  const isSame = before.macAddress === item.macAddress && isSameDevice(before.device, item.device);
  if (isSame) return { kind: 'repeat' };
  if (wasNeverThere(record)) return { kind: 'follow' };
  if (before.macAddress !== item.macAddress) {
    return refuse(
      'mac-mismatch',
      `Placement ${item.placement} was asked for with MAC address ${before.macAddress}. Raise the placement to change it.`,
    );
  }
  if (isGone(before.device)) return { kind: 'follow' };
  return refuse(
    'device-refused',
    `Placement ${item.placement} is wired to another device, which is still there. Raise the placement to move it.`,
  );
}

/** What was never bound nor wired, or was refused for its device, holds no device that another could contend for. */
function wasNeverThere(record: WiringRecord | undefined): boolean {
  const code = record?.problem?.code;
  if (code === 'device-refused' || code === 'device-missing') return true;
  return record?.hold === undefined && record?.wired === undefined;
}

/** Whether a removal is to be followed: not when a newer placement is known. */
export function judgeRemove(record: WiringRecord | undefined, placement: number): 'follow' | 'stale' {
  return record !== undefined && placement < record.order.placement ? 'stale' : 'follow';
}

/**
 * Compares what the network service says of a binding with what is known of it: negative when it is older (told out of
 * order, or by a database that was restored), 0 when nothing is new, positive otherwise.
 */
export function compareTold(
  known: { readonly revision: number; readonly attachment: Attachment },
  told: KnownBinding,
): number {
  const attachment = told.attachment ?? { epoch: told.epoch, generation: told.generation, revision: 0 };
  return (
    attachment.epoch - known.attachment.epoch ||
    attachment.generation - known.attachment.generation ||
    told.revision - known.revision ||
    (told.attachment === undefined ? 1 : attachment.revision - known.attachment.revision)
  );
}

/** A plug's place in the order of all plugs of its vNIC. */
interface Plug {
  readonly epoch: number;
  readonly generation: number;
}

/**
 * True when the attachment is certainly older than the newest that was ever realised here. One of a newer epoch is not: whether the
 * service forgot something is for `isFromBeforeRestore` to say.
 */
export function isOutdated(newest: WiringRecord['newest'], attachment: Attachment): boolean {
  if (newest === undefined) return false;
  return (attachment.epoch - newest.epoch || attachment.generation - newest.generation) < 0;
}

/**
 * Whether the first was certainly plugged after the second. Generations count on through a restore, and the service raises them to
 * what hosts have seen; so in a newer epoch only a higher one is of a plug that was made after.
 */
export function isNewerPlug(one: Plug, other: Plug): boolean {
  if (one.epoch === other.epoch) return one.generation > other.generation;
  return one.epoch > other.epoch && one.generation > other.generation;
}

/** Whether the vNIC was plugged anew since what is known here, be it since the restore that made the service forget it. */
export function isPluggedAnew({ newest, stranded }: WiringRecord, attachment: Attachment): boolean {
  if (newest === undefined || isNewerPlug(attachment, newest)) return true;
  const told = stranded?.told?.attachment;
  return told !== undefined && attachment.epoch >= told.epoch && attachment.generation > told.generation;
}

/**
 * Whether what the service tells in a newer epoch is from before what this host has realised, or has had taken away: then its
 * database was restored from a backup, and what it tells is not to be realised.
 *
 * A higher generation is a newer plug. A lower one is older, unless it asks for the very wiring that is there. The same one is the
 * same plug: to be taken on as long as it asks for the same wiring; otherwise its port was changed before the restore (then the
 * content that is told is what was told first, at no higher revision), or after it.
 */
export function isFromBeforeRestore(record: WiringRecord, attachment: Attachment): boolean {
  const { newest, hold, isLost } = record;
  if (newest === undefined || attachment.epoch <= newest.epoch) return false;
  if (isPluggedAnew(record, attachment)) return false;
  if (hold === undefined) return isLost === true || attachment.generation < newest.generation;
  if (isSameContent(hold.attachment, attachment)) return false;
  if (attachment.generation < newest.generation) return true;
  // No two plugs of one history have the same generation.
  if (attachment.portId !== hold.attachment.portId) return false;
  const told = record.stranded?.told?.attachment;
  if (told !== undefined) return isSameContent(told, attachment);
  return attachment.revision <= hold.attachment.revision;
}

function refuse(code: WiringProblem['code'], detail: string): Verdict {
  return { kind: 'refuse', problem: { code, detail } };
}
