import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Launch, ManagedProcess } from './managed-process.ts';
import * as identity from './process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-managed-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

vi.mock(import('./process-identity.ts'), { spy: true });

function launch(program: string): Launch {
  return {
    name: 'network-api',
    node: process.execPath,
    program: '--eval',
    args: [program],
    env: {},
    logFile: join(folder, 'log'),
    pidFile: join(folder, 'pid.json'),
  };
}

test('a process that ends while we still look at it is seen to have ended', async () => {
  vi.mocked(identity.identifyProcess).mockImplementationOnce(async () => {
    await pause(1_000); // longer than the process lives
    return undefined;
  });
  const started = await ManagedProcess.start(launch('process.exit(3)'));
  expect(await started.exited).toBe('exit code 3');
  expect(started.isRunning).toBe(false);
  expect(existsSync(join(folder, 'pid.json'))).toBe(false);
}, 5_000);

test('a process sees none of our environment, but the mark of a test run that it belongs to', async () => {
  const say = 'console.log(JSON.stringify(process.env))';
  const environment = async () => {
    const started = await ManagedProcess.start(launch(say));
    return started.logged('to tell', () => true, 10_000);
  };
  vi.stubEnv('SECRET_OF_OURS', 'secret');
  vi.stubEnv('PATCHPANEL_TEST_RUN', 'some-run');
  expect(await environment()).toMatchObject({ PATCHPANEL_TEST_RUN: 'some-run' });
  expect(await environment()).not.toHaveProperty('SECRET_OF_OURS');
  vi.stubEnv('PATCHPANEL_TEST_RUN', undefined);
  rmSync(join(folder, 'log'));
  expect(await environment()).not.toHaveProperty('PATCHPANEL_TEST_RUN');
});
