import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostNameFor } from './host-name.ts';

test.each([
  ['web-1', 'web-1'],
  ['Web server #1', 'Web-server-1'],
  ['--x--', 'x'],
  ['Ünïcödé', 'n-c-d'],
  ['!!!', 'the-id'],
  ['', 'the-id'],
])('a machine called %j is host %j', (name, hostName) => {
  expect(hostNameFor({ name, instanceId: 'the-id' })).toBe(hostName);
});

test('whatever a machine is called, its host name is one', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (name) => {
      expect(hostNameFor({ name, instanceId: 'the-id' })).toMatch(
        /^[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$/,
      );
    }),
  );
});
