import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Patchpanel, type PatchpanelOptions } from '@patchpanel/sdk';
import type { TokenOffice, UserIdentity } from './identity/tokens.ts';
import type { Release } from './lock.ts';
import type { Mode } from './mode.ts';
import type { Places } from './places.ts';
import { clearPlaces, prepare, type Prepared, type StackOptions } from './preparation.ts';
import { purgeKernel } from './processes/agent-purge.ts';
import { configurationOf, programOf, urlOf, type Surroundings } from './processes/configuration.ts';
import { ManagedProcess } from './processes/managed-process.ts';
import { until } from './processes/until.ts';
import type { ProcessName, Users } from './processes/users.ts';
import { type Progress, silently } from './progress.ts';
import { endMachines, findMachines } from './proof/machines.ts';
import { startCounting, stopCounting } from './proof/separation.ts';

const startSeconds = 60;
const tokenRenewalMs = 6 * 60 * 60 * 1000;

/**
 * A whole Patchpanel on this machine: two services, an agent and a host, each a process of its own user.
 *
 * ```ts
 * const stack = await Stack.start({ mode, places, dist, keepState: false });
 * try {
 *   await stack.patchpanel().network.networks.create({ name: 'blue' });
 * } finally {
 *   await stack.close();
 * }
 * ```
 */
export class Stack {
  readonly mode: Mode;
  readonly places: Places;
  readonly users: Users | undefined;
  readonly networkUrl: string;
  readonly networkSouthboundUrl: string;
  readonly computeUrl: string;
  readonly tokens: TokenOffice;
  readonly #surroundings: Surroundings;
  readonly #options: StackOptions;
  readonly #processes = new Map<ProcessName, ManagedProcess>();
  readonly #release: Release;
  #user: UserIdentity | undefined;
  #renewal: NodeJS.Timeout | undefined;

  private constructor(options: StackOptions, { surroundings, tokens, release }: Prepared) {
    this.mode = options.mode;
    this.places = options.places;
    this.users = surroundings.users;
    this.networkUrl = urlOf(surroundings.ports.network);
    this.networkSouthboundUrl = urlOf(surroundings.ports.networkSouthbound);
    this.computeUrl = urlOf(surroundings.ports.compute);
    this.tokens = tokens;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#release = release;
  }

  /**
   * Heals what an earlier run left, then starts everything. When something does not come up, all is undone and the
   * error says what the process said last.
   */
  static async start(options: StackOptions): Promise<Stack> {
    const { places, progress = silently } = options;
    const prepared = await prepare(options, progress);
    const stack = new Stack(options, prepared);
    try {
      const { users, ports } = prepared.surroundings;
      if (users !== undefined) await startCounting(places.instance, users, ports);
      await stack.#startAll(progress);
      return stack;
    } catch (error) {
      const complaints = options.signal?.aborted === true ? '' : stack.complaints();
      const undone = await stack.close().then(
        () => '',
        (trouble: unknown) => `\nand while undoing: ${messageOf(trouble)}`,
      );
      throw new Error(`${messageOf(error)}${complaints}${undone}`, { cause: error });
    }
  }

  async #startAll(progress: Progress): Promise<void> {
    if (this.users !== undefined) await purgeKernel(this.#surroundings);
    const start = (name: ProcessName) =>
      progress(name, async (say) => {
        this.#options.signal?.throwIfAborted();
        await this.start(name);
        say(this.describe(name));
      });
    // Neither service needs the other, so both start at once; what fails first is told once both have settled.
    const services = await Promise.allSettled([start('network-api'), start('compute-api')]);
    for (const result of services) if (result.status === 'rejected') throw result.reason;
    await start('network-agent');
    await start('compute-host');
    this.#options.signal?.throwIfAborted();
    this.#user = await this.tokens.issueUserTokens();
    writeFileSync(this.places.userEnvironment, this.#userEnvironment(this.#user), { mode: 0o600 });
    const renew = () =>
      this.tokens
        .writeServiceTokens()
        .catch((error: unknown) => process.emitWarning(`tokens were not renewed: ${messageOf(error)}`));
    this.#renewal = setInterval(() => void renew(), tokenRenewalMs).unref();
  }

  /** Who the stack's user is. */
  get user(): UserIdentity {
    if (this.#user === undefined) throw new Error('the stack has not started');
    return this.#user;
  }

  /** The SDK with the user's tokens. */
  patchpanel(options: Omit<PatchpanelOptions, 'network' | 'compute'> = {}): Patchpanel {
    return new Patchpanel({
      network: { url: this.networkUrl, token: this.user.networkToken },
      compute: { url: this.computeUrl, token: this.user.computeToken },
      ...options,
    });
  }

  /** A process of the stack. */
  process(name: ProcessName): ManagedProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`${name} was not started`);
    return found;
  }

