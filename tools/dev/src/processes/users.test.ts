import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usersWithProcesses } from './process-identity.ts';
import { chooseUsers, notedUsers } from './users.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-users-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string) => join(folder, name);

test('two stacks on a machine have different users, and each has the same ones the next time', async () => {
  const one = await chooseUsers(file('one'));
  const two = await chooseUsers(file('two'));
  expect(new Set([...Object.values(one.users), ...Object.values(two.users)]).size).toBe(8);
  expect(notedUsers(file('two'))).toEqual(two.users);
  await one.release();
  await two.release();
  const again = await chooseUsers(file('two'));
  expect(again.users).toEqual(two.users);
  await again.release();
});

test('a stack whose users another has taken meanwhile gets others', async () => {
  const one = await chooseUsers(file('one'));
  writeFileSync(file('two'), JSON.stringify({ first: one.users['network-api'] }));
  const two = await chooseUsers(file('two'));
  expect(two.users).not.toEqual(one.users);
  expect(notedUsers(file('two'))).toEqual(two.users);
  await two.release();
  await one.release();
});

test('a note that can not be ours is not believed', () => {
  for (const text of ['', '{', '{"first":0}', '{"first":1000}', '{"first":"61810"}']) {
    writeFileSync(file('note'), text);
    expect(notedUsers(file('note'))).toBeUndefined();
  }
  expect(notedUsers(file('none'))).toBeUndefined();
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'users with a running process, which a killed stack may have left, are not taken',
  async () => {
    const { users, release } = await chooseUsers(file('one'));
    await release();
    const uid = users['compute-host'];
    const child = spawn('sleep', ['60'], { uid, cwd: '/' });
    try {
      await expect.poll(usersWithProcesses).toContain(uid);
      const other = await chooseUsers(file('two'));
      expect(Object.values(other.users)).not.toContain(uid);
      await other.release();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  },
);
