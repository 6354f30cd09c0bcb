import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ours = /patchpanel|^pp[-_0-9a-f]/;
/** Caches that test files share, which go with the run's folder: Node's, and a fresh database to copy. */
const keptOnPurpose = /^(node-compile-cache|patchpanel-test-\d+)$/;
/** Set for every test process, and so for whatever it starts: how a process that outlives its test is known. */
export const runVariable = 'PATCHPANEL_TEST_RUN';

/** Where tests find the file of {@link RunMarks.marksFile}. */
export const marksVariable = 'PATCHPANEL_TEST_MARKS';

/** How to tell a run's own traces from those of another checkout's tests or of a Patchpanel in use. */
export interface RunMarks {
  /** A word in the names and labels of whatever the run makes in the kernel, and the value of {@link runVariable}. */
  readonly id: string;
  /** The run's temporary folder: empty but for what it has left. */
  readonly scratch: string;
  /** A file to which tests add marks, one a line, that they can't choose: parts of names that are made for them. */
  readonly marksFile: string;
}

/** What a Patchpanel could leave on a machine, one line each. */
export interface Traces {
  /** Of this run, for certain. */
  readonly own: ReadonlySet<string>;
  /** Of somebody's: this run's only if its mark was forgotten. */
  readonly unknown: ReadonlySet<string>;
}

/** Something that was found, and all that could carry a run's mark. */
interface Find {
  readonly line: string;
  readonly text: string;
}

/** Looks for everything that bears a name of Patchpanel's, or this run's mark. */
export function findTraces(run: RunMarks): Traces {
  const marks = [run.id, ...read(run.marksFile).split('\n')].filter((mark) => mark !== '');
  const isOwn = ({ text }: Find) =>
    text.includes(run.scratch) || marks.some((mark) => text.replaceAll('_', '-').includes(mark));
  const found = [
    ...namespaces(),
    ...links(),
    ...tables(),
    ...sockets(),
    ...[tmpdir(), '/run', '/run/patchpanel', '/var/lib', '/var/lib/patchpanel'].flatMap(named),
  ];
  return {
    own: new Set([
      ...processes(run),
      ...found.filter(isOwn).map(({ line }) => line),
      ...entries(run.scratch)
        .filter((name) => !keptOnPurpose.test(name))
        .map((name) => `temporary file ${name}`),
    ]),
    unknown: new Set(found.filter((find) => !isOwn(find)).map(({ line }) => line)),
  };
}

/** Processes with the run's mark in their environment, or with its folder in their command line. */
function processes({ id, scratch }: RunMarks): string[] {
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }))
    .filter(
      ({ pid, command }) =>
        command.includes(scratch) ||
        read(`/proc/${pid}/environ`).split('\0').includes(`${runVariable}=${id}`),
    )
    .map(({ pid, command }) => `process ${pid} ${command}`);
}

function namespaces(): Find[] {
  return entries('/run/netns')
    .filter((name) => ours.test(name))
    .map((name) => ({ line: `network namespace ${name}`, text: name }));
}

function links(): Find[] {
  return entries('/sys/class/net')
    .map((name) => ({ name, label: read(`/sys/class/net/${name}/ifalias`).trim() }))
    .filter(({ name, label }) => ours.test(name) || ours.test(label))
    .map(({ name, label }) => ({ line: `link ${name}`, text: `${name} ${label}` }));
}

function tables(): Find[] {
  return output('nft', ['list', 'tables'])
    .split('\n')
    .map((line) => line.replace(/^table /, '').trim())
    .filter((table) => ours.test(table.split(' ').at(-1) ?? ''))
    .map((table) => ({ line: `nft table ${table}`, text: table }));
}

function sockets(): Find[] {
  return read('/proc/net/unix')
    .split('\n')
    .map((line) => line.split(' ').at(-1) ?? '')
    .filter((path) => path.includes('patchpanel'))
    .map((path) => ({ line: `socket ${path}`, text: path }));
}

function named(folder: string): Find[] {
  return entries(folder)
    .filter((name) => folder.endsWith('/patchpanel') || ours.test(name))
    .map((name) => join(folder, name))
    .map((path) => ({ line: `file ${path}`, text: path }));
}

/** Empty for what is not there or not for us to see. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
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
