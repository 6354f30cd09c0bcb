import type { DesiredAddress, DesiredWiring } from '@patchpanel/provider';
import { Address6 } from 'ip-address';
import fc from 'fast-check';

const ipv4: fc.Arbitrary<DesiredAddress> = fc.record({
  ipAddress: fc
    .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((parts) => parts.join('.')),
  prefixLength: fc.integer({ min: 8, max: 32 }),
});

const ipv6: fc.Arbitrary<DesiredAddress> = fc.record({
  ipAddress: fc
    .bigInt({ min: 0x2001_0db8n << 96n, max: (0x2001_0db9n << 96n) - 1n })
    .map((value) => Address6.fromBigInt(value).correctForm()),
  prefixLength: fc.integer({ min: 48, max: 128 }),
});

const fence = { epoch: fc.nat(), generation: fc.nat(), placement: fc.nat() };

/** Any wiring that flat can make. */
export const anyWiring: fc.Arbitrary<DesiredWiring> = fc.record({
  attachment: fc.record({
    projectId: fc.uuid(),
    vnicId: fc.uuid(),
    portId: fc.uuid(),
    networkId: fc.uuid(),
    ...fence,
    macAddress: fc
      .array(fc.nat(255), { minLength: 5, maxLength: 5 })
      .map((bytes) => ['02', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')),
    adminState: fc.constantFrom('up', 'down'),
    fixedIps: fc.uniqueArray(fc.oneof(ipv4, ipv6), { maxLength: 4, selector: ({ ipAddress }) => ipAddress }),
  }),
  wiring: fc.constant({ version: 1, document: { mtu: 1500 } }),
  device: fc.oneof(
    fc.record({ kind: fc.constant('tap' as const), ownerUid: fc.nat(65535) }),
    fc.record({
      kind: fc.constant('namespace' as const),
      pid: fc.integer({ min: 2, max: 99999 }),
      interfaceName: fc.constantFrom('eth0', 'eth1', 'net0'),
    }),
  ),
});
