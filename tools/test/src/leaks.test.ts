import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findTraces, runVariable } from './leaks.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pp-leaks-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function traces(): string[] {
  return [...findTraces('leak-test', scratch)];
}

test.runIf(process.platform === 'linux')(
  'a process that outlives its test is found by its environment',
  async () => {
    const child = spawn('sleep', ['60'], { env: { ...process.env, [runVariable]: 'leak-test' } });
    try {
      await expect.poll(traces).toContain(`process ${child.pid ?? ''} sleep 60`);
    } finally {
      child.kill('SIGKILL');
    }
    await expect.poll(traces).not.toContainEqual(expect.stringContaining('sleep 60'));
  },
);

test('a forgotten temporary file is found', () => {
  writeFileSync(join(scratch, 'forgotten'), '');
  expect(traces()).toContain('temporary file forgotten');
});

test.runIf(process.platform === 'linux')('a forgotten socket is found', async () => {
  const path = join(scratch, 'patchpanel.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    expect(traces()).toContain(`socket ${path}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
