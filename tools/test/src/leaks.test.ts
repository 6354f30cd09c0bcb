import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findTraces, runVariable, type Traces } from './leaks.ts';

let folder: string;
let scratch: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-leaks-'));
  scratch = join(folder, 'tmp');
  mkdirSync(scratch);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function traces(id = 'leak-test'): Traces {
  return findTraces({ id, scratch, marksFile: join(folder, 'marks') });
}

const onLinux = test.runIf(process.platform === 'linux');

onLinux('a process that outlives its test is found by its environment', async () => {
  const child = spawn('sleep', ['60'], { env: { ...process.env, [runVariable]: 'leak-test' } });
  const trace = `process ${child.pid ?? ''} sleep 60`;
  try {
    await expect.poll(() => traces().own).toContain(trace);
    expect(traces('another-run').own).not.toContain(trace);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(traces().own).not.toContain(trace);
});

onLinux('a process without our environment is found by our folder in its command line', async () => {
  const child = spawn('sh', ['-c', 'sleep 60; :', join(scratch, 'program')], { env: {}, detached: true });
  const trace = `process ${child.pid ?? ''} sh -c sleep 60; : ${join(scratch, 'program')}`;
  try {
    await expect.poll(() => traces().own).toContain(trace);
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
  }
});

test('a forgotten temporary file is found', () => {
  writeFileSync(join(scratch, 'forgotten'), '');
  expect(traces().own).toContain('temporary file forgotten');
});

test("what bears our name outside the run's folder is named, and counted only with a mark of the run", () => {
  const trace = `file ${folder}`;
  expect(traces().own).not.toContain(trace);
  expect(traces().unknown).toContain(trace);
  appendFileSync(join(folder, 'marks'), `${basename(folder)}\n`);
  expect(traces().own).toContain(trace);
  expect(traces().unknown).not.toContain(trace);
});

onLinux('a forgotten socket is found, and told from those of others', async () => {
  const [own, others] = [join(scratch, 'patchpanel.sock'), join(folder, 'patchpanel.sock')];
  const servers = [createServer(), createServer()] as const;
  await new Promise<void>((resolve) => servers[0].listen(own, resolve));
  await new Promise<void>((resolve) => servers[1].listen(others, resolve));
  try {
    expect(traces().own).toContain(`socket ${own}`);
    expect(traces().own).not.toContain(`socket ${others}`);
    expect(traces().unknown).toContain(`socket ${others}`);
  } finally {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
  }
});
