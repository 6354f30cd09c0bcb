import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, JournalFullError } from './journal.ts';
import { newRecord, type WiringRecord } from './record.ts';
import { quietLogger } from './testing/agent-world.ts';
import { newItem } from './testing/items.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (now?: () => Date) => Journal.open(folder, quietLogger, now === undefined ? {} : { now });

function record(): WiringRecord {
  const { placement, macAddress, device, ...key } = newItem();
  return newRecord(key, { kind: 'ensure', placement, macAddress, device });
}

test('what was put is there for the next process', async () => {
  const [one, two] = [record(), record()];
  const journal = open();
  await journal.put(one);
  await journal.put(two, { isDurable: false });
  const again = open();
  expect(again.get(one)).toMatchObject({ order: one.order });
  expect(
    again
      .all()
      .map(({ vnicId }) => vnicId)
      .sort(),
  ).toEqual([one.vnicId, two.vnicId].sort());
});

test('files are readable by their owner alone', async () => {
  await open().put(record());
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
});

test('a write that a crash cut short leaves the old record', async () => {
  const known = record();
  await open().put(known);
  const [name = ''] = readdirSync(folder);
  writeFileSync(join(folder, `${name}.new`), '{"format": 1, "order":');
  expect(open().get(known)).toMatchObject({ order: known.order });
  expect(readdirSync(folder)).toEqual([name]);
});

test('a record that can not be read is put aside, and the others are kept', async () => {
  const [good, bad] = [record(), record()];
  const journal = open();
  await journal.put(bad);
  const [name = ''] = readdirSync(folder);
  await journal.put(good);
  writeFileSync(join(folder, name), 'not a record');
  const again = open();
  expect(again.get(bad)).toBeUndefined();
  expect(again.get(good)).toBeDefined();
  expect(readdirSync(folder)).toContain(`${name}.unreadable`);
});

test('a record that can not be read from the disk stops the start and stays where it is', async () => {
  await open().put(record());
  const [name = ''] = readdirSync(folder);
  rmSync(join(folder, name));
  mkdirSync(join(folder, name)); // reading it fails with EISDIR, as a bad disk does with EIO
  expect(() => open()).toThrow(/EISDIR/);
  expect(readdirSync(folder)).toEqual([name]);
});

test('a record that says nothing new is not written again', async () => {
  const known = record();
  const journal = open();
  await journal.put(known);
  const [name = ''] = readdirSync(folder);
  const before = statSync(join(folder, name)).ino;
  await journal.put({ ...known });
  expect(statSync(join(folder, name)).ino).toBe(before);
  await journal.put({ ...known, status: 'active' });
  expect(readFileSync(join(folder, name), 'utf8')).toContain('active');
});

test('an id can name no file outside the folder', async () => {
  const journal = open();
  await journal.put({ ...record(), vnicId: '../../../etc/passwd' });
  expect(readdirSync(folder)).toHaveLength(1);
});

test('fences are kept for a day, and records of what is wanted for ever', async () => {
  let now = new Date('2026-11-01T12:00:00.000Z');
  const journal = open(() => now);
  const wanted = record();
  const removed: WiringRecord = { ...record(), order: { kind: 'remove', placement: 3 }, status: 'removed' };
  const owed: WiringRecord = {
    ...removed,
    vnicId: record().vnicId,
    toRelease: [{ bindingId: 'b', placement: 3 }],
  };
  for (const one of [wanted, removed, owed]) await journal.put(one);
  now = new Date('2026-11-02T11:59:00.000Z');
  journal.forgetOldFences();
  expect(journal.all()).toHaveLength(3);
  now = new Date('2026-11-02T12:01:00.000Z');
  journal.forgetOldFences();
  expect(journal.get(removed)).toBeUndefined();
  expect(open().all()).toHaveLength(2);
});

test('a full journal forgets fences of a quarter of an hour to make room, and no younger ones', async () => {
  let now = new Date('2026-11-01T12:00:00.000Z');
  const journal = Journal.open(folder, quietLogger, { now: () => now, mostRecords: 2 });
  const [wanted, next] = [record(), record()];
  const removed: WiringRecord = { ...record(), order: { kind: 'remove', placement: 3 }, status: 'removed' };
  const put = (one: WiringRecord) => journal.withRoom(one, () => journal.put(one));
  await put(wanted);
  await put(removed);
  await expect(put(next)).rejects.toThrow(JournalFullError);
  await put({ ...wanted, status: 'active' });
  now = new Date('2026-11-01T12:16:00.000Z');
  await put(next);
  expect(journal.get(removed)).toBeUndefined();
  expect(journal.all()).toHaveLength(2);
});
