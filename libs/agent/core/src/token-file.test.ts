import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TokenFile } from './token-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-token-'));
  path = join(folder, 'token');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string, mode = 0o600) => {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
};

test('a new token is used without a restart', async () => {
  write('first\n');
  const file = new TokenFile(path);
  expect(await file.token()).toBe('first');
  write('later\n');
  expect(await file.token()).toBe('later');
});

test.each([0o640, 0o604, 0o644, 0o660])('a file of mode %o is refused, with what to do', async (mode) => {
  write('secret-token');
  chmodSync(path, mode);
  const refused = new TokenFile(path).token();
  await expect(refused).rejects.toThrow(/others than its owner can read it.*chmod 600/);
  await expect(refused).rejects.not.toThrow(/secret-token/);
});

test('a file that becomes readable for others is refused from then on', async () => {
  write('secret-token');
  const file = new TokenFile(path);
  await file.token();
  chmodSync(path, 0o644);
  await expect(file.token()).rejects.toThrow(/mode 0644/);
});

test('a missing file, and one without a token, are refused', async () => {
  await expect(new TokenFile(path).token()).rejects.toThrow(/ENOENT/);
  write('two words\n');
  await expect(new TokenFile(path).token()).rejects.toThrow(/holds no token/);
});
