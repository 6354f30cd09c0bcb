import type { Subnet, SubnetInput } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function newSubnet(input: Partial<SubnetInput> = {}): Promise<Subnet> {
  const network = await user.network();
  return user.subnet(network.id, { cidr: '10.0.0.0/24', ...input });
}

const change = (subnet: Subnet, patch: object) => user.patch(`/v1/subnets/${subnet.id}`, patch);

describe('a change of a subnet', () => {
  it('is one of what it names, and of nothing else', async () => {
    const made = await newSubnet({ name: 'old', tags: ['a', 'b'], dnsServers: ['10.0.0.53'] });
    const { body, headers } = await change(made, {
      name: 'new',
      description: 'Front ends',
      tags: ['c', 'b'],
      hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
    }).expect(200);
    expect(body).toEqual({
      ...made,
      name: 'new',
      description: 'Front ends',
      tags: ['b', 'c'],
      hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.0.0.7' }],
      revision: 2,
      updatedAt: expect.any(String),
    });
    expect(headers['etag']).toBe('"2"');
    await user.get(`/v1/subnets/${made.id}`).expect(200, body);
    const { body: cleared } = await change(made, { gatewayIp: null, dnsServers: [], hostRoutes: [] }).expect(
      200,
    );
    expect(cleared).not.toHaveProperty('gatewayIp');
    expect(cleared).toMatchObject({
      dnsServers: [],
      hostRoutes: [],
      allocationPools: made.allocationPools,
      revision: 3,
    });
    const tagged = await stage.database
      .knex('tagged_resources')
      .where({ resource_id: made.id })
      .orderBy('tag');
    expect(tagged.map(({ tag }: { tag: string }) => tag)).toEqual(['b', 'c']);
  });

  it('that would leave it as it is changes nothing, and nobody is told', async () => {
    const made = await newSubnet({ dnsServers: ['10.0.0.53'], tags: ['x', 'y'] });
    const before = await stage.database.knex('events').max('position');
    const patch = {
      name: '',
      tags: ['y', 'x'],
      gatewayIp: '10.0.0.1',
      dnsServers: ['10.0.0.53'],
      dhcpEnabled: true,
      dhcpServerIp: '10.0.0.254',
      allocationPools: [{ first: '10.0.0.2', last: '10.0.0.253' }],
    };
    await change(made, patch).expect(200, made);
    expect(await stage.database.knex('events').max('position')).toEqual(before);
  });

  it('is made only at the revision that If-Match names', async () => {
    const made = await newSubnet();
    const refused = await change(made, { name: 'x' }).set('if-match', '"2"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    await change(made, { name: 'x' }).set('if-match', '"1"').expect(200);
  });

  it.each<[object, string]>([
    [{ cidr: '10.0.1.0/24' }, '/cidr'],
    [{ name: null }, '/name'],
    [{ dhcpServerIp: null }, '/dhcpServerIp'],
    [{ allocationPools: [] }, '/allocationPools'],
    [{ gatewayIp: '10.0.0.9' }, '/gatewayIp'],
    [{ dhcpServerIp: '10.0.0.9' }, '/dhcpServerIp'],
    [{ gatewayIp: '10.0.0.254' }, '/gatewayIp'],
    [{ ipv6Mode: 'static' }, '/ipv6Mode'],
    [{ dnsServers: ['10.0.0.053'] }, '/dnsServers/0'],
    [{}, ''],
  ])('to %j is refused at "%s", and changes nothing', async (patch, pointer) => {
    const made = await newSubnet();
    const { body } = await change(made, patch).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    await user.get(`/v1/subnets/${made.id}`).expect(200, made);
  });

  it('switches DHCP off and on, and does not let it answer from the address of a port', async () => {
    const made = await newSubnet();
    const { body: off } = await change(made, { dhcpEnabled: false }).expect(200);
    expect(off).toMatchObject({ dhcpEnabled: false, allocationPools: made.allocationPools });
    expect(off).not.toHaveProperty('dhcpServerIp');
    const { body: on } = await change(made, { dhcpEnabled: true }).expect(200);
    expect(on).toMatchObject({ dhcpEnabled: true, dhcpServerIp: '10.0.0.254' });
    await user.port(made.networkId, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    const { body: refused } = await change(made, { gatewayIp: null, dhcpServerIp: '10.0.0.1' }).expect(400);
    expect(refused.errors).toMatchObject([{ pointer: '/dhcpServerIp' }]);
  });

  it('of an IPv6 subnet changes its mode', async () => {
    const network = await user.network();
    const made = await user.subnet(network.id, { cidr: '2001:db8::/64' });
    expect(made).toMatchObject({
      ipv6Mode: 'dhcpv6-stateful',
      dhcpServerIp: '2001:db8::fdff:ffff:ffff:ff7f',
    });
    const { body } = await change(made, { ipv6Mode: 'static' }).expect(200);
    expect(body.ipv6Mode).toBe('static');
    expect(body).not.toHaveProperty('dhcpServerIp');
  });

  it('is made by one of two who make it at once with the same If-Match', async () => {
    const made = await newSubnet();
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((name) => change(made, { name }).set('if-match', '"1"')),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
  });
});
