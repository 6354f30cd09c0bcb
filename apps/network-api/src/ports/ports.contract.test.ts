import { randomUUID } from 'node:crypto';
import type { Port } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

const addressesOf = (port: Port) => port.fixedIps.map(({ ipAddress }) => ipAddress);

async function networkWith(...cidrs: string[]) {
  const network = await user.network();
  const subnets = [];
  for (const cidr of cidrs) {
    subnets.push(
      await user.subnet(network.id, { cidr, ...(cidr.includes(':') ? {} : { dhcpEnabled: false }) }),
    );
  }
  return { network, subnets, ports: `/v1/networks/${network.id}/ports` };
}

describe('ports', () => {
  it('have their address from the start, and are read, listed and deleted', async () => {
    const { network, subnets, ports } = await networkWith('10.0.0.0/24');
    const made = await user.post(ports, { name: 'web-1' }).expect(201);
    expect(made.body).toMatchObject({
      projectId: user.projectId,
      networkId: network.id,
      name: 'web-1',
      adminState: 'up',
      status: 'available',
      fixedIps: [{ subnetId: subnets[0]?.id, ipAddress: '10.0.0.2' }],
      revision: 1,
    });
    expect(made.headers).toMatchObject({ etag: '"1"', location: `/v1/ports/${made.body.id}` });
    const path = `/v1/ports/${made.body.id}`;
    await user.get(path).expect(200, made.body).expect('etag', '"1"');
    await user.get(`/v1/ports?networkId=${network.id}`).expect(200, { items: [made.body] });
    const refused = await user.delete(path).set('if-match', '"2"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    await user.delete(path).set('if-match', '"1"').expect(204);
    await user.get(path).expect(404);
    await user.delete(path).expect(404);
    await user.get(`/v1/ports?networkId=${network.id}`).expect(200, { items: [] });
  });

  it('are refused for their provider with a pointer into the request: to the address, or to who asked for any', async () => {
    const { ports, subnets } = await networkWith('10.13.0.0/24');
    const [good, bad] = [{ ipAddress: '10.13.0.9' }, { ipAddress: '10.13.0.2' }];
    const fromSubnet = { subnetId: subnets[0]?.id };
    const first = { fixedIps: [{ ipAddress: '10.13.0.7' }] };
    for (const [path, body, pointer] of [
      [ports, { fixedIps: [good, bad] }, '/fixedIps/1/ipAddress'],
      [ports, {}, ''],
      [`${ports}/bulk`, { ports: [first, { fixedIps: [good, bad] }] }, '/ports/1/fixedIps/1/ipAddress'],
      [`${ports}/bulk`, { ports: [first, { fixedIps: [fromSubnet] }] }, '/ports/1/fixedIps/0'],
      [`${ports}/bulk`, { ports: [first, {}] }, '/ports/1'],
    ] as const) {
      const { body: answer } = await user.post(path, body).expect(400);
      expect(answer).toMatchObject({
        code: 'invalid-request',
        errors: [{ pointer, detail: 'must not be 10.13.0.2' }],
      });
      expect(answer.detail).toBe(
        `Correct the request: ${pointer === '' ? 'the body' : pointer} must not be 10.13.0.2.`,
      );
    }
  });

  it('get one address of each IP version that the network has a subnet for', async () => {
    const { network } = await networkWith('2001:db8::/64', '10.0.0.0/24', '10.0.1.0/24');
    expect(addressesOf(await user.port(network.id))).toEqual(['10.0.0.2', '2001:db8::2']);
  });

  it('get an address of the next subnet when older ones are full', async () => {
    const { network, subnets } = await networkWith('10.0.0.0/30', '10.0.1.0/30');
    expect(addressesOf(await user.port(network.id))).toEqual(['10.0.0.2']);
    expect(addressesOf(await user.port(network.id))).toEqual(['10.0.1.2']);
    const { body } = await user.post(`/v1/networks/${network.id}/ports`, {}).expect(409);
    expect(body).toMatchObject({
      code: 'subnet-exhausted',
      detail: expect.stringContaining(subnets[1]?.id ?? '-'),
    });
  });

  it('can be without addresses, also where there is no subnet', async () => {
    const { network, ports } = await networkWith();
    expect((await user.port(network.id, { fixedIps: [] })).fixedIps).toEqual([]);
    const { body } = await user.post(ports, {}).expect(409);
    expect(body.code).toBe('no-subnet');
  });

  it('get the addresses that were chosen, in canonical form and in the order asked for', async () => {
    const { network, subnets } = await networkWith('10.0.0.0/24', '2001:db8::/64');
    const [v4] = subnets;
    const port = await user.port(network.id, {
      adminState: 'down',
      fixedIps: [
        { ipAddress: '2001:DB8:0::00AA' },
        { subnetId: v4?.id ?? '', ipAddress: '10.0.0.20' },
        { subnetId: v4?.id.toUpperCase() ?? '' },
      ],
    });
    expect(port.adminState).toBe('down');
    expect(addressesOf(port)).toEqual(['2001:db8::aa', '10.0.0.20', '10.0.0.2']);
  });

  it('are refused a chosen address that is in use, resting nowhere, and told by whom', async () => {
    const { network, ports } = await networkWith('10.0.0.0/24');
    const holder = await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.20' }] });
    const { body } = await user.post(ports, { fixedIps: [{ ipAddress: '10.0.0.20' }] }).expect(409);
    expect(body).toMatchObject({
      code: 'address-in-use',
      detail: expect.stringContaining(holder.id),
      errors: [{ pointer: '/fixedIps/0/ipAddress' }],
    });
    const twice = await user
      .post(ports, { fixedIps: [{ ipAddress: '10.0.0.21' }, { ipAddress: '10.0.0.21' }] })
      .expect(409);
    expect(twice.body).toMatchObject({
      code: 'address-in-use',
      errors: [{ pointer: '/fixedIps/1/ipAddress' }],
    });
    await user.get(`/v1/ports?networkId=${network.id}`).expect(200, { items: [holder] });
  });

  it.each(['10.0.0.0', '10.0.0.255', '10.9.0.1', '2001:db8::5'])(
    'are refused %s, which is in no pool',
    async (ipAddress) => {
      const { ports } = await networkWith('10.0.0.0/24');
      const { body } = await user.post(ports, { fixedIps: [{ ipAddress }] }).expect(409);
      expect(body).toMatchObject({
        code: 'address-outside-pools',
        errors: [{ pointer: '/fixedIps/0/ipAddress' }],
      });
    },
  );

  it("may have the gateway's address when it is chosen, which is in no pool and goes back to none", async () => {
    const { network, subnets, ports } = await networkWith('10.0.0.0/30');
    const router = await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    expect(addressesOf(router)).toEqual(['10.0.0.1']);
    const taken = await user.post(ports, { fixedIps: [{ ipAddress: '10.0.0.1' }] }).expect(409);
    expect(taken.body).toMatchObject({
      code: 'address-in-use',
      detail: expect.stringContaining(router.id),
      errors: [{ pointer: '/fixedIps/0/ipAddress' }],
    });
    const usage = () => stage.database.knex('subnet_usage').where({ subnet_id: subnets[0]?.id }).first();
    expect(await usage()).toMatchObject({ used: 0, resting: 0 });
    await user.delete(`/v1/ports/${router.id}`).expect(204);
    expect(addressesOf(await user.port(network.id))).toEqual(['10.0.0.2']);
    expect((await user.post(ports, {}).expect(409)).body.code).toBe('subnet-exhausted');
    expect(await usage()).toMatchObject({ used: 1, resting: 0 });
  });

  it('are refused an address that is not in the subnet given with it', async () => {
    const { ports, subnets } = await networkWith('10.0.0.0/24', '10.0.1.0/24');
    const fixedIps = [{ subnetId: subnets[0]?.id, ipAddress: '10.0.1.7' }];
    const { body } = await user.post(ports, { fixedIps }).expect(409);
    expect(body.code).toBe('address-outside-pools');
  });

  it.each(['010.0.0.5', '10.0.0', '::ffff:10.0.0.5', 'fe80::1%eth0', 'nonsense'])(
    'are refused the spelling %s',
    async (ipAddress) => {
      const { ports } = await networkWith('10.0.0.0/24');
      const { body } = await user.post(ports, { fixedIps: [{ ipAddress }] }).expect(400);
      expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/fixedIps/0/ipAddress' }] });
    },
  );

  it('are refused what the provider refuses', async () => {
    const { ports, subnets } = await networkWith('10.0.0.0/24');
    const fixedIps = Array.from({ length: 4 }, () => ({ subnetId: subnets[0]?.id }));
    const { body } = await user.post(ports, { fixedIps }).expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/fixedIps' }]);
  });

  it("are refused addresses of a subnet that is not the network's", async () => {
    const { ports } = await networkWith('10.0.0.0/24');
    const other = await networkWith('10.0.0.0/24');
    const { body } = await user.post(ports, { fixedIps: [{ subnetId: other.subnets[0]?.id }] }).expect(404);
    expect(body.code).toBe('subnet-not-found');
  });

  it('give their addresses back when they are deleted, so that they can be had again', async () => {
    const { network } = await networkWith('10.0.0.0/29');
    const made = [];
    for (let index = 0; index < 5; index++) made.push(await user.port(network.id));
    for (const port of [made[3], made[1], made[2]]) await user.delete(`/v1/ports/${port?.id}`).expect(204);
    const again = [];
    for (let index = 0; index < 3; index++) again.push(...addressesOf(await user.port(network.id)));
    expect(again).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5']);
    const { rows } = await stage.database.knex.raw('select * from free_ranges where subnet_id = ?', [
      made[0]?.fixedIps[0]?.subnetId ?? '',
    ]);
    expect(rows).toEqual([]);
  });

  it('find every address of a subnet, the last one included', async () => {
    const { network, ports } = await networkWith('10.0.0.0/28', '2001:db8::/124');
    await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.7' }, { ipAddress: '2001:db8::f' }] });
    const seen = new Set(['10.0.0.7', '2001:db8::f']);
    for (let index = 0; index < 12; index++)
      for (const one of addressesOf(await user.port(network.id))) seen.add(one);
    expect(seen.size).toBe(26);
    const { body } = await user.post(ports, {}).expect(409);
    expect(body.code).toBe('subnet-exhausted');
    // One more IPv6 address is left, and the refusal above has not taken it.
    const last = await user.port(network.id, { fixedIps: [{ ipAddress: '2001:db8::e' }] });
    expect(addressesOf(last)).toEqual(['2001:db8::e']);
  });

  it('are made once per idempotency key', async () => {
    const { network, ports } = await networkWith('10.0.0.0/24');
    const key = randomUUID();
    const make = (name: string) => user.post(ports, { name }).set('idempotency-key', key);
    const answers = await Promise.all([make('a'), make('a'), make('a')]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    await make('b').expect(422);
    const listed = await user.get(`/v1/ports?networkId=${network.id}`).expect(200);
    expect(listed.body.items).toHaveLength(1);
  });

  it('that could not be made leave their idempotency key unused', async () => {
    const { network, ports } = await networkWith();
    const key = randomUUID();
    const make = () => user.post(ports, {}).set('idempotency-key', key);
    await make().expect(409);
    await user.subnet(network.id, { cidr: '10.0.0.0/24' });
    await make().expect(201);
  });

  it('are filtered by network, vNIC and status', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const [one, two] = [await user.port(network.id), await user.port(network.id)];
    const vnicId = randomUUID();
    await user.plug(one.id, vnicId);
    const ids = async (query: string) =>
      (await user.get(`/v1/ports?${query}`).expect(200)).body.items.map(({ id }: Port) => id);
    expect(await ids(`networkId=${network.id}`)).toEqual([one.id, two.id]);
    expect(await ids(`vnicId=${vnicId.toUpperCase()}`)).toEqual([one.id]);
    expect(await ids(`networkId=${network.id}&status=plugged`)).toEqual([one.id]);
    expect(await ids(`networkId=${network.id}&status=available`)).toEqual([two.id]);
    expect(await ids(`vnicId=${randomUUID()}`)).toEqual([]);
    const { body } = await user.get('/v1/ports?status=asleep').expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/query/status' }]);
  });

  it('are paged through completely', async () => {
    const { network, ports } = await networkWith('10.0.0.0/24');
    const { body: made } = await user
      .post(`${ports}/bulk`, { ports: Array.from({ length: 7 }, () => ({})) })
      .expect(201);
    const seen: Port[] = [];
    let token = '';
    do {
      const { body } = await user.get(`/v1/ports?networkId=${network.id}&limit=3${token}`).expect(200);
      seen.push(...body.items);
      token = body.nextPageToken === undefined ? '' : `&pageToken=${body.nextPageToken}`;
    } while (token !== '');
    expect(seen).toEqual(made.items);
    const { body } = await user.get('/v1/ports?pageToken=junk').expect(400);
    expect(body.code).toBe('invalid-page-token');
  });

  it('of other projects look as if they did not exist', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const port = await user.port(network.id);
    const plugged = await user.port(network.id);
    await user.plug(plugged.id, randomUUID());
    const stranger = await stage.user();
    const nowhere = randomUUID();
    const plug = { vnicId: randomUUID(), macAddress: '02:00:00:00:00:01' };
    const calls = [
      (id: string) => stranger.get(`/v1/ports/${id}`),
      (id: string) => stranger.delete(`/v1/ports/${id}`),
      (id: string) => stranger.delete(`/v1/ports/${id}`).set('if-match', '"99"'),
      (id: string) => stranger.get(`/v1/ports/${id}/attachment`),
      (id: string) => stranger.put(`/v1/ports/${id}/attachment`, plug),
      (id: string) => stranger.delete(`/v1/ports/${id}/attachment`),
    ];
    for (const call of calls) {
      for (const hiddenId of [port.id, plugged.id]) {
        const hidden = await call(hiddenId).expect(404);
        const missing = await call(nowhere).expect(404);
        const { instance: _a, ...hiddenBody } = hidden.body;
        const { instance: _b, ...missingBody } = missing.body;
        expect(JSON.stringify(hiddenBody).replaceAll(hiddenId, nowhere)).toBe(JSON.stringify(missingBody));
        expect(hiddenBody.code).toBe('port-not-found');
      }
    }
    await stranger.get('/v1/ports').expect(200, { items: [] });
    await user.get(`/v1/ports/${port.id}`).expect(200, port);
  });
});

