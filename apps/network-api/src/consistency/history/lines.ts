import { event, host, ids, macAddresses, ok, type Line } from './pen.ts';

/** Lines of histories in which all is well, to put together and to spoil. */

export const networkMade: Line = {
  operation: 'createNetwork',
  ask: { name: 'blue' },
  answer: ok(201, { id: ids.network, projectId: ids.project, name: 'blue', mtu: 1500, revision: 1 }),
  events: [event('network', ids.network, 1, 'created')],
};

/** Six addresses, .1 to .6. */
export const subnetMade: Line = {
  operation: 'createSubnet',
  ask: { networkId: ids.network, body: { cidr: '10.0.0.0/29' } },
  answer: ok(201, {
    id: ids.subnet,
    networkId: ids.network,
    cidr: '10.0.0.0/29',
    revision: 1,
    allocationPools: [{ first: '10.0.0.1', last: '10.0.0.6' }],
  }),
  events: [event('subnet', ids.subnet, 1, 'created')],
};

/** A port with the address 10.0.0.`last`. */
export function portMade(index: 0 | 1 | 2, last: number): Line {
  const id = ids.ports[index];
  return {
    operation: 'createPort',
    ask: { networkId: ids.network, ports: [{ name: '' }] },
    key: `key-${index}`,
    answer: ok(201, portBody(index, last, { revision: 1, status: 'available' })),
    events: [event('port', id, 1, 'created')],
  };
}

export function portBody(
  index: 0 | 1 | 2,
  last: number,
  more: { readonly revision: number; readonly status: string; readonly attachment?: object },
): object {
  return {
    id: ids.ports[index],
    projectId: ids.project,
    networkId: ids.network,
    name: '',
    adminState: 'up',
    securityGroupIds: [],
    fixedIps: [{ subnetId: ids.subnet, ipAddress: `10.0.0.${last}` }],
    ...more,
  };
}

export function plugged(index: 0 | 1 | 2, vnic: 0 | 1, generation: number, revision: number): Line {
  const [portId, vnicId, macAddress] = [ids.ports[index], ids.vnics[vnic], macAddresses[vnic]];
  return {
    operation: 'plugVnic',
    ask: { portId, vnicId, macAddress },
    answer: ok(201, { portId, vnicId, macAddress, generation, status: 'plugged' }),
    events: [event('port', portId, revision, 'updated')],
  };
}

export function unplugged(index: 0 | 1 | 2, revision: number): Line {
  const portId = ids.ports[index];
  return {
    operation: 'unplugVnic',
    ask: { portId },
    answer: ok(204),
    events: [event('port', portId, revision, 'updated')],
  };
}

export function deleted(index: 0 | 1 | 2, revision: number): Line {
  const portId = ids.ports[index];
  return {
    operation: 'deletePort',
    ask: { portId },
    answer: ok(204),
    events: [event('port', portId, revision, 'deleted')],
  };
}

/** The first vNIC's plug is bound to the host. */
export function claimed(index: 0 | 1 | 2, generation: number, portRevision: number): Line {
  return {
    operation: 'claimBinding',
    ask: { projectId: ids.project, vnicId: ids.vnics[0], macAddress: macAddresses[0], placement: 1 },
    host,
    answer: ok(201, { id: ids.binding, generation, placement: 1, desired: 'present' }),
    events: [
      event('port', ids.ports[index], portRevision, 'updated'),
      { ...event('binding', ids.binding, 1, 'created'), audience: host },
    ],
  };
}
