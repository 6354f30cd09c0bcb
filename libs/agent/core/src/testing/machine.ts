import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Device } from '@patchpanel/contract-agent';
import { expect, vi } from 'vitest';

const run = promisify(execFile);

/** A user of the tests' own for machines; numeric, without an entry anywhere. */
export const machineUid = 61_733;

/** A machine as compute-host makes them: a process without privileges in namespaces of its own. */
export interface TestMachine {
  readonly device: Device;
  /** Runs a program inside, as its root, and gives what it wrote. Rejects when it fails. */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program inside. */
  start(program: string, ...args: readonly string[]): ChildProcess;
  kill(): Promise<void>;
}

export async function startMachine(): Promise<TestMachine> {
  const user = ['--reuid', String(machineUid), '--regid', String(machineUid), '--clear-groups'];
  const namespaces = [
    '--user',
    '--map-root-user',
    '--net',
    '--mount',
    '--pid',
    '--uts',
    '--fork',
    '--kill-child',
  ];
  const child = spawn('setpriv', [...user, 'unshare', ...namespaces, 'sleep', 'infinity'], { cwd: '/' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { pid } = child;
  if (pid === undefined) throw new Error('the machine did not start');
  // Without its last map, nobody is root inside.
  await vi.waitFor(() => {
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    expect(readFileSync(`/proc/${pid}/gid_map`, 'utf8')).not.toBe('');
  }, 5_000);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const inside = ['--user', '--net', '--target', String(pid)];
  return {
    device: { kind: 'namespace', pid, startTime, interfaceName: 'eth0' },
    run: async (program, ...args) =>
      (await run('nsenter', [...inside, program, ...args], { timeout: 30_000 })).stdout,
    start: (program, ...args) =>
      spawn('nsenter', [...inside, program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
