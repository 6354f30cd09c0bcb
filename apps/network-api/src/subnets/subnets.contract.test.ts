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
  it('are made with a gateway and a pool of everything else, read, listed and deleted', async () => {
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
      allocationPools: [{ first: '10.0.0.2', last: '10.0.0.254' }],
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

  it('of other projects look as if they did not exist', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    const stranger = await stage.user();
    const nowhere = randomUUID();
    for (const method of ['get', 'delete'] as const) {
      const hidden = await stranger[method](`/v1/subnets/${subnet.id}`).expect(404);
      const missing = await stranger[method](`/v1/subnets/${nowhere}`).expect(404);
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
