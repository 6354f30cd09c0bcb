import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';
import { testProvider } from '../testing/test-providers.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage({ providers: [testProvider('test'), testProvider('plain', [4, 6], [])] });
  user = await stage.user();
});
afterAll(() => stage.close());

const pathOf = ({ id }: { id: string }) => `/v1/networks/${id}`;

describe('a network', () => {
  it('has all that it was given, with tags in order and once, and an MTU of its provider when it names none', async () => {
    const made = await user.network({
      name: 'blue',
      description: 'Front ends',
      tags: ['web', 'shop', 'web'],
      mtu: 9000,
      adminState: 'down',
      isSharedWithAll: false,
    });
    expect(made).toMatchObject({
      description: 'Front ends',
      tags: ['shop', 'web'],
      mtu: 9000,
      adminState: 'down',
      isSharedWithAll: false,
      status: 'active',
    });
    expect(await user.network()).toMatchObject({
      name: '',
      description: '',
      tags: [],
      mtu: 1500,
      adminState: 'up',
      isSharedWithAll: false,
    });
  });

  it('is changed in what is named, and in nothing else', async () => {
    const made = await user.network({ name: 'blue', description: 'old', tags: ['a', 'b'], mtu: 1400 });
    const changed = await user.patch(pathOf(made), { name: 'green', tags: ['c', 'b'] }).expect(200);
    expect(changed.body).toEqual({
      ...made,
      name: 'green',
      tags: ['b', 'c'],
      revision: 2,
      updatedAt: expect.any(String),
    });
    expect(changed.headers['etag']).toBe('"2"');
    expect(Date.parse(changed.body.updatedAt)).toBeGreaterThanOrEqual(Date.parse(made.updatedAt));
    await user.get(pathOf(made)).expect(200, changed.body);
    const { body: cleared } = await user
      .patch(pathOf(made), { description: '', mtu: null, tags: [] })
      .expect(200);
    expect(cleared).toMatchObject({ name: 'green', description: '', mtu: 1500, tags: [], revision: 3 });
  });

  it('that is as a change would have it stays at its revision, and nobody is told', async () => {
    const made = await user.network({ name: 'same', tags: ['x', 'y'] });
    const before = await stage.database.knex('events').max('position');
    const patch = {
      name: 'same',
      tags: ['y', 'x', 'y'],
      mtu: 1500,
      adminState: 'up',
      isSharedWithAll: false,
    };
    await user.patch(pathOf(made), patch).expect(200, made);
    expect(await stage.database.knex('events').max('position')).toEqual(before);
  });

  it('is changed only at the revision that If-Match names', async () => {
    const made = await user.network();
    const refused = await user.patch(pathOf(made), { name: 'x' }).set('if-match', '"2"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    await user.patch(pathOf(made), { name: 'x' }).set('if-match', '"1"').expect(200);
    // Also one that changes nothing.
    await user.patch(pathOf(made), { name: 'x' }).set('if-match', '"1"').expect(412);
  });

  it.each([
    [{ mtu: 9001 }, '/mtu'],
    [{ mtu: 67 }, '/mtu'],
    [{ mtu: '1500' }, '/mtu'],
    [{ name: null }, '/name'],
    [{ adminState: 'sideways' }, '/adminState'],
    [{ tags: ['a,b'] }, '/tags/0'],
    [{ provider: 'test' }, '/provider'],
    [{}, ''],
  ])('is not changed by %j, which is wrong at "%s"', async (patch, pointer) => {
    const made = await user.network();
    const { body } = await user.patch(pathOf(made), patch).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    await user.get(pathOf(made)).expect(200, made);
  });

  it.each([
    [{ mtu: 9001 }, '/mtu'],
    [{ tags: [' a'] }, '/tags/0'],
    [{ adminState: 'sideways' }, '/adminState'],
  ])('is not made with %j, which is wrong at "%s"', async (input, pointer) => {
    const { body } = await user.post('/v1/networks', input).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
  });

  it('is down only where its provider can do that', async () => {
    const refused = await user.post('/v1/networks', { provider: 'plain', adminState: 'down' }).expect(409);
    expect(refused.body).toMatchObject({
      code: 'provider-lacks-feature',
      errors: [{ pointer: '/adminState' }],
    });
    const made = await user.network({ provider: 'plain' });
    const unchanged = await user.patch(pathOf(made), { adminState: 'down' }).expect(409);
    expect(unchanged.body.code).toBe('provider-lacks-feature');
    await user.patch(pathOf(made), { adminState: 'up', name: 'still up' }).expect(200);
  });

  it('with IPv6 subnets keeps an MTU that IPv6 can do with', async () => {
    const network = await user.network({ mtu: 1280 });
    await user.subnet(network.id, { cidr: '2001:db8::/64' });
    const { body } = await user.patch(pathOf(network), { mtu: 1279 }).expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/mtu', detail: expect.stringContaining('1280') }]);
    const small = await user.network({ mtu: 1279 });
    const refused = await user.post(`${pathOf(small)}/subnets`, { cidr: '2001:db8::/64' }).expect(400);
    expect(refused.body.errors).toMatchObject([
      { pointer: '/cidr', detail: expect.stringContaining('1280') },
    ]);
    await user.subnet(small.id, { cidr: '10.0.0.0/24' });
  });

  it('never gets an IPv6 subnet and too small an MTU at the same time', async () => {
    for (let round = 0; round < 6; round++) {
      const network = await user.network();
      await Promise.all([
        user.patch(pathOf(network), { mtu: 1000 }),
        user.post(`${pathOf(network)}/subnets`, { cidr: '2001:db8::/64' }),
      ]);
      const { body } = await user.get(pathOf(network)).expect(200);
      const { body: subnets } = await user.get(`/v1/subnets?networkId=${network.id}`).expect(200);
      expect([body.mtu, subnets.items.length]).toEqual(subnets.items.length === 1 ? [1500, 1] : [1000, 0]);
    }
  });

  it('is changed by one of two who change it at once with the same If-Match', async () => {
    const made = await user.network();
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((name) => user.patch(pathOf(made), { name }).set('if-match', '"1"')),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
    const { body } = await user.get(pathOf(made)).expect(200);
    expect(body).toEqual(answers.find(({ status }) => status === 200)?.body);
  });

  it('that is being deleted takes nothing new, and may be deleted again', async () => {
    const network = await user.network({ tags: ['leaving'] });
    await stage.database.knex('networks').where({ id: network.id }).update({ status: 'deleting' });
    const path = pathOf(network);
    for (const refused of [
      await user.patch(path, { name: 'x' }),
      await user.post(`${path}/subnets`, { cidr: '10.0.0.0/24' }),
      await user.put(`${path}/shares/${randomUUID()}`),
      await user.post(`${path}/ports`, { fixedIps: [] }),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([409, 'network-deleting']);
    }
    await user.get(path).expect(200);
    await user.delete(path).expect(204);
  });
});

describe('quotas and tags', () => {
  it('count networks as they come and go, also in a failed creation', async () => {
    const owner = await stage.user();
    const used = async () =>
      (
        await stage.database
          .knex('quotas')
          .where({ project_id: owner.projectId, resource: 'networks' })
          .first()
      )?.used_count ?? 0;
    const networks = [await owner.network(), await owner.network()];
    await owner.post('/v1/networks', { mtu: 9001 }).expect(400);
    expect(await used()).toBe(2);
    await stage.database
      .knex('quotas')
      .where({ project_id: owner.projectId, resource: 'networks' })
      .update({ limit_count: 2 });
    const { body } = await owner.post('/v1/networks', {}).expect(409);
    expect(body.code).toBe('quota-exceeded');
    for (const network of networks) await owner.delete(pathOf(network)).expect(204);
    expect(await used()).toBe(0);
    await owner.network();
  });

  it('forget the tags of what is gone', async () => {
    const owner = await stage.user();
    const tags = async (): Promise<string[]> =>
      stage.database
        .knex('tagged_resources')
        .where({ project_id: owner.projectId })
        .orderBy('tag')
        .pluck('tag');
    const network = await owner.network({ tags: ['a', 'b'] });
    expect(await tags()).toEqual(['a', 'b']);
    await owner.patch(pathOf(network), { tags: ['b', 'c'] }).expect(200);
    expect(await tags()).toEqual(['b', 'c']);
    await owner.delete(pathOf(network)).expect(204);
    expect(await tags()).toEqual([]);
  });
});
