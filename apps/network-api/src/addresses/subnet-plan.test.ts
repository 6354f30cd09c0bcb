import { describe, expect, it } from 'vitest';
import { formatIp } from './ip.ts';
import { planSubnet, type SubnetAddressing } from './subnet-plan.ts';

function planned(input: SubnetAddressing) {
  const result = planSubnet(input);
  if (!result.isValid) return result.issues;
  const { cidr, gateway, pools } = result.plan;
  const text = (value: bigint) => formatIp(cidr.version, value);
  return {
    gateway: gateway === undefined ? undefined : text(gateway),
    pools: pools.map(({ first, last }) => `${text(first)}-${text(last)}`),
  };
}

describe('a subnet', () => {
  it.each<[SubnetAddressing, string | undefined, string[]]>([
    [{ cidr: '10.0.0.0/24' }, '10.0.0.1', ['10.0.0.2-10.0.0.254']],
    [{ cidr: '10.0.0.0/24', gatewayIp: null }, undefined, ['10.0.0.1-10.0.0.254']],
    [
      { cidr: '10.0.0.0/24', gatewayIp: '10.0.0.9' },
      '10.0.0.9',
      ['10.0.0.1-10.0.0.8', '10.0.0.10-10.0.0.254'],
    ],
    [{ cidr: '10.0.0.0/30' }, '10.0.0.1', ['10.0.0.2-10.0.0.2']],
    [{ cidr: '10.0.0.0/31' }, undefined, ['10.0.0.0-10.0.0.1']],
    [{ cidr: '10.0.0.0/31', gatewayIp: '10.0.0.0' }, '10.0.0.0', ['10.0.0.1-10.0.0.1']],
    [{ cidr: '10.0.0.7/32' }, undefined, ['10.0.0.7-10.0.0.7']],
    [{ cidr: '2001:db8::/64' }, '2001:db8::1', ['2001:db8::2-2001:db8::ffff:ffff:ffff:ffff']],
    [{ cidr: '2001:db8::/126' }, '2001:db8::1', ['2001:db8::2-2001:db8::3']],
    [{ cidr: '2001:db8::/127' }, undefined, ['2001:db8::-2001:db8::1']],
    [{ cidr: '2001:db8::5/128' }, undefined, ['2001:db8::5-2001:db8::5']],
    [
      {
        cidr: '10.0.0.0/24',
        allocationPools: [
          { first: '10.0.0.200', last: '10.0.0.210' },
          { first: '10.0.0.10', last: '10.0.0.20' },
        ],
      },
      '10.0.0.1',
      ['10.0.0.10-10.0.0.20', '10.0.0.200-10.0.0.210'],
    ],
  ])('of %j has gateway %s and pools %j', (input, gateway, pools) => {
    expect(planned(input)).toEqual({ gateway, pools });
  });

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
    [
      { cidr: '10.0.0.0/24', allocationPools: [{ first: '10.0.0.0', last: '10.0.0.9' }] },
      '/allocationPools/0/first',
    ],
    [
      { cidr: '10.0.0.0/24', allocationPools: [{ first: '10.0.0.9', last: '10.0.1.9' }] },
      '/allocationPools/0/last',
    ],
    [
      { cidr: '10.0.0.0/24', allocationPools: [{ first: '10.0.0.9', last: '10.0.0.5' }] },
      '/allocationPools/0',
    ],
    [
      { cidr: '10.0.0.0/24', allocationPools: [{ first: '10.0.0.1', last: '10.0.0.5' }] },
      '/allocationPools/0',
    ],
    [
      { cidr: '2001:db8::/64', allocationPools: [{ first: '2001:db8::', last: '2001:db8::5' }] },
      '/allocationPools/0/first',
    ],
    [
      {
        cidr: '10.0.0.0/24',
        allocationPools: [
          { first: '10.0.0.2', last: '10.0.0.9' },
          { first: '10.0.0.9', last: '10.0.0.12' },
        ],
      },
      '/allocationPools/1',
    ],
  ])('of %j is refused at %s', (input, pointer) => {
    expect(planned(input)).toMatchObject([{ pointer }]);
  });
});
