import { expect, test } from 'vitest';
import type { EnsureItem } from '@patchpanel/contract-agent';
import { isFromBeforeRestore, isNewerPlug, isPluggedAnew, judgeEnsure, judgeRemove } from './fencing.ts';
import { newRecord, withHold, type Attachment, type WiringRecord } from './record.ts';
import { newItem } from './testing/items.ts';

const item = newItem(5, { kind: 'namespace', pid: 100, startTime: '7', interfaceName: 'eth0' });
const { projectId, vnicId } = item;
const identity = { projectId, vnicId, portId: 'p', networkId: 'n', epoch: 1, generation: 1, placement: 5 };
const known: WiringRecord = {
  ...newRecord(item, { kind: 'ensure', placement: 5, macAddress: item.macAddress, device: item.device }),
  wired: { provider: 'flat', identity },
  status: 'active',
};
const removed: WiringRecord = { ...newRecord(item, { kind: 'remove', placement: 5 }), status: 'removed' };
const otherDevice: EnsureItem = {
  ...item,
  device: { kind: 'namespace', pid: 200, startTime: '9', interfaceName: 'eth0' },
};
const refused: WiringRecord = { ...known, status: 'error', problem: { code: 'device-refused', detail: '' } };

test.each([
  ['nothing known', undefined, item, false, 'follow'],
  ['newer', known, { ...item, placement: 6 }, false, 'follow'],
  ['newer, other device', known, { ...otherDevice, placement: 6 }, false, 'follow'],
  ['the same', known, item, false, 'repeat'],
  ['older', known, { ...item, placement: 4 }, false, 'stale-placement'],
  ['older, after a removal', removed, { ...item, placement: 4 }, false, 'stale-placement'],
  ['the same placement, after a removal', removed, otherDevice, false, 'follow'],
  ['another device that is there', known, otherDevice, false, 'device-refused'],
  ['another device, the old one gone', known, otherDevice, true, 'follow'],
  ['another device, the old one was refused', refused, otherDevice, false, 'follow'],
  ['another MAC address', known, { ...item, macAddress: '02:00:00:00:00:01' }, true, 'mac-mismatch'],
] as const)('ensure: %s', (_name, record, asked, isGone, expected) => {
  const verdict = judgeEnsure(record, asked, () => isGone);
  expect(verdict.kind === 'refuse' ? verdict.problem.code : verdict.kind).toBe(expected);
});

test('placements of compute’s whole service are told apart up to the greatest that JSON carries exactly', () => {
  const epoch = (count: number) => (count - 1) * 2 ** 32;
  for (const placement of [17, epoch(2) + 1, epoch(1_000) + 2 ** 32 - 1, Number.MAX_SAFE_INTEGER - 1]) {
    const ordered = { ...known, order: { ...known.order, placement } };
    const verdict = (asked: number) => {
      const found = judgeEnsure(ordered, { ...otherDevice, placement: asked }, () => false);
      return found.kind === 'refuse' ? found.problem.code : found.kind;
    };
    expect([verdict(placement - 1), verdict(placement), verdict(placement + 1)]).toEqual([
      'stale-placement',
      'device-refused',
      'follow',
    ]);
    expect(judgeRemove(ordered, placement - 1)).toBe('stale');
    expect(judgeRemove(ordered, placement + 1)).toBe('follow');
  }
});

test.each([
  [undefined, 1, 'follow'],
  [known, 4, 'stale'],
  [known, 5, 'follow'],
  [known, 6, 'follow'],
  [removed, 4, 'stale'],
] as const)('remove: %#', (record, placement, expected) => {
  expect(judgeRemove(record, placement)).toBe(expected);
});

const attachment = (change: Partial<Attachment>): Attachment => ({
  projectId,
  vnicId,
  portId: 'p',
  networkId: 'n',
  macAddress: item.macAddress,
  epoch: 1,
  generation: 5,
  adminState: 'up',
  fixedIps: [{ ipAddress: '10.0.0.5', prefixLength: 24 }],
  provider: 'flat',
  wiring: { version: 1, document: {} },
  revision: 7,
  ...change,
});
const other = { fixedIps: [{ ipAddress: '10.0.0.6', prefixLength: 24 }] };
const held = withHold(known, {
  bindingId: 'b',
  placement: 5,
  revision: 1,
  attachment: attachment({}),
  reported: 'active',
  told: {},
});
const { hold: _hold, ...unheld } = held;
const lost: WiringRecord = { ...unheld, isLost: true };
const strandedAt = (told: Partial<Attachment>): WiringRecord => ({
  ...held,
  stranded: {
    epoch: 2,
    told: { bindingId: 'old', placement: 5, attachment: attachment({ epoch: 2, ...told }) },
  },
});

test.each<[string, WiringRecord, Partial<Attachment>, boolean]>([
  ['in the same epoch nothing is from before', held, { generation: 4, ...other }, false],
  ['a newer plug', held, { epoch: 2, generation: 6, ...other }, false],
  ['the same plug with the same wiring', held, { epoch: 2, revision: 3 }, false],
  ['an older plug', held, { epoch: 2, generation: 4, ...other }, true],
  ['an older plug that asks for the very same wiring', held, { epoch: 2, generation: 4 }, false],
  ['the same plug with an older wiring', held, { epoch: 2, revision: 6, ...other }, true],
  ['the same plug with a newer wiring', held, { epoch: 2, revision: 8, ...other }, false],
  ['the same number for another port: a plug of after', held, { epoch: 2, portId: 'q', revision: 1 }, false],
  ['what was lost since', lost, { epoch: 2 }, true],
  ['what was lost since, plugged anew', lost, { epoch: 2, generation: 6 }, false],
  [
    'the restored word again, with a higher revision',
    strandedAt(other),
    { epoch: 2, revision: 9, ...other },
    true,
  ],
  [
    'a change of the port after the restore, at a low revision',
    strandedAt({ revision: 3, ...other }),
    { epoch: 2, revision: 4, fixedIps: [] },
    false,
  ],
  [
    'a plug after the restore, counted from the older one',
    strandedAt({ generation: 3 }),
    { epoch: 2, generation: 4, ...other },
    false,
  ],
  ['the older plug again', strandedAt({ generation: 3 }), { epoch: 2, generation: 3, ...other }, true],
])('is it from before the restore? %s', (_name, record, told, expected) => {
  expect(isFromBeforeRestore(record, attachment(told))).toBe(expected);
});

test.each([
  [1, 6, true],
  [1, 5, false],
  [2, 5, false],
  [2, 4, false],
  [2, 6, true],
  [0, 6, false],
] as const)(
  'epoch %i, generation %i is newer than epoch 1, generation 5: %s',
  (epoch, generation, expected) => {
    expect(isNewerPlug({ epoch, generation }, { epoch: 1, generation: 5 })).toBe(expected);
    expect(isPluggedAnew(held, attachment({ epoch, generation }))).toBe(expected);
  },
);
