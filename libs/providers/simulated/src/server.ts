import type { ServerProvider, WiringContext, WiringDocument } from '@patchpanel/provider';

/** The server half of `simulated`: accepts every network, carries nothing. */
export function createServerProvider(): ServerProvider {
  return {
    name: 'simulated',
    capabilities: () => ({
      spi: { min: 1, max: 1 },
      ipVersions: [4, 6],
      maxMtu: 65535,
      pools: [],
      networkOptionsSchema: { type: 'object', additionalProperties: false, maxProperties: 0 },
    }),
    validateNetwork: () => [],
    validateSubnet: () => [],
    validatePort: () => [],
    wiring,
  };
}

function wiring({ network }: WiringContext): WiringDocument {
  return { version: 1, document: network.mtu === undefined ? {} : { mtu: network.mtu } };
}
