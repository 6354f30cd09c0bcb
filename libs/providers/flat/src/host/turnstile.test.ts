import { expect, test } from 'vitest';
import { createTurnstile } from './turnstile.ts';

test('tasks pass one at a time in their order, also after one that fails', async () => {
  const turnstile = createTurnstile();
  const seen: string[] = [];
  const task =
    (name: string, fails = false) =>
    async () => {
      seen.push(`${name} in`);
      await Promise.resolve();
      seen.push(`${name} out`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    turnstile.pass(task('one')),
    turnstile.pass(task('two', true)),
    turnstile.pass(task('three')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['one in', 'one out', 'two in', 'two out', 'three in', 'three out']);
});
