import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyProcess, isAlive, parseStat, signalProcess } from './process-identity.ts';

const onLinux = test.skipIf(process.platform !== 'linux');

test('the start time is found whatever a process calls itself', () => {
  const tail = 'S 1 2 2 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1000 1 0';
  for (const name of ['sh', 'a b', ') R 9 (', '((', '']) {
    expect(parseStat(`42 (${name}) ${tail}`)).toEqual({ state: 'S', startTime: 4711 });
  }
});

onLinux('a process is told from a later one with its pid', async () => {
  const child = spawn('sleep', ['1000']);
  const identity = identifyProcess(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (identity === undefined) return;
  expect(isAlive(identity)).toBe(true);
  for (const other of [
    { ...identity, startTime: identity.startTime + 1 },
    { ...identity, bootId: 'an earlier boot' },
  ]) {
    expect(isAlive(other)).toBe(false);
    expect(signalProcess(other, 'SIGKILL')).toBe(false);
  }
  const exited = once(child, 'exit');
  expect(signalProcess(identity, 'SIGKILL')).toBe(true);
  await exited;
  expect(isAlive(identity)).toBe(false);
  expect(signalProcess(identity, 'SIGKILL')).toBe(false);
});
