import {
  networkFeatures,
  type IpVersion,
  type NetworkFeature,
  type NetworkLifecycle,
  type PoolDeclaration,
  type ServerProvider,
} from '@patchpanel/provider';

/** Every feature that there is. */
export const allFeatures = Object.keys(networkFeatures) as NetworkFeature[];

/** What a test may want of a provider beyond the usual. */
export interface TestProviderExtras {
  readonly pools?: readonly PoolDeclaration[];
  readonly lifecycle?: NetworkLifecycle;
}

/** A server half that realises nothing, unless given something to do it with; its documents say what it was asked. */
export function testProvider(
  name: string,
  ipVersions: readonly IpVersion[] = [4, 6],
  features: readonly NetworkFeature[] = allFeatures,
  { pools = [], lifecycle }: TestProviderExtras = {},
): ServerProvider {
  return {
    name,
    capabilities: () => ({
      spi: { min: 1, max: 1 },
      ipVersions,
      features,
      defaultMtu: 1500,
      maxMtu: 9000,
      pools,
      networkOptionsSchema: {
        type: 'object',
        additionalProperties: false,
        properties: { vlan: { type: 'integer', minimum: 1, maximum: 4094 } },
      },
    }),
    validateNetwork: ({ options }) =>
      options['vlan'] === 13 ? [{ pointer: '/options/vlan', detail: 'must not be 13' }] : [],
    validateSubnet: ({ cidr }) =>
      cidr === '10.66.0.0/16' ? [{ pointer: '/cidr', detail: 'must not be 10.66.0.0/16' }] : [],
    validatePort: ({ fixedIps }) => [
      ...(fixedIps.length > 3
        ? [{ pointer: '/fixedIps', detail: 'must not have more than 3 addresses' }]
        : []),
      ...fixedIps.flatMap(({ ipAddress }, index) =>
        ipAddress === '10.13.0.2'
          ? [{ pointer: `/fixedIps/${index}/ipAddress`, detail: 'must not be 10.13.0.2' }]
          : [],
      ),
    ],
    wiring: ({ network, subnets, port }) => ({
      version: 1,
      document: {
        provider: name,
        networkId: network.id,
        portId: port.id,
        subnets: subnets.length,
        ...network.allocations,
      },
    }),
    ...(lifecycle === undefined ? {} : { lifecycle }),
  };
}
