import type { OperationTable } from '@patchpanel/sdk-core';

/** Every operation of the network API. A test compares this with the specification. */
export const operations = {
  createNetwork: { method: 'POST', path: '/v1/networks', takesIdempotencyKey: true },
  listNetworks: { method: 'GET', path: '/v1/networks' },
  getNetwork: { method: 'GET', path: '/v1/networks/{networkId}' },
  deleteNetwork: { method: 'DELETE', path: '/v1/networks/{networkId}' },
  createSubnet: { method: 'POST', path: '/v1/networks/{networkId}/subnets', takesIdempotencyKey: true },
  listSubnets: { method: 'GET', path: '/v1/subnets' },
  getSubnet: { method: 'GET', path: '/v1/subnets/{subnetId}' },
  deleteSubnet: { method: 'DELETE', path: '/v1/subnets/{subnetId}' },
  createPort: { method: 'POST', path: '/v1/networks/{networkId}/ports', takesIdempotencyKey: true },
  createPorts: { method: 'POST', path: '/v1/networks/{networkId}/ports/bulk', takesIdempotencyKey: true },
  listPorts: { method: 'GET', path: '/v1/ports' },
  getPort: { method: 'GET', path: '/v1/ports/{portId}' },
  deletePort: { method: 'DELETE', path: '/v1/ports/{portId}' },
  getAttachment: { method: 'GET', path: '/v1/ports/{portId}/attachment' },
  plugVnic: { method: 'PUT', path: '/v1/ports/{portId}/attachment' },
  unplugVnic: { method: 'DELETE', path: '/v1/ports/{portId}/attachment' },
  plugVnicIntoAnyPort: {
    method: 'POST',
    path: '/v1/networks/{networkId}/attachments',
    takesIdempotencyKey: true,
  },
} as const satisfies OperationTable;
