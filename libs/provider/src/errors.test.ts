import { expect, test } from 'vitest';
import { isProviderError, ProviderError, refuseOlder } from './errors.ts';

test('a failure is recognised also when it comes from a bundled provider with a class of its own', () => {
  class Copy extends Error {
    override readonly name = 'ProviderError';
    readonly code = 'fenced';
  }
  expect(isProviderError(new ProviderError('fenced', 'older'))).toBe(true);
  expect(isProviderError(new Copy('older'))).toBe(true);
  expect(isProviderError(new Error('other'))).toBe(false);
  expect(isProviderError({ name: 'ProviderError', code: 'fenced' })).toBe(false);
});

test('an older order is refused with both fences named; the same and a newer one pass', () => {
  const wired = { epoch: 1, generation: 2, placement: 3 };
  expect(() => refuseOlder({ ...wired, placement: 2 }, wired)).toThrow(
    /placement 2, but .*placement 3 is wired and newer/,
  );
  expect(() => refuseOlder(wired, wired)).not.toThrow();
  expect(() => refuseOlder({ ...wired, generation: 3 }, wired)).not.toThrow();
});
