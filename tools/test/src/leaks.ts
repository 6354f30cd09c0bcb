import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ours = /patchpanel|^pp[-_0-9a-f]/;
/** Caches that test files share, which go with the run's folder: Node's, and a fresh database to copy. */
const keptOnPurpose = /^(node-compile-cache|patchpanel-test-\d+)$/;
/** Set for every test process, and so for whatever it starts: how a process that outlives its test is known. */
export const runVariable = 'PATCHPANEL_TEST_RUN';

/** What Patchpanel could leave on a machine, one line each. */
export function findTraces(run: string, scratch: string): Set<string> {
  return new Set([
    ...processes(run).map((line) => `process ${line}`),
    ...namespaces().map((name) => `network namespace ${name}`),
    ...links().map((name) => `link ${name}`),
    ...tables().map((name) => `nft table ${name}`),
    ...sockets().map((path) => `socket ${path}`),
    ...[tmpdir(), '/run', '/var/lib'].flatMap(named).map((path) => `file ${path}`),
    ...entries(scratch)
      .filter((name) => !keptOnPurpose.test(name))
      .map((name) => `temporary file ${name}`),
  ]);
}

function processes(run: string): string[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${runVariable}=${run}`))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
}

function namespaces(): string[] {
  return entries('/run/netns').filter((name) => ours.test(name));
}

function links(): string[] {
  return entries('/sys/class/net').filter(
    (name) => ours.test(name) || ours.test(read(`/sys/class/net/${name}/ifalias`)),
  );
}

function tables(): string[] {
  return output('nft', ['list', 'tables'])
    .split('\n')
    .map((line) => line.replace(/^table /, '').trim())
    .filter((table) => ours.test(table.split(' ').at(-1) ?? ''));
}

function sockets(): string[] {
  return read('/proc/net/unix')
    .split('\n')
    .map((line) => line.split(' ').at(-1) ?? '')
    .filter((path) => path.includes('patchpanel'));
}

function named(folder: string): string[] {
  return entries(folder)
    .filter((name) => ours.test(name))
    .map((name) => join(folder, name));
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Empty for what is not there: processes end and links vanish while we look. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Empty when the program is missing or not allowed: without it, nothing can have been made with it either. */
function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
