import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Runs a command to its end, keeping what it printed: `{code, output}`. Rejects only if it can't be started. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: exitCode(code, signal), output }));
  });
}

/**
 * Runs a command in the foreground: it has our terminal, gets the signals that we get, and its exit code is returned.
 * A terminal's Ctrl-C already reaches the whole process group, so that one is passed on only without a terminal.
 */
export function foreground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const forwarders = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
      const forward = () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      };
      process.on(signal, forward);
      return [signal, forward];
    });
    const watch = watchNpm(() => child.kill('SIGTERM'));
    const settle = () => {
      clearInterval(watch);
      forwarders.forEach(([signal, forward]) => process.off(signal, forward));
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve(exitCode(code, signal));
    });
  });
}

/** npm runs a shell that runs us; asked to end, that shell dies without telling us: we see it by our new parent. */
function watchNpm(whenGone) {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    whenGone();
  }, 500);
  return timer.unref();
}

/** A shell's exit code for a process that ended either way. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}
