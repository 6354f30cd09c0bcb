import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ProviderError,
  type Difference,
  type HostContext,
  type HostProvider,
  type ProviderErrorCode,
} from '@patchpanel/provider';
import { build } from 'esbuild';
import { machineUid } from './machines.ts';

/** A user of the tests' own for agents; numeric, without an entry anywhere. */
const agentUid = 61502;

/** One call of a method of a host half. */
export interface AgentRequest {
  readonly id: number;
  readonly context: Omit<HostContext, 'logger'>;
  /** Make the host half anew, as after a restart. */
  readonly fresh: boolean;
  readonly call: readonly [method: keyof HostProvider, ...args: unknown[]];
  readonly aborted: boolean;
}

/** What came of it. */
export interface AgentResponse {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: {
    readonly code?: ProviderErrorCode;
    readonly message: string;
    readonly differences?: readonly Difference[];
  };
}

/** An agent that runs as a user of its own with three ambient capabilities, as in production. */
export interface UnprivilegedAgent {
  /** A host half of this instance. */
  provider(instance: string, options?: { readonly fresh?: boolean }): HostProvider;
  stop(): Promise<void>;
}

const capabilities = '+net_admin,+sys_admin,+sys_ptrace';

/** Starts an agent from a bundle and a node of its own in a world-readable folder: a checkout may be in root's own. */
export async function startUnprivilegedAgent(): Promise<UnprivilegedAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'patchpanel-flat-agent-'));
  await chmod(folder, 0o755);
  const node = join(folder, 'node');
  const bundle = join(folder, 'agent.mjs');
  await Promise.all([
    copyFile(process.execPath, node).then(() => chmod(node, 0o755)),
    build({
      entryPoints: [join(import.meta.dirname, 'agent-process.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    }),
  ]);
  const user = ['--reuid', String(agentUid), '--regid', String(agentUid), '--clear-groups'];
  const child = spawn(
    'setpriv',
    [...user, `--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`, '--no-new-privs', node, bundle],
    { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', env: {} },
  );
  const waiting = new Map<number, (response: AgentResponse) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const response = JSON.parse(line) as AgentResponse;
    waiting.get(response.id)?.(response);
    waiting.delete(response.id);
  });
  let lastId = 0;
  const send = async (request: Omit<AgentRequest, 'id'>): Promise<unknown> => {
    const id = ++lastId;
    const answered = new Promise<AgentResponse>((resolve) => waiting.set(id, resolve));
    child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    const { result, error } = await answered;
    if (error === undefined) return result;
    if (error.code === undefined) throw new Error(error.message);
    throw new ProviderError(error.code, error.message, { differences: error.differences ?? [] });
  };
  return {
    provider: (instance, { fresh = false } = {}) => remoteProvider(instance, fresh, send),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function remoteProvider(
  instance: string,
  startFresh: boolean,
  send: (request: Omit<AgentRequest, 'id'>) => Promise<unknown>,
): HostProvider {
  const context = { instance, host: 'test', runDir: '/nowhere', stateDir: '/nowhere', machineUid };
  let fresh = startFresh;
  // The types of the results are those of the method that was called; JSON in between keeps them.
  const call = async <Method extends Exclude<keyof HostProvider, 'name' | 'spi'>>(
    method: Method,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<HostProvider[Method]>>> => {
    const request = { context, fresh, call: [method, ...args] as const, aborted: signal?.aborted ?? false };
    fresh = false;
    return (await send(request)) as Awaited<ReturnType<HostProvider[Method]>>;
  };
  return {
    name: 'flat',
    spi: { min: 1, max: 1 },
    probe: () => call('probe', []),
    ensure: (wiring, signal) => call('ensure', [wiring], signal),
    remove: (identity, signal) => call('remove', [identity], signal),
    check: (wiring, signal) => call('check', [wiring], signal),
    list: () => call('list', []),
    gc: (validSet, options) => call('gc', [validSet, options]),
    status: () => call('status', []),
  };
}
