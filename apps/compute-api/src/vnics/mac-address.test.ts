import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isUnicast, randomMacAddress } from './mac-address.ts';

it('generated addresses are locally administered unicast ones, and differ', () => {
  const made = Array.from({ length: 1000 }, randomMacAddress);
  for (const macAddress of made) expect(macAddress).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(made.every(isUnicast)).toBe(true);
  expect(new Set(made).size).toBe(made.length);
});

it('addresses with the group bit, and zero, are no unicast addresses', () => {
  const hex = (byte: number) => byte.toString(16).padStart(2, '0');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      const isGroup = (bytes[0] ?? 0) % 2 === 1;
      const isZero = bytes.every((byte) => byte === 0);
      expect(isUnicast([...bytes].map(hex).join(':'))).toBe(!isGroup && !isZero);
    }),
  );
  expect(isUnicast('00:00:00:00:00:00')).toBe(false);
});
