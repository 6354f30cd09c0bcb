import type {
  NetworkContext,
  PortContext,
  ServerProvider,
  SubnetContext,
  ValidationIssue,
} from '@patchpanel/provider';
import { Address4, Address6 } from 'ip-address';
import { defaultMtu, documentVersion } from './document.ts';

/** Smallest MTU of an IPv6 link (RFC 8200, section 5). */
const minMtuOfIpv6 = 1280;
/** Smallest MTU of an IPv4 link (RFC 791). */
const minMtuOfIpv4 = 68;
const maxMtu = 9216;

/** Ranges whose addresses mean something else on a link, so that no port may have one. */
const unusableRanges = {
  4: ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'].map(
    (cidr) => new Address4(cidr),
  ),
  6: ['::/127', '::ffff:0:0/96', 'fe80::/10', 'ff00::/8'].map((cidr) => new Address6(cidr)),
};

/** The server half of `flat`: one Linux bridge per network and host; machines of one network on different hosts don't meet. */
export function createServerProvider(): ServerProvider {
  return {
    name: 'flat',
    capabilities: () => ({
      spi: { min: 1, max: 1 },
      ipVersions: [4, 6],
      // What the host half does today, and no more.
      features: ['port-admin-state'],
      defaultMtu,
      maxMtu,
      pools: [],
      networkOptionsSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        additionalProperties: false,
        maxProperties: 0,
      },
    }),
    validateNetwork,
    validateSubnet,
    validatePort,
    wiring: ({ network }) => ({
      version: documentVersion,
      document: { mtu: network.mtu },
    }),
  };
}

function validateNetwork({ mtu }: NetworkContext): readonly ValidationIssue[] {
  if (mtu >= minMtuOfIpv4 && mtu <= maxMtu) return [];
  return [{ pointer: '/mtu', detail: `a flat network's MTU is between ${minMtuOfIpv4} and ${maxMtu} bytes` }];
}

function validateSubnet(subnet: SubnetContext, network: NetworkContext): readonly ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  if (subnet.ipVersion === 6 && network.mtu < minMtuOfIpv6) {
    issues.push({
      pointer: '/cidr',
      detail: `IPv6 needs an MTU of at least ${minMtuOfIpv6} bytes, the network has ${network.mtu}`,
    });
  }
  const unusable = rangeAround(subnet.cidr, subnet.ipVersion);
  if (unusable !== undefined) {
    issues.push({ pointer: '/cidr', detail: `addresses of ${unusable} can't be given to ports` });
  }
  return issues;
}

function validatePort(port: PortContext): readonly ValidationIssue[] {
  return port.fixedIps.flatMap(({ ipAddress }, index) => {
    const unusable = rangeAround(ipAddress, ipAddress.includes(':') ? 6 : 4);
    return unusable === undefined
      ? []
      : [
          {
            pointer: `/fixedIps/${index}/ipAddress`,
            detail: `addresses of ${unusable} can't be given to ports`,
          },
        ];
  });
}

/** The unusable range that holds, or is held by, this address or CIDR. */
function rangeAround(cidr: string, ipVersion: 4 | 6): string | undefined {
  if (ipVersion === 4) {
    const address = new Address4(cidr);
    return unusableRanges[4].find((range) => address.isInSubnet(range) || range.isInSubnet(address))?.address;
  }
  const address = new Address6(cidr);
  return unusableRanges[6].find((range) => address.isInSubnet(range) || range.isInSubnet(address))?.address;
}
