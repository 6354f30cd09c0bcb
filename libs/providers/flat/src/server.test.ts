import { randomUUID } from 'node:crypto';
import { describeServerProvider, type ServerSample } from '@patchpanel/provider/conformance';
import { expect, test } from 'vitest';
import { createServerProvider } from './server.ts';

const networkId = randomUUID();
const projectId = randomUUID();

function sample(options: { mtu?: number; cidr?: string; ipAddress?: string }): ServerSample {
  const { mtu = 1500, cidr = '192.0.2.0/24', ipAddress = '192.0.2.1' } = options;
  const subnetId = randomUUID();
  return {
    network: {
      id: networkId,
      projectId,
      mtu,
      adminState: 'up',
      options: {},
      allocations: {},
    },
    subnet: {
      id: subnetId,
      networkId,
      ipVersion: cidr.includes(':') ? 6 : 4,
      cidr,
      dnsServers: [],
      hostRoutes: [],
      ...(cidr.includes(':') ? { ipv6Mode: 'static' } : {}),
    },
    port: {
      id: randomUUID(),
      networkId,
      projectId,
      adminState: 'up',
      fixedIps: [{ subnetId, ipAddress, prefixLength: Number(cidr.split('/')[1]) }],
      allowedAddressPairs: [],
      portSecurity: 'on',
      securityGroupIds: [],
    },
  };
}

describeServerProvider('flat', () => ({
  provider: createServerProvider(),
  valid: [
    sample({}),
    sample({ mtu: 9000 }),
    sample({ cidr: '2001:db8::/64', ipAddress: '2001:db8::1' }),
    sample({ cidr: '10.0.0.0/31', ipAddress: '10.0.0.0' }),
    sample({ cidr: 'fd00::/127', ipAddress: 'fd00::' }),
  ],
  invalid: [
    sample({ mtu: 67 }),
    sample({ mtu: 9217 }),
    sample({ mtu: 1279, cidr: '2001:db8::/64', ipAddress: '2001:db8::1' }),
    sample({ cidr: '169.254.0.0/16', ipAddress: '169.254.0.1' }),
    sample({ cidr: '0.0.0.0/0', ipAddress: '192.0.2.1' }),
    sample({ cidr: '224.0.0.0/24', ipAddress: '224.0.0.1' }),
    sample({ cidr: 'fe80::/64', ipAddress: 'fe80::1' }),
    sample({ ipAddress: '127.0.0.1' }),
  ],
}));

test('the wiring document carries the MTU of the network', () => {
  const { wiring } = createServerProvider();
  const { network, subnet, port } = sample({});
  expect(wiring({ network, subnets: [subnet], port })).toEqual({ version: 1, document: { mtu: 1500 } });
  expect(wiring({ network: { ...network, mtu: 9000 }, subnets: [subnet], port }).document).toEqual({
    mtu: 9000,
  });
});
