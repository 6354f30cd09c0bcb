import { randomUUID } from 'node:crypto';
import type { Port, PortInput } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;

beforeAll(async () => {
  stage = await openStage({ addressRestSeconds: 600 });
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

const addressesOf = (port: Port) => port.fixedIps.map(({ ipAddress }) => ipAddress);
const pathOf = ({ id }: Port) => `/v1/ports/${id}`;
const change = async (port: Port, patch: object): Promise<Port> =>
  (await user.patch(pathOf(port), patch).expect(200)).body;

async function networkWith(...cidrs: string[]) {
  const network = await user.network();
  const subnets = [];
  for (const cidr of cidrs) {
    subnets.push(
      await user.subnet(network.id, { cidr, ...(cidr.includes(':') ? {} : { dhcpEnabled: false }) }),
    );
  }
  return { network, subnets };
}

async function portIn(cidr: string, input: PortInput = {}) {
  const { network, subnets } = await networkWith(cidr);
  const port = await user.port(network.id, input);
  return { network, subnet: subnets[0] ?? expect.fail('no subnet'), port };
}

async function activePort(cidr: string, input: PortInput = {}) {
  const made = await portIn(cidr, input);
  const attachment = await user.plug(made.port.id, randomUUID());
  const binding = await host.claim(attachment);
  await host.report(binding, 'active');
  return { ...made, attachment, binding };
}

const usageOf = (subnetId: string) =>
  stage.database.knex('subnet_usage').where({ subnet_id: subnetId }).first();

describe('a port', () => {
  it('takes new words, each by itself, and a change that changes nothing leaves it as it is', async () => {
    const { port } = await portIn('10.0.0.0/24', { name: 'old', tags: ['b', 'a', 'a'] });
    expect(port).toMatchObject({ tags: ['a', 'b'], description: '' });
    const answer = await user
      .patch(pathOf(port), { name: 'new', description: 'why', tags: ['c', 'b'] })
      .set('if-match', '"1"')
      .expect(200)
      .expect('etag', '"2"');
    expect(answer.body).toEqual({
      ...port,
      name: 'new',
      description: 'why',
      tags: ['b', 'c'],
      revision: 2,
      updatedAt: answer.body.updatedAt,
    });
    await user.get(pathOf(port)).expect(200, answer.body);
    expect(await change(port, { name: 'new', tags: ['c', 'b', 'b'] })).toEqual(answer.body);
    expect((await user.patch(pathOf(port), { name: 'x' }).set('if-match', '"1"').expect(412)).body.code).toBe(
      'precondition-failed',
    );
    const ids = async (query: string) =>
      (await user.get(`/v1/ports?networkId=${port.networkId}&${query}`).expect(200)).body.items.length;
    expect([
      await ids('tag=c&tag=b'),
      await ids('tag=a'),
      await ids('name=new'),
      await ids('name=old'),
    ]).toEqual([1, 0, 1, 0]);
  });

  it('of another project looks as if it did not exist', async () => {
    const { port } = await portIn('10.0.0.0/24');
    const stranger = await stage.user();
    const hidden = await stranger.patch(pathOf(port), { name: 'x' }).expect(404);
    expect(hidden.body.code).toBe('port-not-found');
    await user.get(pathOf(port)).expect(200, port);
  });

  it('gets other addresses, keeps those that are named again, and gives the rest back', async () => {
    const { network, subnets } = await networkWith('10.0.0.0/24', '2001:db8::/64');
    const [v4, v6] = subnets.map(({ id }) => id);
    const port = await user.port(network.id);
    const moved = await change(port, {
      fixedIps: [{ ipAddress: '10.0.0.77' }, { subnetId: v6 }, { subnetId: v4 }],
    });
    expect(addressesOf(moved)).toEqual(['10.0.0.77', addressesOf(port)[1], '10.0.0.2']);
    expect(await usageOf(v4 ?? '')).toMatchObject({ used: 2, resting: 0 });
    const fewer = await change(port, { fixedIps: [{ subnetId: v4 }] });
    expect(addressesOf(fewer)).toEqual(['10.0.0.77']);
    expect([await usageOf(v4 ?? ''), await usageOf(v6 ?? '')]).toMatchObject([{ used: 1 }, { used: 0 }]);
    expect((await change(port, { fixedIps: [] })).fixedIps).toEqual([]);
    expect(addressesOf(await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.77' }] }))).toEqual([
      '10.0.0.77',
    ]);
    const { rows } = await stage.database.knex.raw(
      `select count(*)::int as count from port_addresses where port_id = ?`,
      [port.id],
    );
    expect(rows[0].count).toBe(0);
  });

  it.each([
    ['400 invalid-request', { fixedIps: [{ ipAddress: '10.0.0.005' }] }, '/fixedIps/0/ipAddress'],
    [
      '409 address-outside-pools',
      { fixedIps: [{ ipAddress: '10.0.0.9' }, { ipAddress: '10.1.0.1' }] },
      '/fixedIps/1/ipAddress',
    ],
    [
      '404 subnet-not-found',
      { fixedIps: [{ subnetId: '019abc00-1234-7abc-8def-0123456789ab' }] },
      '/fixedIps/0/subnetId',
    ],
    ['409 address-in-use', { fixedIps: [{ ipAddress: '10.0.0.3' }] }, '/fixedIps/0/ipAddress'],
    [
      '400 invalid-request',
      { allowedAddressPairs: [{ ipAddress: '10.0.0.9/24' }] },
      '/allowedAddressPairs/0/ipAddress',
    ],
    ['400 invalid-request', { portSecurity: 'off' }, '/securityGroupIds'],
    [
      '404 security-group-not-found',
      { securityGroupIds: ['019abc00-1234-7abc-8def-0123456789ab'] },
      '/securityGroupIds/0',
    ],
  ])('is refused with %s what can not be, and stays as it is', async (outcome, patch, pointer) => {
    const { network, port } = await portIn('10.0.0.0/24');
    await user.port(network.id);
    const { status, body } = await user.patch(pathOf(port), patch);
    expect(`${status} ${body.code}`).toBe(outcome);
    expect(body.errors[0].pointer).toBe(pointer);
    await user.get(pathOf(port)).expect(200, port);
  });

  it('that is full of addresses is told so', async () => {
    const { network, subnets } = await networkWith('10.0.0.0/30');
    const port = await user.port(network.id);
    const fixedIps = [{ subnetId: subnets[0]?.id }, { subnetId: subnets[0]?.id }];
    expect((await user.patch(pathOf(port), { fixedIps }).expect(409)).body.code).toBe('subnet-exhausted');
  });

  it("is only by its network's owner freed of security, given pairs, or put in the gateway's place", async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const tenant = await stage.user();
    await user.put(`/v1/networks/${network.id}/shares/${tenant.projectId}`).expect(201);
    const port = await tenant.port(network.id);
    for (const patch of [
      { portSecurity: 'off', securityGroupIds: [] },
      { allowedAddressPairs: [{ ipAddress: '10.0.0.99' }] },
      { fixedIps: [{ ipAddress: '10.0.0.1' }] },
    ]) {
      const { body } = await tenant.patch(pathOf(port), patch).expect(403);
      expect(body.code).toBe('network-owner-required');
      const { body: made } = await tenant.post(`/v1/networks/${network.id}/ports`, patch).expect(403);
      expect(made.code).toBe('network-owner-required');
    }
    await tenant.get(pathOf(port)).expect(200, port);
  });

  it("is refused what its network's provider can't do", async () => {
    const network = await user.network({ provider: 'only4' });
    const port = await user.port(network.id, { fixedIps: [] });
    expect(port.securityGroupIds).toEqual([]);
    const { body } = await user
      .patch(pathOf(port), { adminState: 'down', allowedAddressPairs: [{ ipAddress: '10.0.0.99' }] })
      .expect(409);
    expect(body).toMatchObject({
      code: 'provider-lacks-feature',
      errors: [{ pointer: '/adminState' }, { pointer: '/allowedAddressPairs' }],
    });
  });
});

describe('a port that a host has wired', () => {
  it('must be proven anew when its wiring changes, and its host is told', async () => {
    const { port, binding } = await activePort('10.0.0.0/24');
    expect((await user.get(pathOf(port))).body.status).toBe('active');
    const cursor = (await host.get('/v1/changes').expect(200)).body.nextCursor;
    const renamed = await change(port, { name: 'other' });
    expect(renamed.status).toBe('active');
    const down = await change(port, { adminState: 'down' });
    expect(down).toMatchObject({ status: 'building', adminState: 'down' });
    expect(down.attachment?.revision).toBe((renamed.attachment?.revision ?? 0) + 1);
    const { body } = await host.get(`/v1/changes?cursor=${cursor}`).expect(200);
    const told = body.items.filter(({ resourceId }: { resourceId: string }) => resourceId === binding.id);
    expect(told).toHaveLength(1);
    await host.report(binding, 'active');
    expect((await user.get(pathOf(port))).body.status).toBe('active');
  });

  it('lets the addresses rest that it loses, until its host has let go of them', async () => {
    const { network, subnet, port, binding } = await activePort('10.0.0.0/24');
    await change(port, { fixedIps: [{ ipAddress: '10.0.0.9' }] });
    expect(await usageOf(subnet.id)).toMatchObject({ used: 1, resting: 1 });
    const again = { fixedIps: [{ ipAddress: '10.0.0.2' }] };
    const { body } = await user.post(`/v1/networks/${network.id}/ports`, again).expect(409);
    expect(body).toMatchObject({ code: 'address-in-use', detail: expect.stringContaining('rests') });
    await host.release(binding.id);
    const resting = await stage.database.knex('resting_addresses').where({ subnet_id: subnet.id });
    expect(resting).toMatchObject([{ address: '10.0.0.2', port_id: port.id }]);
    expect(resting[0].rest_until).not.toBeNull();
  });
});

describe('the lease of a port', () => {
  it('begins when it is made, anew when it is said again, and ends with null', async () => {
    const { port } = await portIn('10.0.0.0/24', { leaseSeconds: 3600 });
    const lasts = ({ leaseExpiresAt }: Port, from: string) =>
      Math.round((Date.parse(leaseExpiresAt ?? '') - Date.parse(from)) / 1000);
    expect([port.leaseSeconds, lasts(port, port.createdAt)]).toEqual([3600, 3600]);
    const longer = await change(port, { leaseSeconds: 7200 });
    expect([longer.leaseSeconds, lasts(longer, longer.updatedAt)]).toEqual([7200, 7200]);
    const before = new Date(Date.parse(longer.leaseExpiresAt ?? '') - 1).toISOString();
    const listed = async (moment: string) =>
      (
        await user
          .get(`/v1/ports?networkId=${port.networkId}&leaseExpiresBefore=${encodeURIComponent(moment)}`)
          .expect(200)
      ).body.items.length;
    expect([await listed(before), await listed(longer.leaseExpiresAt ?? '')]).toEqual([0, 1]);
    const none = await change(port, { leaseSeconds: null });
    expect(none).not.toHaveProperty('leaseSeconds');
    expect(none).not.toHaveProperty('leaseExpiresAt');
  });

  it('does not run while a host has the port, and begins anew when it is unplugged', async () => {
    const { port } = await activePort('10.0.0.0/24', { leaseSeconds: 3600 });
    expect((await user.get(pathOf(port))).body).not.toHaveProperty('leaseExpiresAt');
    expect(await change(port, { leaseSeconds: 600 })).not.toHaveProperty('leaseExpiresAt');
    await user.unplug(port.id);
    expect((await user.get(pathOf(port))).body).toHaveProperty('leaseExpiresAt');
  });
});

describe('the security groups of a port', () => {
  it("are its project's default one unless it says otherwise, and can be changed", async () => {
    const { network, port } = await portIn('10.0.0.0/24');
    const { body: group } = await user.post('/v1/security-groups', { name: 'web' }).expect(201);
    const [defaultId] = port.securityGroupIds;
    expect((await user.get(`/v1/security-groups/${defaultId}`).expect(200)).body.isDefault).toBe(true);
    const own = await user.port(network.id, { securityGroupIds: [group.id.toUpperCase(), group.id] });
    expect(own.securityGroupIds).toEqual([group.id]);
    expect((await user.port(network.id, { securityGroupIds: [] })).securityGroupIds).toEqual([]);
    expect((await user.port(network.id, { portSecurity: 'off' })).securityGroupIds).toEqual([]);
    const both = await change(port, { securityGroupIds: [group.id, defaultId] });
    expect(both.securityGroupIds).toEqual([defaultId, group.id].toSorted());
    const of = async (groupId: string) =>
      (
        await user.get(`/v1/ports?networkId=${network.id}&securityGroupId=${groupId}`).expect(200)
      ).body.items.map(({ id }: Port) => id);
    expect(await of(group.id)).toEqual([port.id, own.id]);
    await user.delete(pathOf(own)).expect(204);
    expect((await change(port, { securityGroupIds: [defaultId] })).securityGroupIds).toEqual([defaultId]);
    expect(await of(group.id)).toEqual([]);
    await user.delete(`/v1/security-groups/${group.id}`).expect(204);
  });

  it('must be of its own project', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const stranger = await stage.user();
    const { body: theirs } = await stranger.post('/v1/security-groups', { name: 'web' }).expect(201);
    const { body } = await user
      .post(`/v1/networks/${network.id}/ports/bulk`, { ports: [{}, { securityGroupIds: [theirs.id] }] })
      .expect(404);
    expect(body).toMatchObject({
      code: 'security-group-not-found',
      errors: [{ pointer: '/ports/1/securityGroupIds/0' }],
    });
  });
});

