import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { commandAs, processEnvironment } from '../src/processes/managed-process.ts';
import { processesOf } from '../src/processes/process-identity.ts';
import { run } from '../src/processes/run.ts';
import { processNames, type ProcessName } from '../src/processes/users.ts';
import type { Stack } from '../src/stack.ts';

/** Compute's own processes. */
export const computeProcesses = ['compute-api', 'compute-host'] as const satisfies readonly ProcessName[];

/** A place where a credential was found that should not be there. */
export type Finding = string;

/**
 * Looks for the agent's token wherever compute could have it: memory and environment of each process of compute's users
 * (machines are among them), and every file of this Patchpanel and of the folders for temporary files that those users
 * can read.
 */
export async function findAgentTokenInCompute(stack: Stack): Promise<Finding[]> {
  const token = readFileSync(stack.places.tokenOf('network-agent'), 'utf8').trim();
  const findings: Finding[] = [];
  for (const name of computeProcesses) {
    const uid = uidOf(stack, name);
    for (const { pid, args } of processesOf(uid)) {
      const what = `${name}'s user, process ${args.slice(0, 2).join(' ')}`;
      const holds = unlessGone(() => ({
        environment: holdsText(readFileSync(`/proc/${pid}/environ`), token),
        memory: memoryHolds(pid, token),
      }));
      if (holds?.environment) findings.push(`environment of ${what}`);
      if (holds?.memory) findings.push(`memory of ${what}`);
    }
    for (const file of await readableFilesWith(stack, name, token))
      findings.push(`file ${file}, as ${name}'s user`);
  }
  return findings;
}

/** What is found out about a process; undefined when it ends meanwhile, as a process in passing may. */
function unlessGone<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Whether a process's memory holds a token, in either form that a JavaScript string may have. */
export function memoryHolds(pid: number, token: string): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return readableRegions(pid).some(({ start, end }) => regionHolds(memory, start, end, token));
  } finally {
    closeSync(memory);
  }
}

function readableRegions(pid: number): { readonly start: number; readonly end: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, start = '', end = '', rights = '', name = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
      const isData = rights.startsWith('rw') && !name.startsWith('[v');
      return isData ? [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }] : [];
    });
}

const chunkBytes = 8 * 1024 * 1024;

function regionHolds(memory: number, start: number, end: number, token: string): boolean {
  const buffer = Buffer.alloc(chunkBytes);
  const overlap = 2 * token.length;
  for (let at = start; at < end; at += chunkBytes - overlap) {
    let count: number;
    try {
      count = readSync(memory, buffer, 0, Math.min(chunkBytes, end - at), at);
    } catch {
      return false; // a region that is no memory, such as a device's
    }
    if (holdsText(buffer.subarray(0, count), token)) return true;
    if (at + chunkBytes >= end) break;
  }
  return false;
}

/** The signature alone would do to give a token away, so that is what is looked for. */
function holdsText(bytes: Buffer, token: string): boolean {
  const signature = token.split('.').at(-1) ?? token;
  return (
    bytes.includes(Buffer.from(signature, 'latin1')) || bytes.includes(Buffer.from(signature, 'utf16le'))
  );
}

/** Run as another user: reads all that it can below some folders, and prints the names of files with a text in them. */
const searcher = `
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
const [signature, ...folders] = readFileSync(0, 'utf8').split('\\n');
const search = (folder) => {
  let entries = [];
  try { entries = readdirSync(folder, { withFileTypes: true }); } catch { return; }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) search(path);
    else if (entry.isFile()) {
      try { if (readFileSync(path).includes(signature)) console.log(path); } catch {}
    }
  }
};
folders.forEach(search);
`;

async function readableFilesWith(stack: Stack, name: ProcessName, token: string): Promise<string[]> {
  const { places } = stack;
  // What every user may read is searched once, below; programs hold no tokens and are large.
  const folders = [
    ...processNames.map((each) => places.folderOf(each)),
    ...[places.identity, places.logs, places.pids, places.run, '/dev/shm'],
  ];
  const signature = token.split('.').at(-1) ?? token;
  const { stdout } = await runAs(stack, name, searcher, [signature, ...folders].join('\n'));
  return stdout.split('\n').filter((line) => line !== '');
}

/** Runs a module in Node as the user of one of the processes, with that process's rights and nothing of ours. */
export async function runAs(stack: Stack, name: ProcessName, module: string, input = '') {
  const node = join(stack.places.programs, 'node');
  const [program, ...args] = commandAs(name, uidOf(stack, name), [
    node,
    '--input-type=module',
    '--eval',
    module,
  ]);
  return run(program, args, { input, env: { ...processEnvironment } });
}

function uidOf(stack: Stack, name: ProcessName): number {
  const uid = stack.users?.[name];
  if (uid === undefined) throw new Error('credentials are only kept apart between real users');
  return uid;
}
