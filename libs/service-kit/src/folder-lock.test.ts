import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.ts';
import { identifyProcess } from './process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a folder lock', () => {
  it('keeps a second holder out until it is given back', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`in use by process ${process.pid}`);
    unlock();
    lockFolder(folder)();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('is taken over from a process that was killed', async () => {
    const script = `import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
      lockFolder(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => lockFolder(folder)).toThrow(`in use by process ${child.pid}`);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    lockFolder(folder)();
  });

  it('is taken over when its number was given to another process, and when it is unreadable', () => {
    const stale = { pid: process.pid, startedAt: 'another boot/1', token: 'x' };
    for (const content of [JSON.stringify(stale), '', 'nonsense']) {
      writeFileSync(join(folder, 'lock'), content);
      lockFolder(folder)();
    }
  });

  it('knows no process where there is none', () => {
    expect(identifyProcess(2 ** 22 + 1)).toBeUndefined();
    expect(identifyProcess(process.pid)?.pid).toBe(process.pid);
  });
});