  /** The processes that have been started, running or not. */
  get processes(): readonly ManagedProcess[] {
    return [...this.#processes.values()];
  }

  /** What the processes have warned of, for people: the reason of a failure is often another process's. */
  complaints(): string {
    return this.processes
      .map((process) => [process.name, process.complaints()] as const)
      .filter(([, complaints]) => complaints !== '')
      .map(([name, complaints]) => `\n  ${name} has said:\n${complaints}`)
      .join('');
  }

  /**
   * Starts one process (again) and waits until it is ready.
   *
   * @param extra more environment than its own configuration, to try what happens then.
   */
  async start(name: ProcessName, extra: Readonly<Record<string, string>> = {}): Promise<void> {
    const { places, programs, users } = this.#surroundings;
    const started = await ManagedProcess.start({
      name,
      node: programs.node,
      program: programOf(name, programs),
      env: { ...configurationOf(name, this.#surroundings), ...extra },
      ...(users === undefined ? {} : { uid: users[name] }),
      logFile: join(places.logs, `${name}.log`),
      pidFile: join(places.pids, `${name}.json`),
    });
    this.#processes.set(name, started);
    const message = name === 'compute-host' ? 'following' : 'listening';
    await started.logged(`to say "${message}"`, ({ msg }) => msg === message, startSeconds * 1000);
    const url = { 'network-api': this.networkUrl, 'compute-api': this.computeUrl }[name as string];
    if (url !== undefined) await untilReady(started, url);
  }

  /** A machine's process on this host, waited for briefly. */
  async machine(instanceId: string): Promise<number> {
    const users = this.users;
    if (users === undefined) throw new Error('simulated machines have no process');
    const folder = this.places.folderOf('compute-host');
    const find = () =>
      findMachines(users['compute-host'], folder).find((one) => one.instanceId === instanceId)?.pid;
    return until(`a process of instance ${instanceId}`, find, { timeoutMs: 5_000 });
  }

  /** Stops everything and removes what it made, in the kernel and on disk. What fails does not keep the rest from it. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    const { users, places } = this;
    const stop = (name: ProcessName) => async () => this.#processes.get(name)?.stop();
    const steps: (() => unknown)[] = [
      stop('compute-host'),
      () => users && endMachines(users['compute-host'], places.folderOf('compute-host')),
      stop('network-agent'),
      stop('compute-api'),
      stop('network-api'),
      () => users && purgeKernel(this.#surroundings),
      () => users && stopCounting(places.instance),
      () => clearPlaces(this.#options),
      this.#release,
    ];
    const troubles: string[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        troubles.push(messageOf(error));
      }
    }
    if (troubles.length > 0) throw new Error(troubles.join('\n'));
  }

  /** Where a process is to be found, for people. */
  describe(name: ProcessName): string {
    const { ports } = this.#surroundings;
    const places = {
      'network-api': `${this.networkUrl}, for agents :${ports.networkSouthbound}`,
      'compute-api': `${this.computeUrl}, for hosts :${ports.computeSouthbound}`,
      'network-agent': this.places.agentSocket,
      'compute-host': `${this.#surroundings.hostName}, driver ${this.mode.driver}`,
    };
    const user = this.users === undefined ? '' : ` (user ${this.users[name]})`;
    return `${places[name]}${user}`;
  }

  #userEnvironment({ networkToken, computeToken }: UserIdentity): string {
    return [
      `export PATCHPANEL_NETWORK_URL=${this.networkUrl}`,
      `export PATCHPANEL_NETWORK_TOKEN=${networkToken}`,
      `export PATCHPANEL_COMPUTE_URL=${this.computeUrl}`,
      `export PATCHPANEL_COMPUTE_TOKEN=${computeToken}`,
      '',
    ].join('\n');
  }
}

async function untilReady(process: ManagedProcess, url: string): Promise<void> {
  await until(
    `${process.name} to be ready`,
    async () => {
      if (!process.isRunning) throw process.died();
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => undefined,
      );
      return response?.ok === true ? true : undefined;
    },
    { timeoutMs: startSeconds * 1000 },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
