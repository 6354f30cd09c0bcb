import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeAbandoned } from './run.ts';

/** No process has such a number. */
const nobody = 4_194_305;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-abandoned-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function makeRunFolder(pid: number): string {
  const made = join(folder, `pp-test-${pid}-r0123abcd`);
  mkdirSync(made, { mode: 0o700 });
  writeFileSync(join(made, 'left'), '');
  return made;
}

test.runIf(process.platform === 'linux')('folders of dead runs are removed, and those of others kept', () => {
  const [dead, alive] = [makeRunFolder(nobody), makeRunFolder(process.pid)];
  removeAbandoned(folder);
  expect(existsSync(dead)).toBe(false);
  expect(existsSync(alive)).toBe(true);
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  "another user's dead run, which is not ours to remove, keeps nobody from testing",
  () => {
    const dead = makeRunFolder(nobody);
    chmodSync(folder, 0o755);
    process.seteuid?.(65_534);
    try {
      expect(() => removeAbandoned(folder)).not.toThrow();
    } finally {
      process.seteuid?.(0);
    }
    expect(existsSync(dead)).toBe(true);
  },
);
