import type { EnsureItem, WiringProblem } from '@patchpanel/contract-agent';
import { isSameDevice, type Attachment, type KnownBinding, type WiringRecord } from './record.ts';

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

/** True when the attachment is older than the newest that was ever realised here. */
export function isOutdated(newest: WiringRecord['newest'], attachment: Attachment): boolean {
  return newest !== undefined && isNewerPlug(newest, attachment);
}

/** Whether the first was plugged after the second. */
export function isNewerPlug(
  one: { readonly epoch: number; readonly generation: number },
  other: { readonly epoch: number; readonly generation: number },
): boolean {
  return (one.epoch - other.epoch || one.generation - other.generation) > 0;
}

function refuse(code: WiringProblem['code'], detail: string): Verdict {
  return { kind: 'refuse', problem: { code, detail } };
}
