import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'patchpanel-bootstrap-'));
  cpSync(import.meta.dirname, join(root, 'tools/bootstrap'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Runs a task in a checkout whose packages can't be installed: nothing of it goes over the network. */
function runTask(task: string, env: NodeJS.ProcessEnv = {}): { code: number | null; lines: string[] } {
  writeFileSync(join(root, 'package.json'), '{"dependencies":{"missing":"1.0.0"}}');
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ lockfileVersion: 3, packages: { 'node_modules/missing': { version: '1.0.0' } } }),
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'tools/bootstrap/run.mjs'), task],
    { cwd: root, encoding: 'utf8', env: { ...process.env, npm_config_offline: 'true', ...env } },
  );
  return { code: status, lines: `${stderr}${stdout}`.trimEnd().split('\n') };
}

test('a test run that can not install its packages still ends with the promised line', () => {
  const { code, lines } = runTask('test');
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(lines.some((line) => line.startsWith('✗ npm ci failed'))).toBe(true);
  expect(runTask('check').lines.join('\n')).not.toContain('passed');
});

test('the folder ~ that npm makes without a home is removed, unless something else is in it', async () => {
  const { removeStrayHome } = (await import(join(import.meta.dirname, 'environment.mjs'))) as {
    removeStrayHome: (root: string, home: string) => void;
  };
  const log = join(root, '~/.npm/_logs/today.log');
  mkdirSync(join(root, '~/.npm/_logs'), { recursive: true });
  writeFileSync(log, '');
  removeStrayHome(root, tmpdir());
  expect(existsSync(log)).toBe(true);
  writeFileSync(join(root, '~/mine'), '');
  removeStrayHome(root, '');
  expect(existsSync(log)).toBe(true);
  rmSync(join(root, '~/mine'));
  removeStrayHome(root, '');
  expect(existsSync(join(root, '~'))).toBe(false);
});

test('packages are counted that npm installs on this platform', async () => {
  const { packageFolders } = (await import(join(import.meta.dirname, 'npm.mjs'))) as {
    packageFolders: (lock: unknown, platform: unknown) => string[];
  };
  const lock = {
    packages: {
      '': {},
      'libs/own': {},
      'node_modules/@own/own': { link: true },
      'node_modules/everywhere': {},
      'node_modules/everywhere/node_modules/inner': { os: ['!win32'] },
      'node_modules/mac': { os: 'darwin' },
      'node_modules/mac/node_modules/inner': {},
      'node_modules/arm': { os: ['linux'], cpu: ['arm64'] },
      'node_modules/musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
      'node_modules/glibc': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
    },
  };
  expect(packageFolders(lock, { os: 'linux', cpu: 'x64', libc: 'glibc' })).toEqual([
    'node_modules/everywhere',
    'node_modules/everywhere/node_modules/inner',
    'node_modules/glibc',
  ]);
});
