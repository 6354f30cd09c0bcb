import { expect, test } from 'vitest';
import { waitFor, type Wait } from './wait-for.ts';

function counting(reached: number, hopelessAt = Infinity): Wait<number> {
  let count = 0;
  return {
    what: `the count to reach ${reached}`,
    read: async () => (count += 1),
    until: (value) => value >= reached,
    describe: (value) => `the count was ${value}`,
    hopeless: (value) => (value >= hopelessAt ? 'somebody stopped counting' : undefined),
  };
}

test('the value that was waited for is given back', async () => {
  expect(await waitFor(counting(3))).toBe(3);
});

test('a wait that takes too long says what it was stuck at', async () => {
  await expect(waitFor(counting(1000), { timeoutMs: 120 })).rejects.toMatchObject({
    code: 'wait-timed-out',
    stuckAt: expect.stringMatching(/^the count was \d$/),
    message: expect.stringMatching(
      /^Waited 0\.1 s for the count to reach 1000; when last looked at, the count was/,
    ),
  });
});

test('a wait that can no longer succeed ends at once', async () => {
  await expect(waitFor(counting(1000, 2))).rejects.toMatchObject({
    code: 'wait-hopeless',
    message: 'Waiting for the count to reach 1000 is of no use: somebody stopped counting.',
  });
});

test('a look that hangs does not outlast the wait', async () => {
  const hanging: Wait<number> = {
    ...counting(1),
    read: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
  };
  await expect(waitFor(hanging, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'wait-timed-out',
    stuckAt: 'nothing was seen yet',
  });
});

test('a signal ends a wait', async () => {
  const controller = new AbortController();
  const wait = waitFor(counting(1000), { signal: controller.signal });
  setTimeout(() => controller.abort(), 30);
  await expect(wait).rejects.toMatchObject({ code: 'aborted', name: 'AbortError' });
});
