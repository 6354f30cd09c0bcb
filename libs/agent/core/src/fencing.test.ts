import { expect, test } from 'vitest';
import type { EnsureItem } from '@patchpanel/contract-agent';
import { judgeEnsure, judgeRemove } from './fencing.ts';
import { newRecord, type WiringRecord } from './record.ts';
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