describe('a list of ports', () => {
  it('is filtered by what is plugged in, where, and by address, and sorted by name', async () => {
    const { network, port, attachment } = await activePort('10.0.0.0/24', { name: 'b' });
    const other = await user.port(network.id, { name: 'a', adminState: 'down' });
    const ids = async (query: string) =>
      (await user.get(`/v1/ports?${query}`).expect(200)).body.items.map(({ id }: Port) => id);
    const inNetwork = `networkId=${network.id}`;
    expect(await ids(`macAddress=${encodeURIComponent(attachment.macAddress.toUpperCase())}`)).toEqual([
      port.id,
    ]);
    expect(await ids(`${inNetwork}&hostName=${host.host}`)).toEqual([port.id]);
    expect(await ids(`${inNetwork}&ipAddress=10.0.0.3`)).toEqual([other.id]);
    expect(await ids(`${inNetwork}&adminState=down`)).toEqual([other.id]);
    expect(await ids(`${inNetwork}&sort=name`)).toEqual([other.id, port.id]);
    expect(await ids(`${inNetwork}&sort=-createdAt&status=active`)).toEqual([port.id]);
    const { body } = await user.get('/v1/ports?ipAddress=10.0.0.3').expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/query/networkId' }]);
    await user.get(`/v1/ports?${inNetwork}&ipAddress=10.0.0.03`).expect(400);
  });
});
