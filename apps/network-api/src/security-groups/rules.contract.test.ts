import { randomUUID } from 'node:crypto';
import type { SecurityGroup, SecurityGroupRule } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

const minimal = { direction: 'ingress', etherType: 'ipv4' };
const https = { ...minimal, protocol: 'tcp', portMin: 443, portMax: 443 };

async function newGroup(): Promise<{ group: SecurityGroup; path: string; rules: string }> {
  const { body: group } = await user.post('/v1/security-groups', {}).expect(201);
  const path = `/v1/security-groups/${group.id}`;
  return { group, path, rules: `${path}/rules` };
}

async function revisionOf(path: string): Promise<number> {
  return (await user.get(path).expect(200)).body.revision;
}

describe('rules of a security group', () => {
  it('are added, read and deleted, and the group moves on with each', async () => {
    const { group, path, rules } = await newGroup();
    const input = { ...https, remoteCidr: '0.0.0.0/0', description: 'The shop' };
    const made = await user.post(rules, input).expect(201);
    expect(made.body).toMatchObject({ ...input, securityGroupId: group.id, projectId: user.projectId });
    expect(made.headers['location']).toBe(`${rules}/${made.body.id}`);
    await user.get(`${rules}/${made.body.id}`).expect(200, made.body);
    await user.get(`${rules}/${made.body.id.toUpperCase()}`).expect(200, made.body);
    expect(await revisionOf(path)).toBe(2);
    await user.delete(`${rules}/${made.body.id}`).expect(204);
    expect(await revisionOf(path)).toBe(3);
    for (const gone of [user.get(`${rules}/${made.body.id}`), user.delete(`${rules}/${made.body.id}`)]) {
      expect((await gone.expect(404)).body.code).toBe('security-group-rule-not-found');
    }
    expect(await revisionOf(path)).toBe(3);
  });

  it('are given back in one spelling', async () => {
    const { group, rules } = await newGroup();
    const { body } = await user
      .post(rules, { direction: 'egress', etherType: 'ipv6', protocol: '58', icmpType: 128, icmpCode: 0 })
      .expect(201);
    expect(body).toMatchObject({ protocol: 'icmpv6', icmpType: 128, icmpCode: 0 });
    const remote = await user
      .post(rules, { direction: 'egress', etherType: 'ipv6', remoteCidr: '2001:DB8:0:0::/64' })
      .expect(201);
    expect(remote.body.remoteCidr).toBe('2001:db8::/64');
    const odd = await user
      .post(rules, { direction: 'egress', etherType: 'ipv6', remoteCidr: '::102:304/128' })
      .expect(201);
    expect(odd.body.remoteCidr).toBe('::102:304/128');
    const own = await user
      .post(rules, { ...minimal, remoteGroupId: group.id.toUpperCase(), protocol: '47' })
      .expect(201);
    expect(own.body).toMatchObject({ remoteGroupId: group.id, protocol: '47' });
  });

  it.each([
    [{ protocol: 'icmpv6' }, '/protocol'],
    [{ protocol: '256' }, '/protocol'],
    [{ protocol: 'tcp', portMin: 1 }, '/portMax'],
    [{ portMin: 1, portMax: 2 }, '/portMin'],
    [{ protocol: 'icmp', icmpCode: 1 }, '/icmpCode'],
    [{ remoteCidr: '2001:db8::/64' }, '/remoteCidr'],
    [{ remoteCidr: '10.0.0.1/24' }, '/remoteCidr'],
    [{ remoteCidr: '10.0.0.0/24', remoteGroupId: randomUUID() }, '/remoteGroupId'],
  ])('that make no sense are refused with a pointer: %j', async (wrong, pointer) => {
    const { path, rules } = await newGroup();
    const { body } = await user.post(rules, { ...minimal, ...wrong }).expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    expect(await revisionOf(path)).toBe(1);
  });

  it('are there once, in whatever spelling, and the refusal names the one that is', async () => {
    const { rules, path } = await newGroup();
    const pairs: [object, object][] = [
      [minimal, minimal],
      [https, { ...https, protocol: '6', description: 'again' }],
      [
        { direction: 'egress', etherType: 'ipv6', remoteCidr: '2001:db8::/32' },
        { direction: 'egress', etherType: 'ipv6', remoteCidr: '2001:0DB8::/32' },
      ],
      [
        { ...minimal, protocol: 'icmp', icmpType: 8 },
        { ...minimal, protocol: '1', icmpType: 8 },
      ],
    ];
    for (const [first, second] of pairs) {
      const { body: made } = await user.post(rules, first).expect(201);
      const { body } = await user.post(rules, second).expect(409);
      expect(body).toMatchObject({
        code: 'security-group-rule-exists',
        detail: expect.stringContaining(made.id),
      });
    }
    await user.post(rules, { ...https, portMax: 444 }).expect(201);
    await user.post(rules, { ...minimal, protocol: 'icmp', icmpType: 8, icmpCode: 0 }).expect(201);
    expect(await revisionOf(path)).toBe(7);
    const other = await newGroup();
    await user.post(other.rules, https).expect(201);
  });

  it('are added once per idempotency key', async () => {
    const { rules } = await newGroup();
    const key = randomUUID();
    const add = (input: object) => user.post(rules, input).set('idempotency-key', key);
    const { body } = await add(https).expect(201);
    await add(https).expect(201, body);
    expect((await add(minimal).expect(422)).body.code).toBe('idempotency-key-reused');
  });

  it('name only groups of their own project as remote', async () => {
    const { rules } = await newGroup();
    const { body } = await user.post(rules, { ...minimal, remoteGroupId: randomUUID() }).expect(404);
    expect(body).toMatchObject({
      code: 'security-group-not-found',
      errors: [{ pointer: '/remoteGroupId' }],
    });
  });

  it('are listed oldest first, by direction and by pages', async () => {
    const { rules } = await newGroup();
    const made: SecurityGroupRule[] = [];
    for (const port of [1, 2, 3, 4, 5]) {
      const { body } = await user.post(rules, { ...https, portMin: port, portMax: port }).expect(201);
      made.push(body);
    }
    const inwards = await user.get(`${rules}?direction=ingress&limit=3`).expect(200);
    expect(inwards.body.items).toEqual(made.slice(0, 3));
    const token = inwards.body.nextPageToken;
    await user
      .get(`${rules}?direction=ingress&limit=3&pageToken=${token}`)
      .expect(200, { items: made.slice(3) });
    const { body } = await user.get(`${rules}?limit=3&pageToken=${token}`).expect(400);
    expect(body.code).toBe('invalid-page-token');
    expect((await user.get(rules).expect(200)).body.items).toHaveLength(7);
  });

  it('are refused beyond the quota', async () => {
    const owner = await stage.user();
    const operator = await stage.user(undefined, ['admin']);
    const { body: group } = await owner.post('/v1/security-groups', {}).expect(201);
    await operator.patch(`/v1/projects/${owner.projectId}/quota`, { securityGroupRules: 3 }).expect(200);
    const rules = `/v1/security-groups/${group.id}/rules`;
    const { body: rule } = await owner.post(rules, https).expect(201);
    const { body } = await owner.post(rules, minimal).expect(409);
    expect(body.code).toBe('quota-exceeded');
    // What is there already is the better answer, though there is no room either.
    expect((await owner.post(rules, https).expect(409)).body.code).toBe('security-group-rule-exists');
    await owner.delete(`${rules}/${rule.id}`).expect(204);
    await owner.post(rules, minimal).expect(201);
    const quota = (await owner.get('/v1/quota').expect(200)).body;
    expect(quota.securityGroupRules).toEqual({ limit: 3, used: 3 });
  });

  it('are as many as agents are told of in one answer, and no more', async () => {
    const { group, rules } = await newGroup();
    const operator = await stage.user(undefined, ['admin']);
    await operator
      .patch(`/v1/projects/${user.projectId}/quota`, { securityGroupRules: 1_000_000 })
      .expect(200);
    await stage.database.knex.raw(
      `insert into security_group_rules (id, security_group_id, project_id, direction, ether_type, protocol, port_min, port_max)
       select gen_random_uuid(), ?, ?, 'ingress', 'ipv4', 6, port, port
       from generate_series(10001, 19997) as port`,
      [group.id, user.projectId],
    );
    await user.post(rules, https).expect(201);
    const { body } = await user.post(rules, minimal).expect(409);
    expect(body).toMatchObject({ code: 'quota-exceeded', detail: expect.stringContaining('10000 rules') });
    await operator.patch(`/v1/projects/${user.projectId}/quota`, { securityGroupRules: null }).expect(200);
  });
});
