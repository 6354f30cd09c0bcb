import type { OperationTable } from '@patchpanel/sdk-core';

/** Every operation of the compute API. A test compares this with the specification. */
export const operations = {
  createVnic: { method: 'POST', path: '/v1/vnics', takesIdempotencyKey: true },
  listVnics: { method: 'GET', path: '/v1/vnics' },
  getVnic: { method: 'GET', path: '/v1/vnics/{vnicId}' },
  updateVnic: { method: 'PATCH', path: '/v1/vnics/{vnicId}' },
  deleteVnic: { method: 'DELETE', path: '/v1/vnics/{vnicId}' },
  createInstance: { method: 'POST', path: '/v1/instances', takesIdempotencyKey: true },
  listInstances: { method: 'GET', path: '/v1/instances' },
  getInstance: { method: 'GET', path: '/v1/instances/{instanceId}' },
  deleteInstance: { method: 'DELETE', path: '/v1/instances/{instanceId}' },
  startInstance: { method: 'POST', path: '/v1/instances/{instanceId}/start' },
  stopInstance: { method: 'POST', path: '/v1/instances/{instanceId}/stop' },
  listHosts: { method: 'GET', path: '/v1/hosts' },
  getHost: { method: 'GET', path: '/v1/hosts/{hostName}' },
} as const satisfies OperationTable;