describe('ports made together', () => {
  it('are up to a thousand, in the order asked for, in a few statements', async () => {
    const { network, ports } = await networkWith('10.0.0.0/20', '2001:db8::/64');
    let statements = 0;
    const count = () => {
      statements++;
    };
    stage.database.knex.on('query', count);
    const asked = Array.from({ length: 1000 }, (_, index) => ({ name: `p${index}` }));
    const { body } = await user.post(`${ports}/bulk`, { ports: asked }).expect(201);
    stage.database.knex.off('query', count);
    expect(body.items.map(({ name }: Port) => name)).toEqual(asked.map(({ name }) => name));
    expect(new Set(body.items.flatMap(addressesOf)).size).toBe(2000);
    expect(statements).toBeLessThan(20);
    const first = await user.get(`/v1/ports?networkId=${network.id}&limit=200`).expect(200);
    expect(first.body.items).toEqual(body.items.slice(0, 200));
  });

  it('are all made or none', async () => {
    const { network, ports } = await networkWith('10.0.0.0/29');
    const tooMany = await user.post(`${ports}/bulk`, { ports: [{}, {}, {}, {}, {}, {}] }).expect(409);
    expect(tooMany.body.code).toBe('subnet-exhausted');
    await user.get(`/v1/ports?networkId=${network.id}`).expect(200, { items: [] });
    const wrong = await user
      .post(`${ports}/bulk`, { ports: [{}, { fixedIps: [{ ipAddress: '10.0.0.x' }] }] })
      .expect(400);
    expect(wrong.body.errors).toMatchObject([{ pointer: '/ports/1/fixedIps/0/ipAddress' }]);
    const { body } = await user.post(`${ports}/bulk`, { ports: [{}, {}, {}, {}, {}] }).expect(201);
    expect(body.items.flatMap(addressesOf)).toEqual([
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
    ]);
  });

  it('do not take by chance an address that one of them has chosen', async () => {
    const { ports } = await networkWith('10.0.0.0/29');
    const { body } = await user
      .post(`${ports}/bulk`, { ports: [{}, {}, { fixedIps: [{ ipAddress: '10.0.0.3' }] }] })
      .expect(201);
    expect(body.items.flatMap(addressesOf)).toEqual(['10.0.0.2', '10.0.0.4', '10.0.0.3']);
  });

  it('are refused chosen addresses that are in use, outside the pools or of unknown subnets', async () => {
    const { network, ports } = await networkWith('10.0.0.0/24');
    await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.9' }] });
    const ask = (fixedIps: object[]) => user.post(`${ports}/bulk`, { ports: [{}, { fixedIps }] });
    const used = await ask([{ ipAddress: '10.0.0.9' }]).expect(409);
    expect(used.body).toMatchObject({
      code: 'address-in-use',
      errors: [{ pointer: '/ports/1/fixedIps/0/ipAddress' }],
    });
    expect((await ask([{ ipAddress: '10.0.0.255' }]).expect(409)).body.code).toBe('address-outside-pools');
    expect((await ask([{ subnetId: randomUUID() }]).expect(404)).body.code).toBe('subnet-not-found');
    const { ports: subnetless } = await networkWith();
    const none = await user.post(`${subnetless}/bulk`, { ports: [{}] }).expect(409);
    expect(none.body.code).toBe('no-subnet');
  });

  it('are made once per idempotency key', async () => {
    const { ports } = await networkWith('10.0.0.0/24');
    const key = randomUUID();
    const make = (count: number) =>
      user
        .post(`${ports}/bulk`, { ports: Array.from({ length: count }, () => ({})) })
        .set('idempotency-key', key);
    const first = await make(3).expect(201);
    await make(3).expect(201, first.body);
    await make(4).expect(422);
  });

  it('are at least one and at most a thousand', async () => {
    const { ports } = await networkWith('10.0.0.0/24');
    await user.post(`${ports}/bulk`, { ports: [] }).expect(400);
    await user.post(`${ports}/bulk`, { ports: Array.from({ length: 1001 }, () => ({})) }).expect(400);
  });
});
