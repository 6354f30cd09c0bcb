import type {
  NetworkFeature,
  NetworkLifecycle,
  ServerProvider,
  WiringContext,
  WiringDocument,
} from '@patchpanel/provider';

/** It only remembers what it was asked, so it can do everything. */
const features: readonly NetworkFeature[] = [
  'security-groups',
  'port-security-off',
  'allowed-address-pairs',
  'dhcp',
  'dhcpv6',
  'port-admin-state',
];

/**
 * The server half of `simulated`: accepts every network, carries nothing. Its networks are `active` at once, unless it is given
 * somewhere to realise them, such as `createSimulatedEngine`'s.
 */
export function createServerProvider(
  options: { readonly lifecycle?: NetworkLifecycle } = {},
): ServerProvider {
  return {
    name: 'simulated',
    capabilities: () => ({
      spi: { min: 1, max: 1 },
      ipVersions: [4, 6],
      features,
      defaultMtu: 1500,
      maxMtu: 65535,
      pools: [],
      networkOptionsSchema: { type: 'object', additionalProperties: false, maxProperties: 0 },
    }),
    validateNetwork: () => [],
    validateSubnet: () => [],
    validatePort: () => [],
    wiring,
    ...(options.lifecycle === undefined ? {} : { lifecycle: options.lifecycle }),
  };
}

function wiring({ network }: WiringContext): WiringDocument {
  return { version: 1, document: { mtu: network.mtu } };
}
