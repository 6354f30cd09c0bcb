import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, storedCidr } from './ip.ts';
import { isInRanges } from './range-sets.ts';
import type { SubnetAddressing, SubnetChange } from './subnet-change.ts';
import { changePlan, planSubnet, type PlanResult, type SubnetPlan } from './subnet-plan.ts';
import { usableRange } from './usable.ts';

/** What a plan says of addresses, in words. */
function inWords(result: PlanResult) {
  if (!result.isValid) return result.issues;
  const { cidr, gateway, pools, dhcp } = result.plan;
  const text = (value: bigint) => formatIp(cidr.version, value);
  return {
    gateway: gateway === undefined ? undefined : text(gateway),
    server: dhcp.server === undefined ? undefined : text(dhcp.server),
    pools: pools.map(({ first, last }) => `${text(first)}-${text(last)}`),
  };
}

function planOf(input: SubnetAddressing): SubnetPlan {
  const result = planSubnet(input);
  if (!result.isValid) throw new Error(JSON.stringify(result.issues));
  return result.plan;
}

describe('a new subnet', () => {
  it.each<[SubnetAddressing, string | undefined, string | undefined, string[]]>([
    [{ cidr: '10.0.0.0/24' }, '10.0.0.1', '10.0.0.254', ['10.0.0.2-10.0.0.253']],
    [{ cidr: '10.0.0.0/24', dhcpEnabled: false }, '10.0.0.1', undefined, ['10.0.0.2-10.0.0.254']],
    [{ cidr: '10.0.0.0/24', gatewayIp: null }, undefined, '10.0.0.254', ['10.0.0.1-10.0.0.253']],
    [
      { cidr: '10.0.0.0/24', gatewayIp: '10.0.0.9' },
      '10.0.0.9',
      '10.0.0.254',
      ['10.0.0.1-10.0.0.8', '10.0.0.10-10.0.0.253'],
    ],
    [{ cidr: '10.0.0.0/24', gatewayIp: '10.0.0.254' }, '10.0.0.254', '10.0.0.253', ['10.0.0.1-10.0.0.252']],
    [
      { cidr: '10.0.0.0/24', dhcpServerIp: '10.0.0.3' },
      '10.0.0.1',
      '10.0.0.3',
      ['10.0.0.2-10.0.0.2', '10.0.0.4-10.0.0.254'],
    ],
    [{ cidr: '10.0.0.0/29' }, '10.0.0.1', '10.0.0.6', ['10.0.0.2-10.0.0.5']],
    [{ cidr: '10.0.0.0/30' }, '10.0.0.1', undefined, ['10.0.0.2-10.0.0.2']],
    [
      { cidr: '10.0.0.0/30', gatewayIp: null, dhcpEnabled: true },
      undefined,
      '10.0.0.2',
      ['10.0.0.1-10.0.0.1'],
    ],
    [{ cidr: '10.0.0.0/31' }, undefined, undefined, ['10.0.0.0-10.0.0.1']],
    [{ cidr: '10.0.0.0/31', gatewayIp: '10.0.0.0' }, '10.0.0.0', undefined, ['10.0.0.1-10.0.0.1']],
    [{ cidr: '10.0.0.7/32' }, undefined, undefined, ['10.0.0.7-10.0.0.7']],
    [
      { cidr: '2001:db8::/64' },
      '2001:db8::1',
      '2001:db8::fdff:ffff:ffff:ff7f',
      [
        '2001:db8::2-2001:db8::fdff:ffff:ffff:ff7e',
        '2001:db8::fdff:ffff:ffff:ff80-2001:db8::ffff:ffff:ffff:ffff',
      ],
    ],
    [
      { cidr: '2001:db8::/64', ipv6Mode: 'static' },
      '2001:db8::1',
      undefined,
      ['2001:db8::2-2001:db8::ffff:ffff:ffff:ffff'],
    ],
    [
      { cidr: '2001:db8::/120' },
      '2001:db8::1',
      '2001:db8::7f',
      ['2001:db8::2-2001:db8::7e', '2001:db8::80-2001:db8::ff'],
    ],
    [{ cidr: '2001:db8::/121' }, '2001:db8::1', undefined, ['2001:db8::2-2001:db8::7f']],
    [
      { cidr: '2001:db8::/124', ipv6Mode: 'dhcpv6-stateful' },
      '2001:db8::1',
      '2001:db8::f',
      ['2001:db8::2-2001:db8::e'],
    ],
    [{ cidr: '2001:db8::/126' }, '2001:db8::1', undefined, ['2001:db8::2-2001:db8::3']],
    [{ cidr: '2001:db8::/127' }, undefined, undefined, ['2001:db8::-2001:db8::1']],
    [{ cidr: '2001:db8::5/128' }, undefined, undefined, ['2001:db8::5-2001:db8::5']],
    [
      {
        cidr: '10.0.0.0/24',
        allocationPools: [
          { first: '10.0.0.200', last: '10.0.0.254' },
          { first: '10.0.0.10', last: '10.0.0.20' },
        ],
      },
      '10.0.0.1',
      '10.0.0.199',
      ['10.0.0.10-10.0.0.20', '10.0.0.200-10.0.0.254'],
    ],
  ])('of %j has gateway %s, DHCP server %s and pools %j', (input, gateway, server, pools) => {
    expect(inWords(planSubnet(input))).toEqual({ gateway, server, pools });
  });

  const pool = (first: string, last: string) => [{ first, last }];

  it.each<[SubnetAddressing, string]>([
    [{ cidr: '10.0.0.1/24' }, '/cidr'],
    [{ cidr: '224.0.0.0/24' }, '/cidr'],
    [{ cidr: '0.0.0.0/0' }, '/cidr'],
    [{ cidr: '127.0.0.0/24' }, '/cidr'],
    [{ cidr: 'fe80::/64' }, '/cidr'],
    [{ cidr: '::/0' }, '/cidr'],
    [{ cidr: '10.0.0.0/24', gatewayIp: '10.0.1.1' }, '/gatewayIp'],
    [{ cidr: '10.0.0.0/24', gatewayIp: '10.0.0.0' }, '/gatewayIp'],
    [{ cidr: '10.0.0.0/24', gatewayIp: '10.0.0.255' }, '/gatewayIp'],
    [{ cidr: '10.0.0.0/24', gatewayIp: '2001:db8::1' }, '/gatewayIp'],
    [{ cidr: '10.0.0.7/32', gatewayIp: '10.0.0.7' }, '/gatewayIp'],
    [{ cidr: '10.0.0.7/32', dhcpEnabled: true }, '/dhcpEnabled'],
    [{ cidr: '10.0.0.0/30', dhcpEnabled: true }, '/dhcpEnabled'],
    [{ cidr: '2001:db8::5/128', ipv6Mode: 'dhcpv6-stateful' }, '/ipv6Mode'],
    [{ cidr: '10.0.0.0/24', allocationPools: pool('10.0.0.0', '10.0.0.9') }, '/allocationPools/0/first'],
    [{ cidr: '10.0.0.0/24', allocationPools: pool('10.0.0.9', '10.0.1.9') }, '/allocationPools/0/last'],
    [{ cidr: '10.0.0.0/24', allocationPools: pool('10.0.0.9', '10.0.0.5') }, '/allocationPools/0'],
    [{ cidr: '10.0.0.0/24', allocationPools: pool('10.0.0.1', '10.0.0.5') }, '/allocationPools/0'],
    [{ cidr: '10.0.0.0/24', allocationPools: pool('10.0.0.2', '10.0.0.254') }, '/allocationPools'],
    [
      { cidr: '2001:db8::/64', allocationPools: pool('2001:db8::', '2001:db8::5') },
      '/allocationPools/0/first',
    ],
    [
      {
        cidr: '10.0.0.0/24',
        allocationPools: [...pool('10.0.0.2', '10.0.0.9'), ...pool('10.0.0.9', '10.0.0.12')],
      },
      '/allocationPools/1',
    ],
    [{ cidr: '10.0.0.0/24', dhcpServerIp: '10.0.0.1' }, '/dhcpServerIp'],
    [{ cidr: '10.0.0.0/24', dhcpServerIp: '10.0.0.255' }, '/dhcpServerIp'],
    [{ cidr: '10.0.0.0/24', dhcpServerIp: '10.0.0.300' }, '/dhcpServerIp'],
    [{ cidr: '10.0.0.0/24', dhcpEnabled: false, dhcpServerIp: '10.0.0.9' }, '/dhcpServerIp'],
    [{ cidr: '10.0.0.0/24', ipv6Mode: 'static' }, '/ipv6Mode'],
    [{ cidr: '2001:db8::/64', dhcpEnabled: false }, '/dhcpEnabled'],
    [{ cidr: '2001:db8::/64', ipv6Mode: 'static', dhcpServerIp: '2001:db8::9' }, '/dhcpServerIp'],
    [
      { cidr: '10.0.0.0/24', dhcpServerIp: '10.0.0.9', allocationPools: pool('10.0.0.5', '10.0.0.9') },
      '/dhcpServerIp',
    ],
    [{ cidr: '10.0.0.0/24', dnsServers: ['10.0.0.53', '2001:db8::53'] }, '/dnsServers/1'],
    [{ cidr: '10.0.0.0/24', dnsServers: ['10.0.0.53', '10.0.0.53'] }, '/dnsServers/1'],
    [{ cidr: '10.0.0.0/24', dnsServers: ['127.0.0.53'] }, '/dnsServers/0'],
    [{ cidr: '2001:db8::/64', dnsServers: ['2001:db8::53', '2001:DB8:0::53'] }, '/dnsServers/1'],
    [{ cidr: '2001:db8::/64', dnsServers: ['ff02::fb'] }, '/dnsServers/0'],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.1.1' }] },
      '/hostRoutes/0/nextHop',
    ],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '10.1.0.1/16', nextHop: '10.0.0.1' }] },
      '/hostRoutes/0/destination',
    ],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '0.0.0.0/0', nextHop: '10.0.0.1' }] },
      '/hostRoutes/0/destination',
    ],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '10.0.0.128/25', nextHop: '10.0.0.1' }] },
      '/hostRoutes/0/destination',
    ],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '2001:db8::/64', nextHop: '10.0.0.1' }] },
      '/hostRoutes/0/destination',
    ],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '239.1.0.0/16', nextHop: '10.0.0.1' }] },
      '/hostRoutes/0/destination',
    ],
    [
      {
        cidr: '10.0.0.0/24',
        hostRoutes: [
          { destination: '10.1.0.0/16', nextHop: '10.0.0.1' },
          { destination: '10.1.0.0/16', nextHop: '10.0.0.2' },
        ],
      },
      '/hostRoutes/1/destination',
    ],
  ])('of %j is refused at %s', (input, pointer) => {
    expect(inWords(planSubnet(input))).toMatchObject([{ pointer }]);
  });

  it('tells machines of resolvers and routes in canonical form', () => {
    const plan = planOf({
      cidr: '2001:db8::/64',
      dnsServers: ['2001:DB8::0053', 'fe80::1'],
      hostRoutes: [
        { destination: '2001:DB8:1::/48', nextHop: '2001:db8::00aa' },
        { destination: '2001:db8::/32', nextHop: '2001:db8::1' },
      ],
    });
    expect(plan).toMatchObject({
      dnsServers: ['2001:db8::53', 'fe80::1'],
      hostRoutes: [
        { destination: '2001:db8:1::/48', nextHop: '2001:db8::aa' },
        { destination: '2001:db8::/32', nextHop: '2001:db8::1' },
      ],
    });
  });
});

