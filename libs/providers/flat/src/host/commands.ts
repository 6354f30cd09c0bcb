import { ProviderError } from '@patchpanel/provider';
import { x } from 'tinyexec';

/** What a command may take before it counts as hung; they take milliseconds. */
const timeoutMilliseconds = 10_000;

/** Where Debian has them, whatever the environment says. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** A command line with what it reads. */
export interface Command {
  readonly program: 'ip' | 'nft' | 'nsenter';
  readonly args: readonly string[];
  readonly stdin?: string;
  /** A descriptor that the command gets as its number 3. */
  readonly descriptor?: number;
  /** More output than this is cut off, and the command ended. */
  readonly mostBytes?: number;
}

/** What came of it. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The output was cut off: somewhere after `mostBytes`. */
  readonly isCut: boolean;
}

/**
 * Runs a command to its end, whatever its exit code.
 * @throws ProviderError `command-failed` when it can't be run or does not end in time; the signal's reason when aborted.
 */
export async function attempt(command: Command, signal?: AbortSignal): Promise<CommandResult> {
  signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMilliseconds);
  const { descriptor, stdin, mostBytes } = command;
  try {
    const running = x(command.program, command.args, {
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      nodePath: false,
      ...(stdin === undefined ? {} : { stdin }),
      nodeOptions: {
        env: environment,
        cwd: '/',
        stdio: descriptor === undefined ? 'pipe' : ['pipe', 'pipe', 'pipe', descriptor],
      },
    });
    let bytes = 0;
    let isCut = false;
    if (mostBytes !== undefined) {
      running.process?.stdout?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (isCut || bytes <= mostBytes) return;
        isCut = true;
        running.kill('SIGKILL');
      });
    }
    const { stdout, stderr } = await running;
    if (isCut) return { exitCode: 0, stdout, stderr: stderr.trim(), isCut };
    if (running.exitCode !== undefined && !running.aborted) {
      return { exitCode: running.exitCode, stdout, stderr: stderr.trim(), isCut };
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (!deadline.aborted) {
      throw new ProviderError('command-failed', `cannot run ${command.program}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
  signal?.throwIfAborted();
  throw new ProviderError(
    'command-failed',
    `${nameOf(command)} did not end within ${timeoutMilliseconds / 1000} s`,
  );
}

/**
 * Runs a command that must succeed, and yields what it wrote.
 * @throws ProviderError `command-failed` with what it complained of.
 */
export async function run(command: Command, signal?: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(command, signal);
  if (exitCode !== 0) {
    const complaint = complaintOf(command, stderr);
    throw new ProviderError('command-failed', `${nameOf(command)} failed (${exitCode}): ${complaint}`);
  }
  return stdout;
}

/** What went wrong, with the line of a batch that it concerns. */
function complaintOf({ stdin }: Command, stderr: string): string {
  const line = Number(/Command failed -:(\d+)/.exec(stderr)?.[1]);
  const failed = stdin?.split('\n')[line - 1];
  const text = stderr.split('\n').slice(0, 4).join(' ').slice(0, 500);
  return failed === undefined ? text : `${text} in "${failed}"`;
}

function nameOf({ program, args }: Command): string {
  return [program, ...args].join(' ');
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
