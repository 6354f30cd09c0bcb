import { randomUUID } from 'node:crypto';
import type { DesiredAttachment } from '@patchpanel/contract-network-southbound';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

/** A bound port of a network with one subnet, and how its host reads about it. */
async function wired() {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  const port = await user.port(network.id);
  const binding = await host.claim(await user.plug(port.id, randomUUID()));
  const read = async (): Promise<DesiredAttachment> => {
    const { body } = await host.get(`/v1/bindings/${binding.id}`).expect(200);
    return body.attachment;
  };
  return { network, subnet, port, read };
}

describe('what a host is told of a port', () => {
  it('has the MTU, and all that a machine is to know of the subnets of its addresses', async () => {
    const network = await user.network({ mtu: 1400 });
    const v4 = await user.subnet(network.id, {
      cidr: '10.0.0.0/24',
      dnsServers: ['10.0.0.53', '10.0.0.54'],
      hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
    });
    await user.subnet(network.id, { cidr: '10.0.1.0/24' });
    const v6 = await user.subnet(network.id, { cidr: '2001:db8::/64', ipv6Mode: 'static', gatewayIp: null });
    const port = await user.port(network.id);
    const { attachment } = await host.claim(await user.plug(port.id, randomUUID()));
    expect(attachment).toMatchObject({
      mtu: 1400,
      adminState: 'up',
      portSecurity: 'on',
      allowedAddressPairs: [],
      securityGroupIds: port.securityGroupIds,
      fixedIps: [
        { ipAddress: '10.0.0.2', prefixLength: 24, gatewayIp: '10.0.0.1' },
        { ipAddress: '2001:db8::1', prefixLength: 64 },
      ],
    });
    expect(attachment?.subnets).toEqual([
      {
        subnetId: v4.id,
        cidr: '10.0.0.0/24',
        ipVersion: 4,
        gatewayIp: '10.0.0.1',
        dnsServers: ['10.0.0.53', '10.0.0.54'],
        hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
        dhcpServerIp: '10.0.0.254',
      },
      { subnetId: v6.id, cidr: '2001:db8::/64', ipVersion: 6, dnsServers: [], hostRoutes: [] },
    ]);
  });

  it('is that nothing may pass while its network is down', async () => {
    const { network, read } = await wired();
    await user.patch(`/v1/networks/${network.id}`, { adminState: 'down' }).expect(200);
    expect(await read()).toMatchObject({ adminState: 'down' });
    await user.patch(`/v1/networks/${network.id}`, { adminState: 'up' }).expect(200);
    expect(await read()).toMatchObject({ adminState: 'up' });
  });

  it('has a higher revision after each change of its network or a subnet that concerns it, and comes as a change', async () => {
    const { network, subnet, read } = await wired();
    const added: { id?: string } = {};
    const changes = {
      mtu: () => user.patch(`/v1/networks/${network.id}`, { mtu: 1450 }).expect(200),
      'admin state': () => user.patch(`/v1/networks/${network.id}`, { adminState: 'down' }).expect(200),
      resolvers: () => user.patch(`/v1/subnets/${subnet.id}`, { dnsServers: ['10.0.0.53'] }).expect(200),
      routes: () =>
        user
          .patch(`/v1/subnets/${subnet.id}`, {
            hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
          })
          .expect(200),
      gateway: () => user.patch(`/v1/subnets/${subnet.id}`, { gatewayIp: null }).expect(200),
      DHCP: () => user.patch(`/v1/subnets/${subnet.id}`, { dhcpEnabled: false }).expect(200),
      'a new subnet': async () => {
        added.id = (await user.subnet(network.id, { cidr: '10.0.9.0/24' })).id;
      },
      'its end': () => user.delete(`/v1/subnets/${added.id ?? ''}`).expect(204),
    };
    for (const [what, change] of Object.entries(changes)) {
      const before = await read();
      const { body: now } = await host.get('/v1/changes').expect(200);
      await change();
      const after = await read();
      expect([what, after.revision]).toEqual([what, before.revision + 1]);
      const { body } = await host.get(`/v1/changes?cursor=${now.nextCursor}`).expect(200);
      expect(body.items).toMatchObject([
        { resourceType: 'network', resourceId: network.id, change: 'updated' },
      ]);
    }
    expect(await read()).toMatchObject({
      mtu: 1450,
      adminState: 'down',
      fixedIps: [{ ipAddress: '10.0.0.2', prefixLength: 24 }],
      subnets: [{ dnsServers: ['10.0.0.53'], hostRoutes: [{ nextHop: '10.0.0.7' }] }],
    });
  });

  it('stays as it is when names, tags, pools or shares change', async () => {
    const { network, subnet, read } = await wired();
    const before = await read();
    const { body: now } = await host.get('/v1/changes').expect(200);
    await user.patch(`/v1/networks/${network.id}`, { name: 'x', description: 'y', tags: ['z'] }).expect(200);
    await user.put(`/v1/networks/${network.id}/shares/${randomUUID()}`).expect(201);
    await user
      .patch(`/v1/subnets/${subnet.id}`, {
        name: 'x',
        tags: ['z'],
        allocationPools: [{ first: '10.0.0.2', last: '10.0.0.9' }],
      })
      .expect(200);
    expect(await read()).toEqual(before);
    const { body } = await host.get(`/v1/changes?cursor=${now.nextCursor}`).expect(200);
    expect(body.items).toEqual([]);
  });

  it('is not told to hosts that have no port of the network', async () => {
    const { network } = await wired();
    const other = await stage.host();
    const { body: now } = await other.get('/v1/changes').expect(200);
    await user.patch(`/v1/networks/${network.id}`, { mtu: 1450 }).expect(200);
    const { body } = await other.get(`/v1/changes?cursor=${now.nextCursor}`).expect(200);
    expect(body.items).toEqual([]);
  });
});
