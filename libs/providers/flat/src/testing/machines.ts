import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import type { DesiredAddress, DesiredWiring } from '@patchpanel/provider';
import { x } from 'tinyexec';
import { waitFor } from './wait.ts';

/** A user of the tests' own for machines; numeric, without an entry anywhere. */
export const machineUid = 61501;

/** A machine as the netns driver makes them: a process without privileges in namespaces of its own. */
export interface TestMachine {
  readonly pid: number;
  /** Runs a program inside as its root; yields what it wrote and how it ended. */
  run(program: string, args: readonly string[]): Promise<{ exitCode: number | undefined; output: string }>;
  /** Starts a program inside that goes on running. */
  start(program: string, args: readonly string[]): ChildProcess;
  kill(): Promise<void>;
}

/** Starts a machine and waits until it is in its own network namespace. */
export async function startMachine(): Promise<TestMachine> {
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
  const child = spawnAs(machineUid, 'unshare', [...namespaces, 'sleep', 'infinity']);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { pid } = child;
  if (pid === undefined) throw new Error('the machine did not start');
  const inside = (program: string, args: readonly string[]) => [
    ...['--user', '--net', '--target', String(pid), program],
    ...args,
  ];
  await waitFor('the machine to have namespaces and a root of its own', () => {
    const isApart = ['net', 'user'].every(
      (kind) => readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`),
    );
    // The last of the maps that unshare writes; without it nobody is root inside.
    return isApart && readFileSync(`/proc/${pid}/gid_map`, 'utf8') !== '';
  });
  return {
    pid,
    run: async (program, args) => {
      const result = await x('nsenter', inside(program, args), { nodePath: false, timeout: 10_000 });
      return { exitCode: result.exitCode, output: result.stdout + result.stderr };
    },
    start: (program, args) => spawn('nsenter', inside(program, args), { stdio: ['pipe', 'pipe', 'inherit'] }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Starts a program as a user without an entry anywhere. */
export function spawnAs(uid: number, program: string, args: readonly string[]): ChildProcess {
  const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  return spawn('setpriv', [...user, program, ...args], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
}

let lastInstance = 0;

/** An agent instance that no other test has, named after the test run, so that it knows what is left of it. */
export function newInstance(): string {
  lastInstance += 1;
  return `t${process.env['PATCHPANEL_TEST_RUN'] ?? ''}-${process.pid}-${lastInstance}`;
}

/** A MAC with the locally administered bit. */
export function macOf(index: number): string {
  return `02:fe:00:00:00:${index.toString(16).padStart(2, '0')}`;
}

/** The nth vNIC of a network, with an address of each IP version. */
export function wiringOf(
  index: number,
  device: DesiredWiring['device'],
  { networkId = randomUUID(), projectId = randomUUID(), fixedIps = addressesOf(index) } = {},
): DesiredWiring {
  return {
    attachment: {
      projectId,
      networkId,
      vnicId: randomUUID(),
      portId: randomUUID(),
      epoch: 1,
      generation: 1,
      placement: 1,
      macAddress: macOf(index),
      adminState: 'up',
      fixedIps,
    },
    wiring: { version: 1, document: { mtu: 1500 } },
    device,
  };
}

/** Addresses of documentation prefixes (RFC 5737, RFC 3849). */
export function addressesOf(index: number): readonly DesiredAddress[] {
  return [
    { ipAddress: `192.0.2.${index}`, prefixLength: 24, gatewayIp: '192.0.2.254' },
    { ipAddress: `2001:db8::${index.toString(16)}`, prefixLength: 64, gatewayIp: '2001:db8::fe' },
  ];
}

/** The device that a machine offers. */
export function insideOf({ pid }: TestMachine): DesiredWiring['device'] {
  return { kind: 'namespace', pid, interfaceName: 'eth0' };
}
