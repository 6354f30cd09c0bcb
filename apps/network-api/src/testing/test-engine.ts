import type { NetworkLifecycle, NetworkState } from '@patchpanel/provider';

/** A call that an engine has got. */
export interface EngineCall {
  readonly verb: 'ensure' | 'remove';
  readonly networkId: string;
  /** 0 for a removal. */
  readonly generation: number;
}

/** Somewhere that a test's networks are realised. */
export interface TestEngine extends NetworkLifecycle {
  /** What there is, by network. */
  readonly networks: Map<string, NetworkState>;
  /** Every call, oldest first. */
  readonly calls: EngineCall[];
  /** Networks about which two calls ever ran at once. */
  readonly overlaps: Set<string>;
  /** Runs before a call has its effect: may throw, or take its time. */
  before: (call: EngineCall, signal: AbortSignal) => void | Promise<void>;
  /** Runs after it: may throw all the same. */
  after: (call: EngineCall) => void;
}

/** Makes an engine with nothing in it. */
export function testEngine(): TestEngine {
  const underWay = new Set<string>();
  const take = async (call: EngineCall, signal: AbortSignal, effect: () => void) => {
    if (underWay.has(call.networkId)) engine.overlaps.add(call.networkId);
    underWay.add(call.networkId);
    try {
      engine.calls.push(call);
      await engine.before(call, signal);
      effect();
      engine.after(call);
    } finally {
      underWay.delete(call.networkId);
    }
  };
  const engine: TestEngine = {
    networks: new Map(),
    calls: [],
    overlaps: new Set(),
    before: () => undefined,
    after: () => undefined,
    ensure: (state, signal) => {
      const { id: networkId } = state.network;
      return take({ verb: 'ensure', networkId, generation: state.generation }, signal, () => {
        engine.networks.set(networkId, structuredClone(state));
      });
    },
    remove: ({ id: networkId }, signal) =>
      take({ verb: 'remove', networkId, generation: 0 }, signal, () => {
        engine.networks.delete(networkId);
      }),
  };
  return engine;
}

/** Settles with the reason of the signal when that is aborted, and not before: a call that hangs. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  return promise;
}
