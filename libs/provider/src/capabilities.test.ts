import { expect, test } from 'vitest';
import { capabilityMistakes } from './capabilities.ts';

const good = {
  spi: { min: 1, max: 1 },
  ipVersions: [4],
  features: ['dhcp'],
  defaultMtu: 1450,
  maxMtu: 9000,
  pools: [{ name: 'vni', description: 'Names the tunnel.', min: 1, max: 16_777_215 }],
  networkOptionsSchema: { type: 'object', additionalProperties: false },
};

test('capabilities that make sense have no mistakes', () => {
  expect(capabilityMistakes(good)).toEqual([]);
  expect(
    capabilityMistakes({ ...good, ipVersions: [4, 6], features: ['dhcp', 'dhcpv6'], pools: [] }),
  ).toEqual([]);
});

test.each([
  [{ ipVersions: [], features: [] }, /^ipVersions: /],
  [{ ipVersions: [5] }, /^ipVersions\.0: /],
  [{ features: ['telepathy'] }, /^features\.0: "telepathy" is not a feature; there are: security-groups, /],
  [{ features: ['toString'] }, /^features\.0: "toString" is not a feature/],
  [{ features: undefined }, /^features: /],
  [{ features: ['dhcp', 'dhcp'] }, /^features: names one twice/],
  [{ features: ['dhcpv6'] }, /^features: dhcpv6 is of IPv6/],
  [{ ipVersions: [6] }, /^features: dhcp is of IPv4/],
  [{ defaultMtu: 9001 }, /^defaultMtu: exceeds maxMtu/],
  [{ maxMtu: 65_536 }, /^maxMtu: /],
  [{ pools: [{ ...good.pools[0], min: 2, max: 1 }] }, /^pools\.0: is empty/],
  [{ pools: [{ ...good.pools[0], min: -1 }] }, /^pools\.0\.min: /],
  [{ pools: [{ ...good.pools[0], max: 2 ** 53 }] }, /^pools\.0\.max: /],
  [{ pools: [{ ...good.pools[0], name: 'VNI' }] }, /^pools\.0\.name: must match/],
  [{ pools: [good.pools[0], good.pools[0]] }, /^pools: two have one name/],
  [{ networkOptionsSchema: undefined }, /^networkOptionsSchema: /],
])('capabilities with %j are a mistake that names its place', (change, message) => {
  const mistakes = capabilityMistakes({ ...good, ...change });
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toMatch(message);
});

test('capabilities that are none at all are a mistake, too', () => {
  expect(capabilityMistakes(undefined)).toHaveLength(1);
});
