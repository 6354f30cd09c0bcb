import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce, type CoalescingOptions, type Outcome } from './coalescing.ts';

/** Batches that end when the test says so. */
function held<Request>(options: Partial<CoalescingOptions<Request, Request>> = {}) {
  const batches: { requests: readonly Request[]; end: (outcomes?: Outcome<Request>[]) => void }[] = [];
  const sizes: number[] = [];
  const ask = coalesce<Request, Request>({
    run: (requests) =>
      new Promise((resolve) => {
        const all = requests.map((answer) => ({ answer }));
        batches.push({ requests, end: (outcomes = all) => resolve(outcomes) });
      }),
    lanes: 1,
    onBatch: (size) => sizes.push(size),
    ...options,
  });
  return { ask, batches, sizes, contents: () => batches.map(({ requests }) => requests) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe('requests that come at the same time', () => {
  it('go together, and those that come while a batch is in flight gather into the next', async () => {
    const { ask, batches, contents, sizes } = held<number>();
    const first = [ask(1), ask(2)];
    await turn();
    const second = [ask(3), ask(4), ask(5)];
    await turn();
    expect(contents()).toEqual([[1, 2]]);
    batches[0]?.end();
    expect(await Promise.all(first)).toEqual([1, 2]);
    await turn();
    expect(contents()).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    batches[1]?.end();
    expect(await Promise.all(second)).toEqual([3, 4, 5]);
    expect(sizes).toEqual([2, 3]);
  });

  it('never run in two batches at once when they have one key, while others pass them by', async () => {
    const { ask, batches, contents } = held<string>({ keyOf: (request) => request.charAt(0), lanes: 2 });
    const asked = [ask('a1')];
    await turn();
    asked.push(ask('a2'), ask('b1'));
    await turn();
    asked.push(ask('b2'), ask('c1'));
    await turn();
    expect(contents()).toEqual([['a1'], ['b1']]);
    batches[1]?.end();
    await turn();
    expect(contents().slice(2)).toEqual([['b2', 'c1']]);
    batches[0]?.end();
    await turn();
    expect(contents().slice(3)).toEqual([['a2']]);
    for (const { end } of batches) end();
    expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
  });

  it('are kept apart by key where batches do not mix', async () => {
    const { ask, batches, contents } = held<string>({
      keyOf: (request) => request.charAt(0),
      mixesKeys: false,
    });
    const asked = ['a1', 'b1', 'a2'].map(ask);
    await turn();
    batches[0]?.end();
    await turn();
    batches[1]?.end();
    await Promise.all(asked);
    expect(contents()).toEqual([['a1', 'a2'], ['b1']]);
  });

  it('fill a batch up to its weight in their order, and one that is heavier goes alone', async () => {
    const { ask, batches, contents } = held<number>({ weightOf: (request) => request, maximumWeight: 10 });
    const asked = [6, 5, 1, 30, 2].map(ask);
    for (let index = 0; index < 4; index++) {
      await turn();
      batches[index]?.end();
    }
    await Promise.all(asked);
    expect(contents()).toEqual([[6], [5, 1], [30], [2]]);
  });

  it('are asked again before later ones when they were postponed', async () => {
    const { ask, batches, contents } = held<number>();
    const asked = [ask(1), ask(2)];
    await turn();
    asked.push(ask(3));
    batches[0]?.end([{ answer: 1 }, 'postponed']);
    await turn();
    batches[1]?.end();
    expect(await Promise.all(asked)).toEqual([1, 2, 3]);
    expect(contents()).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });
});

describe('one request of a batch', () => {
  it('is refused without touching the others', async () => {
    const { ask, batches } = held<number>();
    const asked = Promise.allSettled([ask(1), ask(2)]);
    await turn();
    batches[0]?.end([{ refusal: new Error('not 1') }, { answer: 2 }]);
    expect(await asked).toMatchObject([
      { status: 'rejected', reason: { message: 'not 1' } },
      { status: 'fulfilled', value: 2 },
    ]);
  });

  it('that brings the whole batch down fails alone: each is run again by itself', async () => {
    const runs: number[][] = [];
    const ask = coalesce<number, number>({
      run: (requests) => {
        runs.push([...requests]);
        if (requests.includes(13)) return Promise.reject(new Error('13 is bad'));
        return Promise.resolve(requests.map((answer) => ({ answer })));
      },
    });
    const asked = await Promise.allSettled([12, 13, 14].map(ask));
    expect(asked).toMatchObject([{ value: 12 }, { reason: { message: '13 is bad' } }, { value: 14 }]);
    expect(runs).toEqual([[12, 13, 14], [12], [13], [14]]);
  });

  it('is not run again when the database is out of reach', async () => {
    let runs = 0;
    const ask = coalesce<number, number>({
      run: () => {
        runs++;
        return Promise.reject(Object.assign(new Error('shutting down'), { code: '57P01' }));
      },
    });
    const asked = await Promise.allSettled([1, 2, 3].map(ask));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(runs).toBe(1);
  });
});

it('every request gets its own answer exactly once, in batches within bounds, in the order of its key', async () => {
  const request = fc.record({ key: fc.constantFrom('a', 'b', 'c'), weight: fc.integer({ min: 1, max: 12 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(request, fc.nat(3)), { maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (plan, lanes, mixesKeys) => {
        const inFlight = new Set<string>();
        const started: string[] = [];
        let running = 0;
        let serial = 0;
        const ask = coalesce<{ id: string; key: string; weight: number; postponements: number }, string>({
          keyOf: ({ key }) => key,
          weightOf: ({ weight }) => weight,
          maximumWeight: 10,
          lanes,
          mixesKeys,
          run: async (requests) => {
            const keys = new Set(requests.map(({ key }) => key));
            expect([...keys].some((key) => inFlight.has(key))).toBe(false);
            expect(++running).toBeLessThanOrEqual(lanes);
            if (!mixesKeys) expect(keys.size).toBe(1);
            if (requests.length > 1) {
              expect(requests.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(10);
            }
            for (const key of keys) inFlight.add(key);
            await turn();
            for (const key of keys) inFlight.delete(key);
            running--;
            return requests.map((one, index) => {
              if (index > 0 && one.postponements-- > 0) return 'postponed';
              started.push(one.id);
              return { answer: one.id };
            });
          },
        });
        const asked = plan.map(async ([{ key, weight }, postponements], index) => {
          if (index % 5 === 0) await turn();
          const id = `${key}${serial++}`;
          expect(await ask({ id, key, weight, postponements })).toBe(id);
        });
        await Promise.all(asked);
        expect(started.toSorted()).toEqual([...new Set(started)].toSorted());
        expect(started).toHaveLength(plan.length);
      },
    ),
    { numRuns: 60 },
  );
});
