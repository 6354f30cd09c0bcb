import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, formatCidr, formatIp, parseCidr, parseIp, storedCidr, storedIp } from './ip.ts';

describe('addresses', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
  ])('%s is %s', (text, canonical) => {
    const parsed = parseIp(text);
    expect(parsed.isValid && formatIp(parsed.value.version, parsed.value.value)).toBe(canonical);
  });

  it.each([
    '010.0.0.1',
    '10.0.0.01',
    '10.0.1',
    '10.0.0.256',
    '10.0.0.1/24',
    ' 10.0.0.1',
    '0x0a000001',
    '::ffff:10.0.0.5',
    '::ffff:a00:5',
    '64:ff9b::10.0.0.5',
    'fe80::1%eth0',
    '2001:db8::1/64',
    '2001:db8::1::2',
    'localhost',
    '',
  ])('"%s" is refused', (text) => {
    expect(parseIp(text).isValid).toBe(false);
  });

  it('survive being written and read again', () => {
    const ip = fc.oneof(
      fc.record({ version: fc.constant(4 as const), value: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }) }),
      fc.record({
        version: fc.constant(6 as const),
        value: fc.bigInt({ min: 2n ** 48n, max: 2n ** 128n - 1n }),
      }),
    );
    fc.assert(
      fc.property(ip, ({ version, value }) => {
        const text = formatIp(version, value);
        expect(parseIp(text)).toEqual({ isValid: true, value: { version, value } });
        expect(storedIp(text)).toEqual({ version, value });
      }),
    );
  });
});

describe('prefixes', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['2001:DB8:0::/64', '2001:db8::/64'],
    ['10.0.0.1/32', '10.0.0.1/32'],
  ])('%s is %s', (text, canonical) => {
    const parsed = parseCidr(text);
    expect(parsed.isValid && formatCidr(parsed.value)).toBe(canonical);
    expect(parsed.isValid && storedCidr(canonical)).toEqual(parsed.isValid && parsed.value);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/024',
    '10.0.0.0/24/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '::ffff:0:0/96',
  ])('"%s" is refused', (text) => {
    expect(parseCidr(text).isValid).toBe(false);
  });

  it('with host bits are refused with the prefix that was perhaps meant', () => {
    expect(parseCidr('10.0.0.7/24')).toMatchObject({
      isValid: false,
      reason: expect.stringContaining('10.0.0.0/24'),
    });
  });

  it('contain their addresses and no others', () => {
    const cidr = storedCidr('10.0.0.0/30');
    expect(contains(cidr, storedIp('10.0.0.3'))).toBe(true);
    expect(contains(cidr, storedIp('10.0.0.4'))).toBe(false);
    expect(contains(cidr, storedIp('::a00:1'))).toBe(false);
  });
});
