import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, createReadStream, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { endWithin } from '../../../test/src/programs.ts';

const startSeconds = 30;
const stopMilliseconds = 10_000;
const complaintsShown = 10;

/** How to start a service's process. */
export interface ProgramLaunch {
  readonly name: string;
  /** The bundle. */
  readonly program: string;
  /** Its configuration; it sees nothing else of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly folder: string;
  /** Options of Node itself. */
  readonly nodeOptions: readonly string[];
  /** Where to leave a processor profile when it ends. */
  readonly profileFolder?: string | undefined;
}

/** A running service. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Where it says that it listens for users. */
  readonly url: string;
  /** What it has logged as a warning or worse, the last lines. */
  complaints(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a service as in production, and waits until it listens. It ends with us, however we end. */
export async function startProgram(launch: ProgramLaunch): Promise<Program> {
  const logFile = join(launch.folder, `${launch.name}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(
    'setpriv',
    ['--pdeathsig=TERM', process.execPath, ...launch.nodeOptions, ...profileOptions(launch), launch.program],
    {
      cwd: launch.folder,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...launch.env },
    },
  );
  closeSync(log);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const url = await untilListening(launch.name, child, logFile);
    return {
      name: launch.name,
      pid: child.pid ?? 0,
      url,
      complaints: () => complaintsIn(logFile),
      stop: () => endWithin(child, stopMilliseconds),
    };
  } catch (error) {
    await endWithin(child, 1000);
    throw error;
  }
}

function profileOptions({ profileFolder, name }: ProgramLaunch): string[] {
  return profileFolder === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
}

async function untilListening(name: string, child: ChildProcess, logFile: string): Promise<string> {
  const deadline = performance.now() + startSeconds * 1000;
  for (;;) {
    const text = readFileSync(logFile, 'utf8');
    const url = text
      .split('\n')
      .map(listeningUrl)
      .find((found) => found !== undefined);
    if (url !== undefined) return url;
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() > deadline) {
      const what = hasEnded ? `ended at once (${child.exitCode ?? child.signalCode})` : 'is not ready';
      throw new Error(`${name} ${what}. It said last:\n${text.trimEnd().split('\n').slice(-12).join('\n')}`);
    }
    await pause(20);
  }
}

function listeningUrl(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null || !('public' in entry)) return undefined;
  return typeof entry.public === 'string' ? entry.public : undefined;
}

/** A log of a long run does not fit into memory: it is read line by line. */
async function complaintsIn(logFile: string): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    // Levels of pino: 30 is information. What is not pino's is Node's own: its last words, or that something is deprecated.
    if (/^\{"level":[123]0,|^\s*$|deprecat/i.test(line)) continue;
    found.push(line.slice(0, 1000));
    if (found.length > complaintsShown) found.shift();
  }
  return found;
}
