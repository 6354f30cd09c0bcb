import type { ProviderStatus, VnicKey, WiringProblem } from '@patchpanel/contract-agent';
import {
  type ProviderError,
  type DesiredWiring,
  type Difference,
  type HostProvider,
  type Leftover,
  type MissingRequirement,
  type ObservedWiring,
  type ProviderLogger,
  type WiringIdentity,
} from '@patchpanel/provider';
import { keyText, type Attachment, type Order, type WiringRecord } from './record.ts';
import { toProviderDevice } from './devices.ts';
import { Slots } from './turns.ts';

/** A wiring could not be made, proven or taken down; `problem` is for compute. */
export class WiringFailure extends Error {
  override readonly name = 'WiringFailure';
  readonly problem: WiringProblem;

  constructor(problem: WiringProblem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }
}

export interface HostProvidersOptions {
  readonly providers: ReadonlyMap<string, HostProvider>;
  readonly logger: ProviderLogger;
  /** At most so many calls into providers at once. */
  readonly parallel: number;
  /** Longest time that one call may take. */
  readonly deadlineMilliseconds: number;
}

/** The host halves of this host's providers: called with deadlines, few at a time, their failures in the agent API's words. */
export class HostProviders {
  readonly #providers: ReadonlyMap<string, HostProvider>;
  readonly #missing = new Map<string, readonly MissingRequirement[]>();
  readonly #logger: ProviderLogger;
  readonly #slots: Slots;
  readonly #deadlineMilliseconds: number;

  constructor(options: HostProvidersOptions) {
    this.#providers = options.providers;
    this.#logger = options.logger;
    this.#slots = new Slots(options.parallel);
    this.#deadlineMilliseconds = options.deadlineMilliseconds;
  }

  /** Asks every provider what it lacks. */
  async probe(): Promise<void> {
    for (const [name, provider] of this.#providers) {
      const missing = await provider.probe();
      this.#missing.set(name, missing);
      for (const { what, remedy, isRequired } of missing) {
        this.#logger[isRequired ? 'error' : 'warn'](
          { provider: name, what, remedy },
          'provider lacks something',
        );
      }
    }
  }

  status(): ProviderStatus[] {
    return [...this.#providers.keys()].map((name) => {
      const missing = this.#missing.get(name) ?? [];
      return {
        name,
        ready: !missing.some(({ isRequired }) => isRequired),
        missing: missing.map(({ what, remedy }) => `${what}: ${remedy}`.slice(0, 500)).slice(0, 100),
      };
    });
  }

  /** Wires, and returns what was read back once that is what was to be. Throws `WiringFailure`. */
  async ensure(desired: DesiredWiring, providerName: string, signal: AbortSignal): Promise<ObservedWiring> {
    const provider = this.#get(providerName);
    const observed = await this.#call(provider, signal, (bounded) => provider.ensure(desired, bounded));
    const mistake = departure(desired, observed);
    if (mistake !== undefined) {
      throw new WiringFailure({ code: 'wiring-failed', detail: `Read back from the kernel: ${mistake}.` });
    }
    return observed;
  }

  /** Takes down; a provider that is not there any more can't, which is said. Throws `WiringFailure`. */
  async remove(identity: WiringIdentity, providerName: string, signal: AbortSignal): Promise<void> {
    const provider = this.#get(providerName);
    await this.#call(provider, signal, (bounded) => provider.remove(identity, bounded));
  }

  /** Throws `WiringFailure`. */
  async check(
    desired: DesiredWiring,
    providerName: string,
    signal: AbortSignal,
  ): Promise<readonly Difference[]> {
    const provider = this.#get(providerName);
    return this.#call(provider, signal, (bounded) => provider.check(desired, bounded));
  }

  /** Every wiring of this agent that is in the kernel, with its provider's name. */
  async list(): Promise<{ readonly provider: string; readonly identity: WiringIdentity }[]> {
    const lists = await Promise.all(
      [...this.#providers].map(async ([provider, half]) =>
        (await half.list()).map((identity) => ({ provider, identity })),
      ),
    );
    return lists.flat();
  }

  /** The wirings of one vNIC that are in the kernel. */
  async find(key: VnicKey): Promise<{ readonly provider: string; readonly identity: WiringIdentity }[]> {
    return (await this.list()).filter(({ identity }) => keyText(identity) === keyText(key));
  }

  async gc(valid: readonly WiringIdentity[], options: { readonly dryRun: boolean }): Promise<Leftover[]> {
    const found: Leftover[] = [];
    for (const provider of this.#providers.values()) found.push(...(await provider.gc(valid, options)));
    return found;
  }

  #get(name: string): HostProvider {
    const provider = this.#providers.get(name);
    if (provider !== undefined) return provider;
    throw new WiringFailure({
      code: 'provider-unavailable',
      detail: `This host has no provider "${name}": add it to the agent's configuration.`,
    });
  }

  /**
   * Throws `WiringFailure` when the provider is not there or lacks what it needs. One that lacked something is asked
   * again first: somebody may have installed it.
   */
  async ready(name: string): Promise<void> {
    const provider = this.#get(name);
    const lacks = (missing: readonly MissingRequirement[] | undefined) =>
      missing?.filter(({ isRequired }) => isRequired) ?? [];
    if (lacks(this.#missing.get(name)).length === 0) return;
    const missing = await provider.probe();
    this.#missing.set(name, missing);
    if (lacks(missing).length === 0) return;
    const detail = lacks(missing)
      .map(({ what, remedy }) => `${what} (${remedy})`)
      .join(', ');
    throw new WiringFailure({
      code: 'provider-unavailable',
      detail: `Provider "${name}" lacks on this host: ${detail}.`,
    });
  }

  #call<Answer>(
    provider: HostProvider,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    return this.#slots.run(async () => {
      signal.throwIfAborted();
      const deadline = AbortSignal.timeout(this.#deadlineMilliseconds);
      try {
        return await work(AbortSignal.any([signal, deadline]));
      } catch (error) {
        signal.throwIfAborted();
        throw explain(provider, error, deadline.aborted);
      }
    });
  }
}

