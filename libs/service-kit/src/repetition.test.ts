import { afterEach, expect, it } from 'vitest';
import { silentLogger } from './logger.ts';
import { repeat, type Repetition } from './repetition.ts';

const logger = silentLogger();
let repetition: Repetition | undefined;
afterEach(() => repetition?.stop());

/** Work that the test lets go on, round by round. */
function steppedWork() {
  const rounds: { end: () => void; fail: (error: Error) => void }[] = [];
  return {
    rounds,
    work: () =>
      new Promise<void>((resolve, reject) => {
        rounds.push({ end: resolve, fail: reject });
      }),
  };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

it('does a first round at once, and one more for all that woke it meanwhile', async () => {
  const { rounds, work } = steppedWork();
  repetition = repeat({ name: 'test', everySeconds: 3600, logger, work });
  expect(rounds).toHaveLength(1);
  repetition.wake();
  repetition.wake();
  expect(rounds).toHaveLength(1);
  rounds[0]?.end();
  await settle();
  expect(rounds).toHaveLength(2);
  rounds[1]?.end();
  await settle();
  expect(rounds).toHaveLength(2);
  repetition.wake();
  expect(rounds).toHaveLength(3);
  rounds[2]?.end();
});

it('goes on by itself, also after a round that failed', async () => {
  let rounds = 0;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  repetition = repeat({
    name: 'test',
    everySeconds: 0.001,
    logger,
    work: () => {
      rounds += 1;
      if (rounds === 3) resolve(undefined);
      return Promise.reject(new Error('failed on purpose'));
    },
  });
  await promise;
});

it('has ended when stop resolves: the round under way is waited for, and none follows', async () => {
  const { rounds, work } = steppedWork();
  repetition = repeat({ name: 'test', everySeconds: 0.001, logger, work });
  let hasStopped = false;
  const stopping = repetition.stop().then(() => {
    hasStopped = true;
  });
  repetition.wake();
  await settle();
  expect(hasStopped).toBe(false);
  rounds[0]?.end();
  await stopping;
  repetition.wake();
  await settle();
  expect(rounds).toHaveLength(1);
});
