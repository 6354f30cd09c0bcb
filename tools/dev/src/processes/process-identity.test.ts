import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { identifyProcess, isRunning, signalProcess } from './process-identity.ts';

test('a process is told from a later one with the same number', async () => {
  const child = spawn('sleep', ['60']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('the process runs');
  expect(await isRunning(identity)).toBe(true);
  const stranger = { ...identity, startedAt: `${identity.startedAt}0` };
  expect(await isRunning(stranger)).toBe(false);
  expect(await signalProcess(stranger, 'SIGKILL')).toBe(false);
  expect(await signalProcess(identity, 'SIGKILL')).toBe(true);
  await ended;
  expect(await isRunning(identity)).toBe(false);
  expect(await signalProcess(identity, 'SIGKILL')).toBe(false);
});
