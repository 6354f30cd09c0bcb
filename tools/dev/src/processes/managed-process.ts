import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { identifyProcess, isRunning, type ProcessIdentity, signalProcess } from './process-identity.ts';
import { until } from './until.ts';
import { agentCapabilities, type ProcessName } from './users.ts';

/** How to start one of the processes. */
export interface Launch {
  readonly name: ProcessName;
  readonly node: string;
  readonly program: string;
  readonly args?: readonly string[];
  /** The process's own configuration; it sees nothing else of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Absent: it runs as we do. */
  readonly uid?: number;
  readonly logFile: string;
  readonly pidFile: string;
}

/** A line that a process logged. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A process ended that should not have. Its message ends with the last lines of its log. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

/** What every process's environment begins with. */
export const processEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;

/** How a test run knows the processes that outlive it, and where it wants temporary files; nothing outside of tests. */
export function testVariables(): Record<string, string> {
  const { PATCHPANEL_TEST_RUN: testRun, TMPDIR: folder } = process.env;
  if (testRun === undefined) return {};
  return { PATCHPANEL_TEST_RUN: testRun, ...(folder === undefined ? {} : { TMPDIR: folder }) };
}

/** One of our processes, running in a session of its own so that a terminal's Ctrl-C reaches us and not it. */
export class ManagedProcess {
  readonly name: ProcessName;
  readonly identity: ProcessIdentity;
  readonly logFile: string;
  readonly exited: Promise<string>;
  readonly #pidFile: string;
  readonly #logStart: number;
  #exit: string | undefined;

  private constructor(
    launch: Launch,
    identity: ProcessIdentity,
    { exited, logStart }: { readonly exited: Promise<string>; readonly logStart: number },
  ) {
    this.name = launch.name;
    this.identity = identity;
    this.logFile = launch.logFile;
    this.#pidFile = launch.pidFile;
    this.#logStart = logStart;
    this.exited = exited.then((how) => {
      this.#exit = how;
      rmSync(launch.pidFile, { force: true });
      return how;
    });
  }

  /** Starts the process. Its output goes to its log file; its number, to its pid file. */
  static async start(launch: Launch): Promise<ManagedProcess> {
    const log = openSync(launch.logFile, 'a', 0o600);
    const logStart = statSync(launch.logFile).size;
    try {
      const { name, uid, node } = launch;
      const [program, ...args] = commandAs(name, uid, [node, launch.program, ...(launch.args ?? [])]);
      const child = spawn(program, args, {
        cwd: '/',
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...processEnvironment, ...testVariables(), ...launch.env },
      });
      const exited = exitOf(child); // at once: a process may end while we still look at it
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      const pid = child.pid ?? 0;
      const identity = (await identifyProcess(pid)) ?? { pid, startedAt: 'ended at once' };
      writeFileSync(launch.pidFile, JSON.stringify(identity), { mode: 0o600 });
      return new ManagedProcess(launch, identity, { exited, logStart });
    } finally {
      closeSync(log);
    }
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Waits for a line of this process's log that fits. Throws {@link ProcessDied} when the process ends first. */
  async logged(what: string, fits: (line: LogLine) => boolean, timeoutMs: number): Promise<LogLine> {
    try {
      return await until(
        `${this.name} ${what}`,
        () => {
          const found = this.#lines().find(fits);
          if (found === undefined && this.#exit !== undefined) throw this.died();
          return found;
        },
        { timeoutMs },
      );
    } catch (error) {
      if (error instanceof ProcessDied) throw error;
      throw new Error(`${messageOf(error)}\n${this.lastLines()}`, { cause: error });
    }
  }

  /** The error that this process ended, with what it said last. */
  died(): ProcessDied {
    return new ProcessDied(
      `${this.name} ended (${this.#exit ?? 'running'}). It said last:\n${this.lastLines()}`,
    );
  }

  /** The end of this process's log, for people. */
  lastLines(count = 12): string {
    const lines = this.#text().trimEnd().split('\n').slice(-count);
    return lines.map((line) => `    ${line.slice(0, 600)}`).join('\n');
  }

  /** What this process has logged as a warning or worse, for people. */
  complaints(count = 8): string {
    return this.#lines()
      .filter(({ level }) => typeof level === 'number' && level >= 40)
      .slice(-count)
      .map((line) => `    ${JSON.stringify(line).slice(0, 600)}`)
      .join('\n');
  }

  /** Asks the process to end, and makes it when it does not in time. */
  async stop(graceMs = 8_000): Promise<void> {
    await signalProcess(this.identity, 'SIGTERM');
    const impatience = setTimeout(() => void signalProcess(this.identity, 'SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(impatience);
    rmSync(this.#pidFile, { force: true });
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    await signalProcess(this.identity, 'SIGKILL');
    await this.exited;
  }

  #text(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString();
  }

  #lines(): LogLine[] {
    return this.#text()
      .split('\n')
      .flatMap((line) => {
        try {
          const value: unknown = JSON.parse(line);
          return typeof value === 'object' && value !== null ? [{ ...value }] : [];
        } catch {
          return []; // an unfinished line, or a crash's stack trace
        }
      });
  }
}

/** How a child ends, for people. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? constants.signals.SIGKILL}`));
  });
}

/** Ends a process that an earlier run left, if it is still that very process. Says whether it was there. */
export async function endLeftover(pidFile: string): Promise<boolean> {
  const identity = readPidFile(pidFile);
  rmSync(pidFile, { force: true });
  if (identity === undefined || !(await signalProcess(identity, 'SIGTERM'))) return false;
  const isGone = async () => ((await isRunning(identity)) ? undefined : true);
  await until('a left-over process to end', isGone, { timeoutMs: 6_000 }).catch(() =>
    signalProcess(identity, 'SIGKILL'),
  );
  await until('a killed process to end', isGone, { timeoutMs: 5_000 });
  return true;
}

function readPidFile(file: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined;
  } catch {
    return undefined; // none, or one that was being written
  }
}

/**
 * A command line to be run as the user of a process, without groups and without any right that the process does not
 * need; unchanged when there is no such user.
 */
export function commandAs(
  name: ProcessName,
  uid: number | undefined,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return uid === undefined ? command : ['setpriv', ...privileges(name, uid), ...command];
}

/** Arguments of setpriv(1). */
function privileges(name: ProcessName, uid: number): string[] {
  const kept =
    name === 'network-agent' ? agentCapabilities.map((capability) => `,+${capability}`).join('') : '';
  return [
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    '--no-new-privs',
    `--inh-caps=-all${kept}`,
    `--ambient-caps=-all${kept}`,
    `--bounding-set=-all${kept}`,
  ];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
