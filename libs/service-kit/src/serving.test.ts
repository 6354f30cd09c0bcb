import type { ServerResponse } from 'node:http';
import { expect, it, vi } from 'vitest';
import type { Lifetime } from './lifetime.ts';
import { silentLogger } from './logger.ts';
import { serve } from './serving.ts';

const address = { host: '127.0.0.1', port: 0 };

/** A side whose requests are answered only when the test says so. */
function slowSide() {
  const arrived = Promise.withResolvers<ServerResponse>();
  return {
    arrived: arrived.promise,
    side: { address, app: (_request: unknown, response: ServerResponse) => arrived.resolve(response) },
  };
}

const isRefused = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(200) }).then(
    () => false,
    (error: unknown) => error instanceof TypeError,
  );

it('stops taking requests on both sides at once, also while one is busy on each', async () => {
  const steps: (() => Promise<void> | void)[] = [];
  const lifetime: Lifetime = {
    stopping: new AbortController().signal,
    onStop: (_name, step) => void steps.push(step),
    stop: () => Promise.resolve(),
  };
  const [users, hosts] = [slowSide(), slowSide()];
  const listeners = await serve(
    { public: users.side, southbound: hosts.side },
    { lifetime, logger: silentLogger() },
  );
  const answers = [fetch(listeners.public.url), fetch(listeners.southbound.url)];
  const busy = await Promise.all([users.arrived, hosts.arrived]);
  const stopping = (async () => {
    for (const step of steps.toReversed()) await step();
  })();
  try {
    await vi.waitUntil(
      async () => (await isRefused(listeners.public.url)) && (await isRefused(listeners.southbound.url)),
      { timeout: 3_000 },
    );
  } finally {
    for (const response of busy) response.end('done');
    await stopping;
  }
  for (const answer of answers) expect(await (await answer).text()).toBe('done');
});
