import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { choosePorts, portsFrom } from './ports.ts';

test('two stacks that start at the same time get different ports, long before either listens', async () => {
  const chosen = await Promise.all([choosePorts('free'), choosePorts('free'), choosePorts('free')]);
  const numbers = chosen.flatMap(({ ports }) => Object.values(ports));
  expect(new Set(numbers).size).toBe(12);
  for (const { release } of chosen) await release();
});

test('a base is refused while another stack or program has one of its ports, and can be had after that', async () => {
  const base = 22_300;
  const first = await choosePorts(base);
  expect(first.ports).toEqual(portsFrom(base));
  await expect(choosePorts(base)).rejects.toThrow('port 22301, 22302, 22401, 22402 is taken');
  await first.release();
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(base + 2, '127.0.0.1', resolve));
  await expect(choosePorts(base)).rejects.toThrow('port 22302 is taken');
  await new Promise((resolve) => stranger.close(resolve));
  await (await choosePorts(base)).release();
});
