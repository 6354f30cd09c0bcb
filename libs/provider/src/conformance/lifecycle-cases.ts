import assert from 'node:assert/strict';
import { isProviderError } from '../errors.ts';
import type { NetworkLifecycle, NetworkState, ServerProvider } from '../server.ts';
import { deepFreeze, type EngineSubject, type ServerCase, type ServerSubject } from './server-subject.ts';

/** What the kit tries a lifecycle with. */
interface Trial {
  readonly lifecycle: NetworkLifecycle;
  readonly engine: EngineSubject;
  /** States of two networks, each with a subnet. */
  readonly states: readonly [NetworkState, NetworkState];
}

const forever = () => new AbortController().signal;

/** What every server half with a lifecycle must do; one without passes. */
export const lifecycleCases: readonly ServerCase[] = [
  lifecycleCase('ensures a network, and changes nothing when the same is ensured again', async (trial) => {
    const { lifecycle, engine, states } = trial;
    const [state] = states;
    await lifecycle.ensure(state, forever());
    assert.deepEqual(await engine.networks(), [state.network.id]);
    const made = await engine.inspect(state.network.id);
    assert.notEqual(made, undefined);
    await lifecycle.ensure(state, forever());
    assert.deepEqual(await engine.inspect(state.network.id), made);
  }),
  lifecycleCase(
    'brings a network to its newest state from any older one',
    async ({ lifecycle, engine, states }) => {
      const [state] = states;
      const { id } = state.network;
      const newest = { ...state, subnets: [], generation: state.generation + 7 };
      await lifecycle.ensure(newest, forever());
      const direct = await engine.inspect(id);
      await lifecycle.remove(state.network, forever());
      await lifecycle.ensure(state, forever());
      assert.notDeepEqual(await engine.inspect(id), direct, 'the subnet makes no difference');
      await lifecycle.ensure(newest, forever());
      assert.deepEqual(await engine.inspect(id), direct);
    },
  ),
  lifecycleCase('never lets an older state overwrite a newer one', async ({ lifecycle, engine, states }) => {
    const [state] = states;
    const { id } = state.network;
    const newer = { ...state, subnets: [], generation: state.generation + 1 };
    await lifecycle.ensure(newer, forever());
    const made = await engine.inspect(id);
    // It may refuse an older one, or pass over it.
    await lifecycle.ensure(state, forever()).catch(requireProviderError);
    assert.deepEqual(await engine.inspect(id), made, 'an older generation overwrote a newer one');
    const restored = { ...state, epoch: state.epoch + 1, generation: 1 };
    await lifecycle.ensure(restored, forever());
    const remade = await engine.inspect(id);
    assert.notDeepEqual(remade, made, 'a newer epoch is not heard');
    await lifecycle.ensure(newer, forever()).catch(requireProviderError);
    assert.deepEqual(await engine.inspect(id), remade, 'an older epoch overwrote a newer one');
  }),
  lifecycleCase('removes a network, and succeeds on what is gone or never was', async (trial) => {
    const { lifecycle, engine, states } = trial;
    const [kept, removed] = states;
    await lifecycle.remove(removed.network, forever());
    for (const state of states) await lifecycle.ensure(state, forever());
    const left = await engine.inspect(kept.network.id);
    await lifecycle.remove(removed.network, forever());
    await lifecycle.remove(removed.network, forever());
    assert.deepEqual(await engine.networks(), [kept.network.id]);
    assert.deepEqual(await engine.inspect(kept.network.id), left, 'removing one disturbed the other');
  }),
  lifecycleCase('stops when aborted, and goes on from there when asked again', async (trial) => {
    const { lifecycle, engine, states } = trial;
    const [state] = states;
    await assert.rejects(async () => lifecycle.ensure(state, AbortSignal.abort()));
    await lifecycle.ensure(state, forever());
    assert.deepEqual(await engine.networks(), [state.network.id]);
    await assert.rejects(async () => lifecycle.remove(state.network, AbortSignal.abort()));
    await lifecycle.remove(state.network, forever());
    assert.deepEqual(await engine.networks(), []);
  }),
  lifecycleCase(
    'says in public words that its engine fails, and succeeds once it is mended',
    async (trial) => {
      const { lifecycle, engine, states } = trial;
      const [state] = states;
      await engine.breakDown();
      await fails(lifecycle.ensure(state, forever()));
      await fails(lifecycle.remove(state.network, forever()));
      await engine.mend();
      await lifecycle.ensure(state, forever());
      assert.deepEqual(await engine.networks(), [state.network.id]);
    },
  ),
];

function lifecycleCase(name: string, run: (trial: Trial) => Promise<void>): ServerCase {
  return {
    name,
    run: async (subject) => {
      const { lifecycle } = subject.provider;
      if (lifecycle !== undefined) await run(trialOf(subject, subject.provider, lifecycle));
    },
  };
}

function trialOf(subject: ServerSubject, provider: ServerProvider, lifecycle: NetworkLifecycle): Trial {
  const { engine, valid } = subject;
  assert.ok(engine, 'the subject of a provider with a lifecycle offers no engine to look at');
  const [one, other] = valid.map(({ network, subnet }): NetworkState => {
    const allocations = Object.fromEntries(provider.capabilities().pools.map(({ name, min }) => [name, min]));
    return deepFreeze({ network: { ...network, allocations }, subnets: [subnet], epoch: 1, generation: 3 });
  });
  assert.ok(one && other && one.network.id !== other.network.id, 'the subject does not offer two networks');
  return { lifecycle, engine, states: [one, other] };
}

async function fails(promise: Promise<void>): Promise<void> {
  await assert.rejects(promise, (error) => {
    requireProviderError(error);
    return true;
  });
}

function requireProviderError(error: unknown): void {
  assert.ok(isProviderError(error), `expected a ProviderError, got ${String(error)}`);
  const codes: readonly string[] = ['fenced', 'engine-unavailable', 'engine-refused'];
  assert.ok(
    codes.includes(error.code),
    `a lifecycle fails with one of ${codes.join(', ')}, not ${error.code}`,
  );
  assert.notEqual(error.message, '');
}
