import { expect, test } from 'vitest';
import { holdOf, newRecord, withHold, withState, type Attachment } from './record.ts';
import { pendingReport } from './reporting.ts';

const key = { projectId: 'a-project', vnicId: 'a-vnic' };
const attachment: Attachment = {
  ...key,
  portId: 'a-port',
  networkId: 'a-network',
  macAddress: '02:00:00:00:00:01',
  generation: 1,
  epoch: 1,
  adminState: 'up',
  fixedIps: [],
  provider: 'simulated',
  wiring: { version: 1, document: {} },
  revision: 3,
};
const hold = (revision: number) =>
  holdOf(
    {
      ...key,
      id: 'a-binding',
      generation: 1,
      epoch: 1,
      placement: 1,
      desired: 'present',
      status: 'building',
      revision: 1,
    },
    { ...attachment, revision },
  );
const held = withHold(newRecord(key, { kind: 'remove', placement: 1 }), hold(3));
const record = {
  ...held,
  order: { kind: 'ensure', placement: 1, macAddress: attachment.macAddress, device: { kind: 'none' } },
} as const;
const active = withState(record, { status: 'active', provenRevision: 3 });

test('a report names the revision that was proven, even when a newer one is known already', () => {
  expect(pendingReport(active)).toEqual({ status: 'active', generation: 1, epoch: 1, revision: 3 });
  expect(pendingReport(withHold(active, hold(4)))).toMatchObject({ status: 'active', revision: 3 });
});

test('what failed proves no revision, neither of now nor of before', () => {
  const failed = withState(active, { status: 'error', problem: { code: 'wiring-failed', detail: 'full' } });
  expect(failed.provenRevision).toBeUndefined();
  expect(pendingReport(failed)).toEqual({
    status: 'error',
    generation: 1,
    epoch: 1,
    statusReason: 'wiring-failed: full',
  });
});
