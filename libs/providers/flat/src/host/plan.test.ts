import { ProviderError, identityOf } from '@patchpanel/provider';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyWiring } from '../testing/arbitraries.ts';
import { wiringOf } from '../testing/machines.ts';
import { broadcastOf, isOnLink, linkLocalOf } from './addresses.ts';
import { planOf } from './desired.ts';
import { networkLabel, parseLabel, vnicLabel } from './labels.ts';
import {
  bridgeName,
  hostEndName,
  hostEndOfChain,
  receivingChain,
  routeMetric,
  sendingChain,
  tableName,
} from './names.ts';

describe('names', () => {
  test('fit a link, differ by kind and follow the random tail of an id', () => {
    fc.assert(
      fc.property(fc.uuid({ version: 7 }), fc.uuid({ version: 7 }), (one, two) => {
        for (const name of [bridgeName(one), hostEndName(one)]) expect(name).toMatch(/^pp[nv][0-9a-f]{12}$/);
        expect(bridgeName(one)).not.toBe(hostEndName(one));
        expect(bridgeName(one) === bridgeName(two)).toBe(one.slice(-12) === two.slice(-12));
        expect(hostEndOfChain(sendingChain(hostEndName(one)))).toBe(hostEndName(one));
        expect(hostEndOfChain(receivingChain(hostEndName(one)))).toBe(hostEndName(one));
      }),
    );
  });

  test('of tables differ for different instances', () => {
    const instance = fc.stringMatching(/^[a-z0-9-]{1,24}$/);
    fc.assert(
      fc.property(instance, instance, (one, two) => {
        expect(tableName(one) === tableName(two)).toBe(one === two);
      }),
    );
    expect(() => tableName('Über')).toThrow(RangeError);
  });

  test('of links inside give each its own route metric', () => {
    expect(['eth0', 'eth1', 'net', 'ens12'].map(routeMetric)).toEqual([100, 101, 100, 112]);
  });
});

describe('labels', () => {
  const instance = 'a'.repeat(24);

  test('say everything of a wiring and fit an alias', () => {
    fc.assert(
      fc.property(anyWiring, ({ attachment }) => {
        const identity = identityOf(attachment);
        const label = vnicLabel(instance, identity);
        expect(label.length).toBeLessThanOrEqual(255);
        expect(parseLabel(label)).toEqual({ kind: 'vnic', instance, identity });
        expect(parseLabel(networkLabel(instance, identity.networkId))).toEqual({
          kind: 'network',
          instance,
          networkId: identity.networkId,
        });
      }),
    );
  });

  test.each([undefined, '', 'docker0', 'patchpanel:x:network:nonsense', 'patchpanel:x:vnic:1:2:3:4:5'])(
    'are not seen in %j',
    (alias) => {
      expect(parseLabel(alias)).toBeUndefined();
    },
  );
});

describe('addresses', () => {
  test('a link-local address is made of the MAC (RFC 4291, appendix A)', () => {
    expect(linkLocalOf('34:56:78:9a:bc:de')).toBe('fe80::3656:78ff:fe9a:bcde');
    expect(linkLocalOf('02:00:00:00:00:01')).toBe('fe80::ff:fe00:1');
  });

  test('a prefix has a broadcast address unless it is a point-to-point one', () => {
    expect(broadcastOf('192.0.2.9', 24)).toBe('192.0.2.255');
    expect(broadcastOf('192.0.2.9', 30)).toBe('192.0.2.11');
    expect(broadcastOf('192.0.2.9', 31)).toBeUndefined();
    expect(broadcastOf('192.0.2.9', 32)).toBeUndefined();
  });

  test('a gateway is on the link when it is in the prefix, or link-local', () => {
    expect(isOnLink('192.0.2.254', '192.0.2.1', 24)).toBe(true);
    expect(isOnLink('198.51.100.1', '192.0.2.1', 32)).toBe(false);
    expect(isOnLink('fe80::1', '2001:db8::1', 64)).toBe(true);
    expect(isOnLink('2001:db8:1::1', '2001:db8::1', 64)).toBe(false);
  });
});

describe('a plan', () => {
  const device = { kind: 'namespace', pid: 4711, interfaceName: 'eth0' } as const;
  const wiring = wiringOf(1, device);

  test('has the link-local address exactly when there is IPv6', () => {
    expect(planOf(wiring).addresses.map(({ ipAddress }) => ipAddress)).toEqual([
      '192.0.2.1',
      '2001:db8::1',
      'fe80::fe:ff:fe00:1',
    ]);
    const { attachment } = wiring;
    const withoutIpv6 = {
      ...wiring,
      attachment: { ...attachment, fixedIps: attachment.fixedIps.slice(0, 1) },
    };
    expect(planOf(withoutIpv6).addresses).toEqual([{ ipAddress: '192.0.2.1', prefixLength: 24 }]);
  });

  test('takes the first gateway of each IP version', () => {
    const fixedIps = [
      ...wiring.attachment.fixedIps,
      { ipAddress: '10.0.0.1', prefixLength: 24, gatewayIp: '10.0.0.254' },
    ];
    const plan = planOf({ ...wiring, attachment: { ...wiring.attachment, fixedIps } });
    expect(plan.routes.map(({ gatewayIp }) => gatewayIp)).toEqual(['192.0.2.254', '2001:db8::fe']);
  });

  test("prefers the attachment's MTU to the document's", () => {
    expect(planOf(wiring).mtu).toBe(1500);
    expect(planOf({ ...wiring, attachment: { ...wiring.attachment, mtu: 1400 } }).mtu).toBe(1400);
  });

  test.each([
    ['a device of kind none', { device: { kind: 'none' as const } }, 'device-unsupported'],
    ['a link called lo', { device: { ...device, interfaceName: 'lo' } }, 'device-refused'],
    ['a link name with a space', { device: { ...device, interfaceName: 'eth0 up' } }, 'device-refused'],
    ['a link name with a line break', { device: { ...device, interfaceName: 'a\nlink' } }, 'device-refused'],
    ['a document without an MTU', { wiring: { version: 1, document: {} } }, 'wiring-invalid'],
    ['a document with more', { wiring: { version: 1, document: { mtu: 1500, vlan: 7 } } }, 'wiring-invalid'],
    [
      'a group MAC',
      { attachment: { ...wiring.attachment, macAddress: '01:00:00:00:00:01' } },
      'wiring-invalid',
    ],
    [
      'a MAC with more',
      { attachment: { ...wiring.attachment, macAddress: '02:00:00:00:00:01 accept' } },
      'wiring-invalid',
    ],
    ['an id that is none', { attachment: { ...wiring.attachment, vnicId: 'x' } }, 'wiring-invalid'],
    [
      'an address that is none',
      { attachment: { ...wiring.attachment, fixedIps: [{ ipAddress: '192.0.2.1 }', prefixLength: 24 }] } },
      'wiring-invalid',
    ],
    [
      'an IPv4 prefix that is too long',
      { attachment: { ...wiring.attachment, fixedIps: [{ ipAddress: '192.0.2.1', prefixLength: 33 }] } },
      'wiring-invalid',
    ],
  ])('refuses %s', (_, change, code) => {
    const planning = () => planOf({ ...wiring, ...change });
    expect(planning).toThrow(ProviderError);
    expect(planning).toThrow(expect.objectContaining({ code }));
  });
});
