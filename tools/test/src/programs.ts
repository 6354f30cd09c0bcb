import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { root } from './root.ts';

const graceMilliseconds = 10_000;

/** Runs programs one after another in the foreground, and ends the one under way when the run is interrupted. */
export class Programs {
  readonly #interrupted: AbortSignal;

  constructor(interrupted: AbortSignal) {
    this.#interrupted = interrupted;
  }

  /** Runs a Node program to its end with our output; the result is its exit code, or 128 when a signal ended it. */
  async node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
    this.#interrupted.throwIfAborted();
    const options: SpawnOptions = {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    };
    const child = spawn(process.execPath, args, options);
    const end = () => void endWithin(child, graceMilliseconds);
    this.#interrupted.addEventListener('abort', end, { once: true });
    try {
      return await exitCode(child);
    } finally {
      this.#interrupted.removeEventListener('abort', end);
      this.#interrupted.throwIfAborted();
    }
  }
}

/** Asks a process to end, and insists after the given time. Resolves when it is gone. */
export async function endWithin(
  child: ChildProcess,
  milliseconds: number,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = exitCode(child);
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  await gone;
  clearTimeout(timer);
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 128));
  });
}
