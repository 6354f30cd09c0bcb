import {
  ProviderError,
  type NetworkLifecycle,
  type NetworkState,
  type ProviderErrorCode,
} from '@patchpanel/provider';

/** A call that the engine has got. */
export type EngineCall =
  | { readonly verb: 'ensure'; readonly networkId: string; readonly generation: number }
  | { readonly verb: 'remove'; readonly networkId: string };

/** How an engine behaves, for tests. */
export interface EngineOptions {
  /**
   * Runs before each call has its effect: what it throws is the call's failure, and as long as it takes, the call hangs (but
   * ends when its signal says so).
   */
  readonly beforeCall?: (call: EngineCall, signal: AbortSignal) => void | Promise<void>;
  /** Runs when a call has had its effect; what it throws is the call's failure all the same, as when an answer is lost. */
  readonly afterCall?: (call: EngineCall) => void | Promise<void>;
}

/** Somewhere that networks are realised: a map instead of an engine's database. */
export interface SimulatedEngine extends NetworkLifecycle {
  /** What there is, by network. */
  readonly networks: ReadonlyMap<string, NetworkState>;
  /** Every call, oldest first. */
  readonly calls: readonly EngineCall[];
}

/** A failure as an engine has them, for `beforeCall` and `afterCall`. */
export function engineFailure(
  detail: string,
  code: Extract<ProviderErrorCode, 'engine-unavailable' | 'engine-refused'> = 'engine-unavailable',
): ProviderError {
  return new ProviderError(code, detail);
}

/** Makes an engine with nothing in it. */
export function createSimulatedEngine({ beforeCall, afterCall }: EngineOptions = {}): SimulatedEngine {
  const networks = new Map<string, NetworkState>();
  const calls: EngineCall[] = [];
  const take = async (call: EngineCall, signal: AbortSignal, effect: () => void): Promise<void> => {
    signal.throwIfAborted();
    calls.push(call);
    if (beforeCall) await unlessAborted(signal, beforeCall(call, signal));
    effect();
    await afterCall?.(call);
  };
  return {
    networks,
    calls,
    ensure: (state, signal) => {
      const { network, generation } = state;
      return take({ verb: 'ensure', networkId: network.id, generation }, signal, () => {
        const there = networks.get(network.id);
        if (there !== undefined) refuseOlderState(state, there);
        networks.set(network.id, structuredClone(state));
      });
    },
    remove: ({ id }, signal) =>
      take({ verb: 'remove', networkId: id }, signal, () => void networks.delete(id)),
  };
}

function refuseOlderState(wanted: NetworkState, there: NetworkState): void {
  const age = wanted.epoch - there.epoch || wanted.generation - there.generation;
  if (age >= 0) return;
  throw new ProviderError(
    'fenced',
    `The engine has generation ${there.generation} of epoch ${there.epoch}, which is newer than generation ${wanted.generation} of epoch ${wanted.epoch}.`,
  );
}

async function unlessAborted(signal: AbortSignal, work: void | Promise<void>): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, aborted]);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
