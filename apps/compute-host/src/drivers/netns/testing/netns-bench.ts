import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { z } from 'zod';
import type { DriverProbe, Machine, MachineDriver, MachineStatus, VnicDevice } from '../../driver.ts';
import { DriverError, type DriverErrorCode } from '../../driver-error.ts';
import { argumentsOf, identifyProcess, pidsOfUser, signalProcess } from '../../process-identity.ts';
import { waitUntil } from '../../wait-until.ts';

/** Like a DynamicUser: a number without an entry in /etc/passwd. */
const unprivilegedUid = 47_321;

/** The netns driver in a process of its own, seen through a pipe. */
export interface NetnsDriverProcess extends MachineDriver {
  readonly pid: number;
  readonly warnings: readonly string[];
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
}

/**
 * A world-readable folder with the bundled driver in it and a private state folder for its unprivileged user. As root the driver
 * runs as a user of its own, otherwise as the tests' user.
 */
export class NetnsBench {
  readonly folder: string;
  readonly stateDir: string;
  readonly uid: number;
  readonly #node: string;
  readonly #processes: NetnsDriverProcess[] = [];

  private constructor(folder: string, uid: number, node: string) {
    this.folder = folder;
    this.stateDir = join(folder, 'state');
    this.uid = uid;
    this.#node = node;
  }

  static async make(): Promise<NetnsBench> {
    const folder = await mkdtemp(join(tmpdir(), 'patchpanel-netns-'));
    const uid = process.getuid?.() === 0 ? unprivilegedUid : (process.getuid?.() ?? unprivilegedUid);
    await chmod(folder, 0o755);
    await build({
      entryPoints: [join(import.meta.dirname, 'driver-process.ts')],
      outfile: join(folder, 'driver-process.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    const bench = new NetnsBench(folder, uid, await nodeForEverybody(folder));
    await mkdir(bench.stateDir, { mode: 0o700 });
    await chown(bench.stateDir, uid, uid);
    return bench;
  }

  /** A file that only the driver's user can read, as its token file is. */
  async writePrivateFile(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, text, { mode: 0o600 });
    await chown(file, this.uid, this.uid);
    return file;
  }

  /**
   * Starts a driver process.
   * @param options.inherit descriptor of ours → the number on which the driver process shall find it
   * @param options.wrap a command to run it under
   */
  async open(
    options: {
      readonly inherit?: ReadonlyMap<number, number>;
      readonly env?: Readonly<Record<string, string>>;
      readonly wrap?: readonly string[];
    } = {},
  ): Promise<NetnsDriverProcess> {
    const command = [
      ...this.asUser(),
      ...(options.wrap ?? []),
      this.#node,
      join(this.folder, 'driver-process.mjs'),
    ];
    const stdio: ('pipe' | 'ignore' | number)[] = ['pipe', 'pipe', 'pipe'];
    for (const [ours, theirs] of options.inherit ?? []) {
      while (stdio.length < theirs) stdio.push('ignore');
      stdio[theirs] = ours;
    }
    const child = spawn('env', [...command, this.stateDir], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], ...options.env },
      stdio,
    });
    const driver = await talkTo(child);
    this.#processes.push(driver);
    return driver;
  }

  /** The words that run a command as the driver's user. */
  asUser(): string[] {
    if (process.getuid?.() === this.uid) return [];
    return [
      'setpriv',
      '--reuid',
      `${this.uid}`,
      '--regid',
      `${this.uid}`,
      '--clear-groups',
      '--no-new-privs',
    ];
  }

  /** The bench's processes that are machines, from the kernel's view. */
  machinePids(): number[] {
    return pidsOfUser(this.uid).filter((pid) => argumentsOf(pid).includes(join(this.stateDir, 'machine.sh')));
  }

  async clear(): Promise<void> {
    for (const driver of this.#processes.splice(0)) await driver.kill();
    await waitUntil(
      () => {
        const left = this.machinePids().map(identifyProcess);
        for (const identity of left) if (identity !== undefined) signalProcess(identity, 'SIGKILL');
        return left.length === 0 ? true : undefined;
      },
      { what: 'no machine is left', deadlineMs: 10_000, everyMs: 5, signal: new AbortController().signal },
    );
    await rm(this.folder, { recursive: true, force: true });
  }
}

const answerSchema = z.union([
  z.object({ opened: z.number() }),
  z.object({ warning: z.string() }),
  z.object({ id: z.number(), error: z.object({ code: z.string(), message: z.string() }) }),
  z.object({ id: z.number(), result: z.unknown().optional() }),
]);

async function talkTo(child: ChildProcess): Promise<NetnsDriverProcess> {
  const { stdin, stdout, stderr, pid } = child;
  if (stdin === null || stdout === null || stderr === null || pid === undefined)
    throw new Error('no driver process');
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  const warnings: string[] = [];
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let complaints = '';
  let requests = 0;
  stderr.on('data', (chunk) => (complaints += String(chunk)));
  stdin.on('error', () => {});
  child.once('exit', () => {
    const gone = new Error(`the driver process is gone: ${complaints}`);
    opened.reject(gone);
    for (const { reject } of pending.values()) reject(gone);
    ended.resolve();
  });
  createInterface({ input: stdout }).on('line', (line) => {
    const answer = answerSchema.parse(JSON.parse(line));
    if ('opened' in answer) opened.resolve();
    else if ('warning' in answer) warnings.push(answer.warning);
    else if ('error' in answer) {
      // The code came from a DriverError, or is "unexpected", which no test expects.
      pending
        .get(answer.id)
        ?.reject(new DriverError(answer.error.code as DriverErrorCode, answer.error.message));
    } else pending.get(answer.id)?.resolve(answer.result);
  });
  function ask<Result>(verb: string, ...parameters: unknown[]): Promise<Result> {
    requests += 1;
    const reply = Promise.withResolvers<Result>();
    // The process at the other end is our own driver: its answers have the types of its methods.
    pending.set(requests, reply as PromiseWithResolvers<unknown>);
    stdin?.write(`${JSON.stringify({ id: requests, verb, parameters })}\n`);
    return reply.promise;
  }
  await opened.promise;
  return {
    name: 'netns',
    pid,
    warnings,
    probe: () => ask<DriverProbe>('probe'),
    list: () => ask<MachineStatus[]>('list'),
    inspect: (instanceId) => ask<MachineStatus>('inspect', instanceId),
    prepare: (machine: Machine) => ask<VnicDevice[]>('prepare', machine),
    start: (machine, wired) => ask<undefined>('start', machine, wired),
    stop: (instanceId, options) => ask<undefined>('stop', instanceId, options),
    destroy: (instanceId) => ask<undefined>('destroy', instanceId),
    async close() {
      stdin.end();
      await ended.promise;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended.promise;
    },
  };
}

/** This node, or a copy of it where others can't get at it, as in a checkout that only root may enter. */
async function nodeForEverybody(folder: string): Promise<string> {
  for (let path = process.execPath; path !== '/'; path = dirname(path)) {
    const isOpen = ((await stat(path)).mode & constants.S_IXOTH) !== 0;
    if (!isOpen) {
      const copy = join(folder, 'node');
      await copyFile(process.execPath, copy, constants.COPYFILE_FICLONE);
      await chmod(copy, 0o755);
      return copy;
    }
  }
  return process.execPath;
}
