import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { defaultLimits } from '../model/quotas.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const provider = fileURLToPath(
  new URL('../../../../../libs/providers/simulated/src/server.ts', import.meta.url),
);
const startSeconds = 60;

/** `PATCHPANEL_QUOTA_SECURITY_GROUPS=4` and so on. */
const quotaSettings = Object.fromEntries(
  Object.entries(defaultLimits).map(([resource, limit]) => [
    `PATCHPANEL_QUOTA_${resource.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
    String(limit),
  ]),
);

/** Where a running replica serves. */
export interface Address {
  readonly replica: string;
  readonly public: string;
  readonly southbound: string;
}

export interface ReplicaSettings {
  /** A PostgreSQL for all of them, or the folder of the embedded database of the only one. */
  readonly database: { readonly url: string } | { readonly folder: string };
  readonly jwksFile: string;
  readonly issuer: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A process of network-api that is started, killed and started again. */
export class Replica {
  readonly name: string;
  readonly #settings: ReplicaSettings;
  #process: ChildProcess | undefined;
  #address: Address | undefined;
  /** What it said that should not have to be said, newest last. */
  readonly complaints: string[] = [];

  constructor(name: string, settings: ReplicaSettings) {
    this.name = name;
    this.#settings = settings;
  }

  /** Undefined while it is down or not yet up. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Starts the process, and resolves once both its listeners are open. */
  async start(): Promise<void> {
    const { database, jwksFile, issuer, environment } = this.#settings;
    const child = spawn(process.execPath, [main], {
      env: {
        ...environment,
        PATCHPANEL_LISTEN: '127.0.0.1:0',
        PATCHPANEL_SOUTHBOUND_LISTEN: '127.0.0.1:0',
        PATCHPANEL_JWKS_FILE: jwksFile,
        PATCHPANEL_ISSUER: issuer,
        PATCHPANEL_PROVIDERS: provider,
        PATCHPANEL_ADDRESS_REST_SECONDS: '0',
        // Nobody takes over what a host has: agents are slow to speak where the machine is.
        PATCHPANEL_AGENT_SILENCE_SECONDS: '86400',
        ...quotaSettings,
        ...('url' in database
          ? { DATABASE_URL: database.url, PATCHPANEL_DATABASE_POOL_SIZE: '8' }
          : { PATCHPANEL_DATA_DIR: database.folder }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const { promise: listening, resolve } = Promise.withResolvers<Address>();
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line, resolve));
    createInterface({ input: child.stderr }).on('line', (line) => this.#complain(line));
    const deadline = AbortSignal.timeout(startSeconds * 1000);
    const ended = once(child, 'exit', { signal: deadline }).then(() => undefined);
    const address = await Promise.race([listening, ended]);
    if (!address)
      throw new Error(`replica ${this.name} ended before it served:\n${this.complaints.join('\n')}`);
    ended.catch(() => undefined);
    this.#address = address;
  }

  /** As a crash does it: at once, whatever is under way. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As an operator does it: what was accepted is finished. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#address = undefined;
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #hear(line: string, resolve: (address: Address) => void): void {
    // A line that a kill has cut off is no JSON.
    const said = /^\{.*\}$/.test(line) ? (JSON.parse(line) as Record<string, unknown>) : {};
    if (said['msg'] === 'listening')
      resolve({
        replica: this.name,
        public: String(said['public']),
        southbound: String(said['southbound']),
      });
    if (Number(said['level'] ?? 0) >= 50) this.#complain(line);
  }

  #complain(line: string): void {
    this.complaints.push(line.slice(0, 2_000));
    if (this.complaints.length > 20) this.complaints.shift();
  }
}

/** All replicas, and somebody who kills them and starts them again. */
export class Replicas {
  readonly #replicas: readonly Replica[];
  readonly #restarts = new Map<Replica, Promise<void>>();
  #waiting: (() => void)[] = [];

  constructor(names: readonly string[], settings: ReplicaSettings) {
    this.#replicas = names.map((name) => new Replica(name, settings));
  }

  get complaints(): string[] {
    return this.#replicas.flatMap(({ name, complaints }) => complaints.map((line) => `${name}: ${line}`));
  }

  get areServing(): boolean {
    return this.#replicas.every(({ address }) => address !== undefined);
  }

  async start(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.start()));
    this.#wake();
  }

  /** One that serves, as `choice` falls; waits for one while all are down. */
  async choose(choice: number): Promise<Address> {
    for (;;) {
      const up = this.#replicas.flatMap(({ address }) => address ?? []);
      const chosen = up[choice % Math.max(up.length, 1)];
      if (chosen) return chosen;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Kills a replica and starts it again, in the background; one that is being started is left to that. */
  killAndRestart(choice: number): boolean {
    const replica = this.#replicas[choice % this.#replicas.length];
    if (!replica || this.#restarts.has(replica)) return false;
    const restart = replica
      .kill()
      .then(() => replica.start())
      .finally(() => {
        this.#restarts.delete(replica);
        this.#wake();
      });
    this.#restarts.set(replica, restart);
    // Whoever waits for it hears of a failure; until then it is nobody's.
    restart.catch(() => undefined);
    return true;
  }

  /** Waits until all are up again. Fails when one could not be started. */
  async settle(): Promise<void> {
    await Promise.all(this.#restarts.values());
    const down = this.#replicas.filter(({ address }) => !address);
    if (down.length > 0)
      throw new Error(
        `did not come back: ${down.map(({ name }) => name).join(', ')}\n${this.complaints.join('\n')}`,
      );
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#restarts.values());
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
