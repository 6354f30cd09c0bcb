import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

describe('subnets', () => {
  it('are made with a gateway, a DHCP server and a pool of everything else, read, listed and deleted', async () => {
    const network = await user.network();
    const made = await user
      .post(`/v1/networks/${network.id}/subnets`, { name: 'v4', cidr: '10.0.0.0/24' })
      .expect(201);
    expect(made.body).toMatchObject({
      projectId: user.projectId,
      networkId: network.id,
      name: 'v4',
      cidr: '10.0.0.0/24',
      ipVersion: 4,
      gatewayIp: '10.0.0.1',
      allocationPools: [{ first: '10.0.0.2', last: '10.0.0.253' }],
      dnsServers: [],
      hostRoutes: [],
      dhcpEnabled: true,
      dhcpServerIp: '10.0.0.254',
      revision: 1,
    });
    expect(made.headers).toMatchObject({ etag: '"1"', location: `/v1/subnets/${made.body.id}` });
    const path = `/v1/subnets/${made.body.id}`;
    await user.get(path).expect(200, made.body);
    await user.get(`/v1/subnets?networkId=${network.id}`).expect(200, { items: [made.body] });
    await user.delete(path).set('if-match', '"7"').expect(412);
    await user.delete(path).expect(204);
    await user.get(path).expect(404);
    await user.delete(path).expect(404);
  });

  it('give addresses back in canonical form', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, {
      cidr: '2001:DB8:0:0::/64',
      gatewayIp: '2001:0db8::00ff',
      allocationPools: [{ first: '2001:DB8::1000', last: '2001:db8::1fff' }],
    });
    expect(subnet).toMatchObject({
      cidr: '2001:db8::/64',
      ipVersion: 6,
      gatewayIp: '2001:db8::ff',
      allocationPools: [{ first: '2001:db8::1000', last: '2001:db8::1fff' }],
    });
  });

  it('have all that they were given, in canonical form', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, {
      name: 'v6',
      description: 'Front ends',
      tags: ['web', 'shop', 'web'],
      cidr: '2001:db8::/64',
      dnsServers: ['2001:DB8::0053', 'fe80::1'],
      hostRoutes: [{ destination: '2001:DB8:1::/48', nextHop: '2001:db8::00aa' }],
      ipv6Mode: 'dhcpv6-stateful',
      dhcpServerIp: '2001:db8::DD',
    });
    expect(subnet).toMatchObject({
      description: 'Front ends',
      tags: ['shop', 'web'],
      ipVersion: 6,
      gatewayIp: '2001:db8::1',
      allocationPools: [
        { first: '2001:db8::2', last: '2001:db8::dc' },
        { first: '2001:db8::de', last: '2001:db8::ffff:ffff:ffff:ffff' },
      ],
      dnsServers: ['2001:db8::53', 'fe80::1'],
      hostRoutes: [{ destination: '2001:db8:1::/48', nextHop: '2001:db8::aa' }],
      ipv6Mode: 'dhcpv6-stateful',
      dhcpServerIp: '2001:db8::dd',
    });
    expect(subnet).not.toHaveProperty('dhcpEnabled');
    const plain = await user.subnet(network.id, { cidr: '10.0.0.0/24', dhcpEnabled: false });
    expect(plain).toMatchObject({ dhcpEnabled: false });
    for (const field of ['dhcpServerIp', 'ipv6Mode']) expect(plain).not.toHaveProperty(field);
    await user.get(`/v1/subnets/${subnet.id}`).expect(200, subnet);
  });

  it('have no gateway when it is null', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null });
    expect(subnet).not.toHaveProperty('gatewayIp');
    expect(subnet.allocationPools).toEqual([{ first: '10.0.0.1', last: '10.0.0.2' }]);
  });

  it.each([
    [{ cidr: '10.0.0.7/24' }, '/cidr'],
    [{ cidr: '010.0.0.0/24' }, '/cidr'],
    [{ cidr: '::ffff:10.0.0.0/120' }, '/cidr'],
    [{ cidr: '10.0.0.0/24', gatewayIp: '10.0.1.1' }, '/gatewayIp'],
    [{ cidr: '10.0.0.0/24', gatewayIp: 'fe80::1%eth0' }, '/gatewayIp'],
    [
      { cidr: '10.0.0.0/24', allocationPools: [{ first: '10.0.0.1', last: '10.0.0.9' }] },
      '/allocationPools/0',
    ],
    [{ cidr: '10.66.0.0/16' }, '/cidr'],
    [{ cidr: '10.0.0.0/24', dnsServers: ['2001:db8::53'] }, '/dnsServers/0'],
    [{ cidr: '10.0.0.0/24', ipv6Mode: 'static' }, '/ipv6Mode'],
    [
      { cidr: '10.0.0.0/24', hostRoutes: [{ destination: '10.1.0.0/16', nextHop: '10.9.0.1' }] },
      '/hostRoutes/0/nextHop',
    ],
    [{}, '/cidr'],
  ])('are refused with %j, pointing at %s', async (input, pointer) => {
    const network = await user.network();
    const { body } = await user.post(`/v1/networks/${network.id}/subnets`, input).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    await user.get(`/v1/subnets?networkId=${network.id}`).expect(200, { items: [] });
  });

  it('are of IP versions that the provider carries', async () => {
    const network = await user.network({ provider: 'only4' });
    const { body } = await user
      .post(`/v1/networks/${network.id}/subnets`, { cidr: '2001:db8::/64' })
      .expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/cidr' }]);
  });

  it.each([
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['10.0.0.0/24', '10.0.0.128/25'],
    ['10.0.0.128/25', '10.0.0.0/16'],
    ['2001:db8::/64', '2001:db8::/48'],
  ])('%s and %s are not both in a network, but in two', async (first, second) => {
    const [one, two] = [await user.network(), await user.network()];
    const subnet = await user.subnet(one.id, { cidr: first });
    const { body } = await user.post(`/v1/networks/${one.id}/subnets`, { cidr: second }).expect(409);
    expect(body).toMatchObject({ code: 'subnet-overlap', detail: expect.stringContaining(subnet.id) });
    await user.subnet(two.id, { cidr: second });
  });

  it('that overlap and are made at the same time: one is made', async () => {
    const network = await user.network();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        user.post(`/v1/networks/${network.id}/subnets`, {
          cidr: `10.0.${index}.0/${index % 2 === 0 ? 24 : 16}`.replace(/\.\d+\.0\/16$/, '.0.0/16'),
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    const listed = await user.get(`/v1/subnets?networkId=${network.id}`).expect(200);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    expect(listed.body.items).toHaveLength(statuses.filter((status) => status === 201).length);
    const wide = listed.body.items.filter(({ cidr }: { cidr: string }) => cidr.endsWith('/16'));
    expect(wide.length === 0 || listed.body.items.length === 1).toBe(true);
  });

  it('are not deleted while a port has an address or a released one rests', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    const port = await user.port(network.id);
    const used = await user.delete(`/v1/subnets/${subnet.id}`).expect(409);
    expect(used.body.code).toBe('subnet-in-use');
    const host = await stage.host();
    const binding = await host.claim(await user.plug(port.id, randomUUID()));
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    const resting = await user.delete(`/v1/subnets/${subnet.id}`).expect(409);
    expect(resting.body.code).toBe('subnet-in-use');
    await host.release(binding.id);
    await user.delete(`/v1/subnets/${subnet.id}`).expect(204);
  });

  it('are made once per idempotency key', async () => {
    const network = await user.network();
    const key = randomUUID();
    const make = (cidr: string) =>
      user.post(`/v1/networks/${network.id}/subnets`, { cidr }).set('idempotency-key', key);
    const first = await make('10.0.0.0/24').expect(201);
    await make('10.0.0.0/24').expect(201, first.body);
    await make('10.0.1.0/24').expect(422);
  });

  it('are paged through completely', async () => {
    const network = await user.network();
    const made = [];
    for (let index = 0; index < 5; index++)
      made.push(await user.subnet(network.id, { cidr: `10.0.${index}.0/24` }));
    const first = await user.get(`/v1/subnets?networkId=${network.id}&limit=3`).expect(200);
    const token = first.body.nextPageToken;
    const second = await user
      .get(`/v1/subnets?networkId=${network.id}&limit=3&pageToken=${token}`)
      .expect(200);
    expect([...first.body.items, ...second.body.items]).toEqual(made);
    expect(second.body).not.toHaveProperty('nextPageToken');
    const wrong = await user.get(`/v1/subnets?limit=3&pageToken=${token}`).expect(400);
    expect(wrong.body.code).toBe('invalid-page-token');
  });

  it('are listed by name, tag and IP version, of a project or of a network, in either order', async () => {
    const [lister, other] = [await stage.user(), await stage.user()];
    const [one, two] = [await lister.network(), await lister.network()];
    await lister.subnet(one.id, { cidr: '10.0.0.0/24', name: 'bravo', tags: ['red', 'round'] });
    await lister.subnet(two.id, { cidr: '2001:db8::/64', name: 'alpha', tags: ['red'] });
    await lister.subnet(one.id, { cidr: '2001:db8::/64', name: 'delta', tags: ['round', 'red'] });
    await lister.subnet(two.id, { cidr: '10.0.0.0/24', name: 'charlie' });
    const foreign = await other.network();
    await other.subnet(foreign.id, { cidr: '10.0.0.0/24', name: 'foreign', tags: ['red'] });
    await other.put(`/v1/networks/${foreign.id}/shares/${lister.projectId}`).expect(201);
    const namesOf = async (query: string) => {
      const names: string[] = [];
      for (let suffix = ''; ;) {
        const { body } = await lister.get(`/v1/subnets?limit=1&${query}${suffix}`).expect(200);
        names.push(...body.items.map(({ name }: { name: string }) => name));
        if (body.nextPageToken === undefined) return names;
        suffix = `&pageToken=${body.nextPageToken}`;
      }
    };
    expect(await namesOf('')).toEqual(['bravo', 'alpha', 'delta', 'charlie']);
    expect(await namesOf('sort=-createdAt')).toEqual(['charlie', 'delta', 'alpha', 'bravo']);
    expect(await namesOf('sort=name')).toEqual(['alpha', 'bravo', 'charlie', 'delta']);
    expect(await namesOf(`sort=-name&networkId=${one.id}`)).toEqual(['delta', 'bravo']);
    expect(await namesOf('tag=red&sort=name')).toEqual(['alpha', 'bravo', 'delta']);
    expect(await namesOf('tag=red&tag=round')).toEqual(['bravo', 'delta']);
    expect(await namesOf(`tag=red&networkId=${two.id}`)).toEqual(['alpha']);
    expect(await namesOf(`tag=red&networkId=${foreign.id}`)).toEqual(['foreign']);
    expect(await namesOf('ipVersion=6')).toEqual(['alpha', 'delta']);
    expect(await namesOf(`ipVersion=4&networkId=${one.id}`)).toEqual(['bravo']);
    expect(await namesOf('name=charlie')).toEqual(['charlie']);
    for (const query of ['ipVersion=5', 'sort=cidr', 'networkId=none']) {
      await lister.get(`/v1/subnets?${query}`).expect(400);
    }
  });

  it('count against the quota of their project, and give it back', async () => {
    const owner = await stage.user();
    const network = await owner.network();
    const { knex } = stage.database;
    const quota = () => knex('quotas').where({ project_id: owner.projectId, resource: 'subnets' });
    const subnet = await owner.subnet(network.id, { cidr: '10.0.0.0/24', tags: ['a'] });
    await owner.post(`/v1/networks/${network.id}/subnets`, { cidr: '10.0.0.0/24' }).expect(409);
    expect(await quota().pluck('used_count')).toEqual([1]);
    await quota().update({ limit_count: 1 });
    const { body } = await owner
      .post(`/v1/networks/${network.id}/subnets`, { cidr: '10.0.1.0/24' })
      .expect(409);
    expect(body.code).toBe('quota-exceeded');
    await owner.delete(`/v1/subnets/${subnet.id}`).expect(204);
    expect(await quota().pluck('used_count')).toEqual([0]);
    expect(await knex('tagged_resources').where({ resource_id: subnet.id })).toEqual([]);
    await owner.subnet(network.id, { cidr: '10.0.1.0/24' });
  });

  it('of other projects look as if they did not exist', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    const stranger = await stage.user();
    const nowhere = randomUUID();
    const calls = [
      (id: string) => stranger.get(`/v1/subnets/${id}`),
      (id: string) => stranger.delete(`/v1/subnets/${id}`),
      (id: string) => stranger.patch(`/v1/subnets/${id}`, { gatewayIp: 'nonsense' }),
      (id: string) => stranger.get(`/v1/subnets/${id}/usage`),
    ];
    for (const call of calls) {
      const hidden = await call(subnet.id).expect(404);
      const missing = await call(nowhere).expect(404);
      const { instance: _a, ...hiddenBody } = hidden.body;
      const { instance: _b, ...missingBody } = missing.body;
      expect(JSON.stringify(hiddenBody).replaceAll(subnet.id, nowhere)).toBe(JSON.stringify(missingBody));
    }
    await stranger.get('/v1/subnets').expect(200, { items: [] });
    // Nor can addresses be asked of them.
    const own = await stranger.network();
    const { body } = await stranger
      .post(`/v1/networks/${own.id}/ports`, { fixedIps: [{ subnetId: subnet.id }] })
      .expect(404);
    expect(body.code).toBe('subnet-not-found');
  });
});