describe('a changed subnet', () => {
  const before = planOf({
    cidr: '10.0.0.0/24',
    allocationPools: [{ first: '10.0.0.10', last: '10.0.0.20' }],
    dnsServers: ['10.0.0.53'],
    hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
  });

  it.each<[SubnetChange, object]>([
    [{}, {}],
    [{ gatewayIp: null }, { gateway: undefined }],
    [{ gatewayIp: '10.0.0.9' }, { gateway: '10.0.0.9' }],
    [{ dhcpEnabled: false }, { server: undefined }],
    [{ dhcpServerIp: '10.0.0.21' }, { server: '10.0.0.21' }],
    [{ allocationPools: [{ first: '10.0.0.2', last: '10.0.0.253' }] }, { pools: ['10.0.0.2-10.0.0.253'] }],
    [
      {
        gatewayIp: '10.0.0.254',
        dhcpServerIp: '10.0.0.1',
        allocationPools: [{ first: '10.0.0.2', last: '10.0.0.253' }],
      },
      { gateway: '10.0.0.254', server: '10.0.0.1', pools: ['10.0.0.2-10.0.0.253'] },
    ],
  ])('by %j becomes %j and stays as it was otherwise', (change, changed) => {
    const was = { gateway: '10.0.0.1', server: '10.0.0.254', pools: ['10.0.0.10-10.0.0.20'] };
    const result = changePlan(before, change);
    expect(inWords(result)).toEqual({ ...was, ...changed });
    expect(result).toMatchObject({ plan: { dnsServers: before.dnsServers, hostRoutes: before.hostRoutes } });
  });

  it('clears lists that are given empty', () => {
    expect(changePlan(before, { dnsServers: [], hostRoutes: [] })).toMatchObject({
      plan: { dnsServers: [], hostRoutes: [] },
    });
  });

  it('whose DHCP is switched on again answers from outside the pools', () => {
    const without = planOf({
      cidr: '10.0.0.0/29',
      dhcpEnabled: false,
      allocationPools: [{ first: '10.0.0.4', last: '10.0.0.6' }],
    });
    expect(inWords(changePlan(without, { dhcpEnabled: true }))).toMatchObject({ server: '10.0.0.3' });
  });

  it.each<[SubnetChange, string]>([
    [{ gatewayIp: '10.0.0.15' }, '/gatewayIp'],
    [{ gatewayIp: '10.0.0.254' }, '/gatewayIp'],
    [{ dhcpServerIp: '10.0.0.15' }, '/dhcpServerIp'],
    [{ dhcpServerIp: '10.0.0.1' }, '/dhcpServerIp'],
    [{ allocationPools: [{ first: '10.0.0.1', last: '10.0.0.20' }] }, '/allocationPools/0'],
    [{ allocationPools: [{ first: '10.0.0.2', last: '10.0.0.254' }] }, '/allocationPools/0'],
    [{ dhcpEnabled: false, dhcpServerIp: '10.0.0.30' }, '/dhcpServerIp'],
    [{ ipv6Mode: 'static' }, '/ipv6Mode'],
    [{ dnsServers: ['10.0.0.053'] }, '/dnsServers/0'],
    [{ hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.255' }] }, '/hostRoutes/0/nextHop'],
  ])('is not changed by %j, which is wrong at %s', (change, pointer) => {
    expect(inWords(changePlan(before, change))).toMatchObject([{ pointer }]);
  });

  it('does not switch DHCP on where no address is left for it', () => {
    const full = planOf({ cidr: '10.0.0.0/29', dhcpEnabled: false });
    expect(inWords(changePlan(full, { dhcpEnabled: true }))).toMatchObject([{ pointer: '/dhcpEnabled' }]);
  });
});

const version = fc.constantFrom<4 | 6>(4, 6);
const cidr = version.chain((ofVersion) =>
  fc
    .tuple(
      fc.integer({ min: ofVersion === 4 ? 20 : 56, max: ofVersion === 4 ? 32 : 128 }),
      fc.bigInt({ min: 0n, max: 2n ** 20n }),
    )
    .map(([length, block]) => {
      const base = ofVersion === 4 ? 10n << 24n : 0x20010db8n << 96n;
      const hostBits = BigInt((ofVersion === 4 ? 32 : 128) - length);
      const within = (block << hostBits) % (ofVersion === 4 ? 1n << 24n : 1n << 96n);
      return `${formatIp(ofVersion, base + within)}/${length}`;
    }),
);
/** Addresses near the ends of a subnet, so that they meet. */
const offset = fc.oneof(fc.bigInt({ min: -3n, max: 8n }), fc.constant(undefined));

function addressAt(prefix: string, at: bigint): string {
  const { version: of, first, last } = storedCidr(prefix);
  return formatIp(of, at < 0n ? last + at + 1n : first + at);
}

const said = cidr.chain((prefix) =>
  fc
    .record({
      gateway: fc.oneof(offset, fc.constant(null)),
      server: offset,
      pool: fc.option(fc.tuple(fc.bigInt({ min: 0n, max: 8n }), fc.bigInt({ min: -8n, max: 8n })), {
        nil: undefined,
      }),
      isDhcpOn: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(({ gateway, server, pool, isDhcpOn }): SubnetAddressing => {
      const isIpv6 = prefix.includes(':');
      return {
        cidr: prefix,
        ...(gateway === undefined ? {} : { gatewayIp: gateway === null ? null : addressAt(prefix, gateway) }),
        ...(server === undefined ? {} : { dhcpServerIp: addressAt(prefix, server) }),
        ...(pool === undefined
          ? {}
          : { allocationPools: [{ first: addressAt(prefix, pool[0]), last: addressAt(prefix, pool[1]) }] }),
        ...(isDhcpOn === undefined
          ? {}
          : isIpv6
            ? { ipv6Mode: isDhcpOn ? 'dhcpv6-stateful' : 'static' }
            : { dhcpEnabled: isDhcpOn }),
      };
    }),
);

function expectSound({ cidr: block, gateway, pools, dhcp }: SubnetPlan): void {
  const usable = usableRange(block);
  const reserved = [gateway, dhcp.server].filter((address) => address !== undefined);
  expect(new Set(reserved).size).toBe(reserved.length);
  for (const address of reserved) {
    expect(isInRanges([usable], address)).toBe(true);
    expect(isInRanges(pools, address)).toBe(false);
  }
  expect(pools.length).toBeGreaterThan(0);
  for (const [index, { first, last }] of pools.entries()) {
    expect(usable.first <= first && first <= last && last <= usable.last).toBe(true);
    const next = pools[index + 1];
    expect(next === undefined || last < next.first).toBe(true);
  }
  expect(dhcp.ipv6Mode !== undefined).toBe(block.version === 6);
  if (block.version === 6) expect(dhcp.server !== undefined).toBe(dhcp.ipv6Mode === 'dhcpv6-stateful');
}

function inTexts({ cidr: { version: of }, gateway, pools, dhcp }: SubnetPlan): SubnetChange {
  const text = (value: bigint) => formatIp(of, value);
  return {
    gatewayIp: gateway === undefined ? null : text(gateway),
    allocationPools: pools.map(({ first, last }) => ({ first: text(first), last: text(last) })),
    ...(dhcp.server === undefined ? {} : { dhcpServerIp: text(dhcp.server) }),
    ...(dhcp.ipv6Mode === undefined
      ? { dhcpEnabled: dhcp.server !== undefined }
      : { ipv6Mode: dhcp.ipv6Mode }),
  };
}

describe('whatever is said of a subnet', () => {
  it('it is refused at a place that was named, or gateway, DHCP server and pools are apart, usable, and not empty', () => {
    fc.assert(
      fc.property(said, (input) => {
        const result = planSubnet(input);
        if (result.isValid) return expectSound(result.plan);
        for (const { pointer } of result.issues) {
          expect(Object.keys(input)).toContain(pointer.split('/')[1]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('saying of it what it is changes nothing, and a plan that was made can be made by saying it', () => {
    fc.assert(
      fc.property(said, (input) => {
        const result = planSubnet(input);
        fc.pre(result.isValid);
        expect(changePlan(result.plan, {})).toEqual(result);
        expect(changePlan(result.plan, inTexts(result.plan))).toEqual(result);
        expect(planSubnet({ cidr: input.cidr, ...inTexts(result.plan) })).toEqual(result);
      }),
    );
  });

  it('a change of it ends in what is sound, too', () => {
    fc.assert(
      fc.property(said, said, (input, { cidr: _, ...change }) => {
        const made = planSubnet(input);
        fc.pre(made.isValid);
        const result = changePlan(made.plan, change);
        if (result.isValid) expectSound(result.plan);
        else
          expect(
            result.issues.every(({ pointer }) => Object.keys(change).includes(pointer.split('/')[1] ?? '')),
          ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
