import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesOf } from '../src/places.ts';
import { run } from '../src/processes/run.ts';
import { until } from '../src/processes/until.ts';
import { root } from './test-stack.ts';

/** A run of `npm start` with a data folder of its own, as in a terminal: one process group that gets its Ctrl-C. */
export class NpmStart {
  readonly #child: ChildProcess;
  readonly ended: Promise<number>;
  output = '';

  constructor(dataDir: string, ...options: string[]) {
    this.#child = spawn('npm', ['start', '--', '--data-dir', dataDir, ...options], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code ?? 128)));
  }

  /** Waits until it has said something. */
  async said(text: string): Promise<void> {
    const heard = () => {
      if (this.output.includes(text)) return true;
      if (this.#hasEnded) throw new Error(`npm start ended:\n${this.output}`);
      return undefined;
    };
    await until(`npm start to say "${text}"`, heard, { timeoutMs: 120_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
  }

  /** Sends a signal to the whole group, as a terminal does, and waits for the end. (npm itself then dies of it.) */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#hasEnded && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    await this.ended;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Processes that a Patchpanel in a data folder consists of, those that start it included. */
export function processesIn(dataDir: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(dataDir) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // it has just ended
      }
    });
}

/** What the names of all instances in a data folder end with. */
export function markOf(dataDir: string): string {
  return placesOf('dev', dataDir).instance.replace('dev-', '');
}

/** Everything outside its data folder that a Patchpanel there has made and that is there now, sockets included. */
export async function tracesOf(dataDir: string): Promise<string[]> {
  const suffix = markOf(dataDir);
  const links = JSON.parse((await run('ip', ['-j', 'link'])).stdout) as {
    ifname: string;
    ifalias?: string;
  }[];
  const tables = (await run('nft', ['list', 'tables'])).stdout.split('\n');
  return [
    ...links.filter(({ ifalias = '' }) => ifalias.includes(suffix)).map(({ ifname }) => `link ${ifname}`),
    ...tables.filter((line) => line.includes(suffix)),
    ...processesIn(dataDir).map(({ command }) => `process ${command}`),
    ...foldersOf(dataDir)
      .map((name) => join(dataDir, 'patchpanel', name, 'run'))
      .filter((folder) => existsSync(folder))
      .map((folder) => `folder ${folder}`),
  ];
}

/** Names of the Patchpanels that have a folder in a data folder. */
export function foldersOf(dataDir: string): string[] {
  const folder = join(dataDir, 'patchpanel');
  return existsSync(folder) ? readdirSync(folder) : [];
}