/** The full desired state of a record, in the provider SPI's words. */
export function desiredWiring(
  attachment: Attachment,
  order: Extract<Order, { kind: 'ensure' }>,
): DesiredWiring {
  const { projectId, vnicId, portId, networkId, macAddress, epoch, generation } = attachment;
  const { adminState, fixedIps, wiring } = attachment;
  const { placement } = order;
  const identity = { projectId, vnicId, portId, networkId, epoch, generation, placement };
  return {
    attachment: { ...identity, macAddress, adminState, fixedIps },
    wiring,
    device: toProviderDevice(order.device),
  };
}

/** What is to be wired, and by which provider. */
export interface Desired {
  readonly wiring: DesiredWiring;
  readonly provider: string;
}

/** What a record that has all that it takes wants. */
export function desiredOf({ order, hold }: WiringRecord): Desired | undefined {
  if (order.kind !== 'ensure' || hold === undefined) return undefined;
  return { wiring: desiredWiring(hold.attachment, order), provider: hold.attachment.provider };
}

/** What of the read-back can't be: the provider's word alone is not taken for `active`. */
function departure({ attachment, device }: DesiredWiring, observed: ObservedWiring): string | undefined {
  if (observed.macAddress.toLowerCase() !== attachment.macAddress) {
    return `MAC address ${observed.macAddress}, not ${attachment.macAddress}`;
  }
  if (keyText(observed.identity) !== keyText(attachment)) return `the wiring of another vNIC`;
  const { epoch, generation, placement } = observed.identity;
  if (
    epoch !== attachment.epoch ||
    generation !== attachment.generation ||
    placement !== attachment.placement
  ) {
    return `generation ${generation} and placement ${placement}, not ${attachment.generation} and ${attachment.placement}`;
  }
  if (device.kind !== 'namespace') return undefined;
  const lacking = attachment.fixedIps
    .map(({ ipAddress, prefixLength }) => `${ipAddress}/${prefixLength}`)
    .filter((address) => !observed.addresses.includes(address));
  return lacking.length > 0 ? `addresses ${lacking.join(', ')} are missing` : undefined;
}

const codes = {
  fenced: 'stale-placement',
  'device-refused': 'device-refused',
  'device-unsupported': 'device-refused',
  'wiring-invalid': 'provider-unavailable',
  'name-taken': 'wiring-failed',
  'command-failed': 'wiring-failed',
  'not-converged': 'wiring-failed',
  'engine-unavailable': 'provider-unavailable',
  'engine-refused': 'wiring-failed',
} as const;

function explain(provider: HostProvider, error: unknown, isLate: boolean): WiringFailure {
  if (error instanceof WiringFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  // A provider may be a bundle with a copy of the error's class in it: its name and code tell.
  const code =
    error instanceof Error && error.name === 'ProviderError' && 'code' in error ? error.code : undefined;
  if (isProviderErrorCode(code)) {
    return new WiringFailure({ code: codes[code], detail: message.slice(0, 1000) }, { cause: error });
  }
  const what = isLate ? 'did not finish in time' : 'failed in a way that it does not foresee';
  const detail = `Provider "${provider.name}" ${what}: ${message}`.slice(0, 1000);
  return new WiringFailure({ code: 'wiring-failed', detail }, { cause: error });
}

function isProviderErrorCode(code: unknown): code is ProviderError['code'] {
  return typeof code === 'string' && Object.hasOwn(codes, code);
}
