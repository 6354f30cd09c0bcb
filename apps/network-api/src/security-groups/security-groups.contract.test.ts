import { randomUUID } from 'node:crypto';
import type { SecurityGroup } from '@patchpanel/contract-network';
import { readEvents } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

const groups = '/v1/security-groups';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function newGroup(input: object = {}, owner: TestUser = user): Promise<SecurityGroup> {
  return (await owner.post(groups, input).expect(201)).body;
}

async function defaultGroup(owner: TestUser): Promise<SecurityGroup> {
  return (await owner.get(`${groups}?isDefault=true`).expect(200)).body.items[0];
}

async function usedBy(owner: TestUser) {
  const { body } = await owner.get('/v1/quota').expect(200);
  return [body.securityGroups.used, body.securityGroupRules.used];
}

/** A port of the user that is in a group. */
async function putPortInto(group: SecurityGroup, owner: TestUser): Promise<string> {
  const network = await owner.network();
  return (await owner.port(network.id, { fixedIps: [], securityGroupIds: [group.id] })).id;
}

describe('security groups', () => {
  it('are made, read, changed and deleted', async () => {
    const made = await user
      .post(groups, { name: 'web', description: 'Front ends', tags: ['shop', 'b', 'shop'] })
      .expect(201);
    expect(made.body).toMatchObject({
      projectId: user.projectId,
      name: 'web',
      description: 'Front ends',
      tags: ['b', 'shop'],
      isDefault: false,
      revision: 1,
    });
    const path = `${groups}/${made.body.id}`;
    expect(made.headers).toMatchObject({ etag: '"1"', location: path });
    await user.get(path).expect(200, made.body).expect('etag', '"1"');
    const patched = await user
      .patch(path, { name: 'front', tags: ['b', 'c'] })
      .set('if-match', '"1"')
      .expect(200)
      .expect('etag', '"2"');
    expect(patched.body).toMatchObject({ name: 'front', description: 'Front ends', tags: ['b', 'c'] });
    await user.get(path).expect(200, patched.body);
    const refused = await user.patch(path, { name: 'late' }).set('if-match', '"1"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    await user.delete(path).set('if-match', '"1"').expect(412);
    await user.delete(path).set('if-match', '"2"').expect(204);
    for (const again of [user.get(path), user.patch(path, { name: 'x' }), user.delete(path)]) {
      expect((await again.expect(404)).body.code).toBe('security-group-not-found');
    }
  });

  it('start with everything let out and nothing in', async () => {
    const group = await newGroup();
    const { body } = await user.get(`${groups}/${group.id}/rules`).expect(200);
    expect(body.items).toMatchObject([
      { direction: 'egress', etherType: 'ipv4', securityGroupId: group.id, projectId: user.projectId },
      { direction: 'egress', etherType: 'ipv6' },
    ]);
  });

  it('stay as they are under a change to what they are', async () => {
    const group = await newGroup({ name: 'same', tags: ['a', 'b'] });
    const path = `${groups}/${group.id}`;
    await user.patch(path, { name: 'same', tags: ['b', 'a', 'b'] }).expect(200, group);
    await user.patch(path, { tags: [], description: 'x' }).expect(200);
    const { body } = await user.get(path).expect(200);
    expect(body).toMatchObject({ tags: [], description: 'x', revision: 2 });
  });

  it('are made once per idempotency key', async () => {
    const key = randomUUID();
    const make = (name: string) => user.post(groups, { name }).set('idempotency-key', key);
    const answers = await Promise.all([make('once'), make('once')]);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const other = await make('twice').expect(422);
    expect(other.body.code).toBe('idempotency-key-reused');
  });

  it('are listed by name, tag and kind, in order and by pages', async () => {
    const owner = await stage.user();
    const [b, a, c] = [
      await newGroup({ name: 'b', tags: ['x', 'y'] }, owner),
      await newGroup({ name: 'a', tags: ['x'] }, owner),
      await newGroup({ name: 'c' }, owner),
    ];
    const standard = await defaultGroup(owner);
    const namesOf = async (query: string) =>
      (await owner.get(`${groups}?${query}`).expect(200)).body.items.map(({ name }: SecurityGroup) => name);
    expect(await namesOf('')).toEqual(['b', 'a', 'c', 'default']);
    expect(await namesOf('sort=-createdAt')).toEqual(['default', 'c', 'a', 'b']);
    expect(await namesOf('sort=name')).toEqual(['a', 'b', 'c', 'default']);
    expect(await namesOf('name=a')).toEqual(['a']);
    expect(await namesOf('tag=x&sort=name')).toEqual(['a', 'b']);
    expect(await namesOf('tag=x&tag=y')).toEqual(['b']);
    expect(await namesOf('isDefault=true')).toEqual([standard.name]);
    expect(await namesOf('isDefault=false')).toEqual(['b', 'a', 'c']);
    const first = await owner.get(`${groups}?sort=-name&limit=3`).expect(200);
    expect(first.body.items.map(({ id }: SecurityGroup) => id)).toEqual([standard.id, c.id, b.id]);
    const { nextPageToken } = first.body;
    const rest = await owner
      .get(`${groups}?sort=-name&limit=3&pageToken=${nextPageToken}`)
      .expect(200, { items: [a] });
    expect(rest.body.nextPageToken).toBeUndefined();
    const { body } = await owner.get(`${groups}?limit=3&pageToken=${nextPageToken}`).expect(400);
    expect(body.code).toBe('invalid-page-token');
    await owner.delete(`${groups}/${b.id}`).expect(204);
    expect(await namesOf('tag=y')).toEqual([]);
  });

  it('of other projects look as if they did not exist', async () => {
    const group = await newGroup();
    const stranger = await stage.user();
    const nowhere = randomUUID();
    const rule = { direction: 'ingress', etherType: 'ipv4' };
    const [firstRule] = (await user.get(`${groups}/${group.id}/rules`).expect(200)).body.items;
    const own = await newGroup({}, stranger);
    const calls = [
      (id: string) => stranger.get(`${groups}/${id}`),
      (id: string) => stranger.patch(`${groups}/${id}`, { name: 'mine' }),
      (id: string) => stranger.patch(`${groups}/${id}`, { name: 'mine' }).set('if-match', '"99"'),
      (id: string) => stranger.delete(`${groups}/${id}`),
      (id: string) => stranger.get(`${groups}/${id}/rules`),
      (id: string) => stranger.post(`${groups}/${id}/rules`, rule),
      (id: string) => stranger.get(`${groups}/${id}/rules/${firstRule.id}`),
      (id: string) => stranger.delete(`${groups}/${id}/rules/${firstRule.id}`),
      (id: string) => stranger.post(`${groups}/${own.id}/rules`, { ...rule, remoteGroupId: id }),
    ];
    for (const call of calls) {
      const hidden = await call(group.id).expect(404);
      const missing = await call(nowhere).expect(404);
      const { instance: _a, ...hiddenBody } = hidden.body;
      const { instance: _b, ...missingBody } = missing.body;
      expect(JSON.stringify(hiddenBody).replaceAll(group.id, nowhere)).toBe(JSON.stringify(missingBody));
      expect(hiddenBody.code).toBe('security-group-not-found');
    }
    const listed = await stranger.get(groups).expect(200);
    expect(listed.body.items.map(({ id }: SecurityGroup) => id)).not.toContain(group.id);
    const foreign = await stranger.get(`${groups}/${own.id}/rules/${firstRule.id}`).expect(404);
    expect(foreign.body.code).toBe('security-group-rule-not-found');
    await user.get(`${groups}/${group.id}`).expect(200, group);
  });

  it('are refused beyond the quota, which counts them with their rules and takes them back', async () => {
    const owner = await stage.user();
    const operator = await stage.user(undefined, ['admin']);
    const limits = { securityGroups: 2, securityGroupRules: 4 };
    await operator.patch(`/v1/projects/${owner.projectId}/quota`, limits).expect(200);
    const one = await newGroup({}, owner);
    await newGroup({}, owner);
    expect(await usedBy(owner)).toEqual([2, 4]);
    const { body } = await owner.post(groups, {}).expect(409);
    expect(body.code).toBe('quota-exceeded');
    expect(await usedBy(owner)).toEqual([2, 4]);
    await owner.delete(`${groups}/${one.id}`).expect(204);
    expect(await usedBy(owner)).toEqual([1, 2]);
    await operator.patch(`/v1/projects/${owner.projectId}/quota`, { securityGroupRules: 3 }).expect(200);
    const rules = await owner.post(groups, {}).expect(409);
    expect(rules.body.detail).toContain('3 security group rules');
    // The default group is made all the same.
    await defaultGroup(owner);
    expect(await usedBy(owner)).toEqual([2, 6]);
  });
});

describe('the default group', () => {
  it('is there for whoever looks, also for readers, and once', async () => {
    const reader = await stage.user(undefined, ['reader']);
    const lists = await Promise.all([1, 2, 3].map(() => reader.get(groups).expect(200)));
    const ids = lists.map(({ body }) => body.items.map(({ id }: SecurityGroup) => id));
    expect(ids[0]).toHaveLength(1);
    expect(new Set(ids.flat()).size).toBe(1);
    const group = await defaultGroup(reader);
    expect(group).toMatchObject({ name: 'default', isDefault: true });
    const { body } = await reader.get(`${groups}/${group.id}/rules`).expect(200);
    expect(body.items).toMatchObject([
      { direction: 'egress', etherType: 'ipv4' },
      { direction: 'egress', etherType: 'ipv6' },
      { direction: 'ingress', etherType: 'ipv4', remoteGroupId: group.id },
      { direction: 'ingress', etherType: 'ipv6', remoteGroupId: group.id },
    ]);
    expect(await usedBy(reader)).toEqual([1, 4]);
  });

  it('stays, but may be changed', async () => {
    const owner = await stage.user();
    const group = await defaultGroup(owner);
    const { body } = await owner.delete(`${groups}/${group.id}`).expect(409);
    expect(body.code).toBe('default-security-group');
    await owner.patch(`${groups}/${group.id}`, { name: 'ours' }).expect(200);
    expect(await defaultGroup(owner)).toMatchObject({ id: group.id, name: 'ours', isDefault: true });
  });
});

describe('a security group in use', () => {
  it('by a port is not deleted, and the port is named', async () => {
    const owner = await stage.user();
    const group = await newGroup({}, owner);
    const portId = await putPortInto(group, owner);
    const { body } = await owner.delete(`${groups}/${group.id}`).expect(409);
    expect(body).toMatchObject({
      code: 'security-group-in-use',
      detail: expect.stringContaining(portId),
    });
    await owner.get(`${groups}/${group.id}`).expect(200, group);
    await owner.delete(`/v1/ports/${portId}`).expect(204);
    await owner.delete(`${groups}/${group.id}`).expect(204);
  });

  it('as remote of another group is not deleted, but as its own remote is', async () => {
    const owner = await stage.user();
    const [group, other] = [await newGroup({}, owner), await newGroup({}, owner)];
    const naming = { direction: 'ingress', etherType: 'ipv4', remoteGroupId: group.id };
    await owner.post(`${groups}/${group.id}/rules`, naming).expect(201);
    const { body: rule } = await owner.post(`${groups}/${other.id}/rules`, naming).expect(201);
    const { body } = await owner.delete(`${groups}/${group.id}`).expect(409);
    expect(body).toMatchObject({
      code: 'security-group-in-use',
      detail: expect.stringContaining(other.id),
    });
    await owner.delete(`${groups}/${other.id}/rules/${rule.id}`).expect(204);
    await owner.delete(`${groups}/${group.id}`).expect(204);
    expect(await usedBy(owner)).toEqual([1, 2]);
  });
});

describe("a project's events", () => {
  it('tell of each change of a group once, its rules included, in the order of its revisions', async () => {
    const owner = await stage.user();
    const filter = { project: owner.projectId };
    const { nextCursor: cursor } = await readEvents(stage.database, { filter });
    const standard = await defaultGroup(owner);
    await defaultGroup(owner);
    const group = await newGroup({}, owner);
    const path = `${groups}/${group.id}`;
    await owner.patch(path, { name: 'x' }).expect(200);
    await owner.patch(path, { name: 'x' }).expect(200);
    const input = { direction: 'ingress', etherType: 'ipv6' };
    const { body: rule } = await owner.post(`${path}/rules`, input).expect(201);
    await owner.post(`${path}/rules`, input).expect(409);
    await owner.delete(`${path}/rules/${rule.id}`).expect(204);
    await owner.delete(path).expect(204);
    const { items } = await readEvents(stage.database, { filter, cursor });
    const told = (id: string) =>
      items
        .filter(({ resourceId }) => resourceId === id)
        .map(({ resourceType, change, revision }) => `${resourceType} ${change} ${revision}`);
    expect(told(standard.id)).toEqual(['security-group created 1']);
    expect(told(group.id)).toEqual([
      'security-group created 1',
      'security-group updated 2',
      'security-group updated 3',
      'security-group updated 4',
      'security-group deleted 5',
    ]);
    expect(items).toHaveLength(6);
  });
});
