import { randomUUID } from 'node:crypto';
import type { Change, GroupMember } from '@patchpanel/contract-network-southbound';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function newGroup(): Promise<string> {
  return (await user.post('/v1/security-groups', {}).expect(201)).body.id;
}

async function addRule(groupId: string, rule: object = {}): Promise<string> {
  const input = { direction: 'ingress', etherType: 'ipv4', ...rule };
  return (await user.post(`/v1/security-groups/${groupId}/rules`, input).expect(201)).body.id;
}

/** A port of the groups, with an address of its own network, and the pairs given. */
async function portIn(groupIds: string[], pairs: string[] = []) {
  const network = await user.network();
  await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  const port = await user.port(network.id, {
    securityGroupIds: groupIds,
    allowedAddressPairs: pairs.map((ipAddress) => ({ ipAddress })),
  });
  return { port, addresses: [...port.fixedIps.map(({ ipAddress }) => ipAddress), ...pairs] };
}

async function bind(host: TestHost, portId: string) {
  return host.claim(await user.plug(portId, randomUUID()));
}

const rulesOf = (host: TestHost, id: string) => host.get(`/v1/security-groups/${id}`);
const membersOf = (host: TestHost, id: string, query = '') =>
  host.get(`/v1/security-groups/${id}/members${query}`);

describe('a host', () => {
  it('reads the rules of groups that its bindings use, with protocols as numbers', async () => {
    const host = await stage.host();
    const [group, remote] = [await newGroup(), await newGroup()];
    await addRule(group, { protocol: 'tcp', portMin: 80, portMax: 81, remoteCidr: '10.0.0.0/8' });
    await addRule(group, { protocol: 'icmp', icmpType: 8 });
    await addRule(group, { remoteGroupId: remote });
    await bind(host, (await portIn([group])).port.id);
    const { body } = await rulesOf(host, group.toUpperCase()).expect(200);
    expect(body).toEqual({
      id: group,
      projectId: user.projectId,
      rules: [
        { direction: 'egress', etherType: 'ipv4' },
        { direction: 'egress', etherType: 'ipv6' },
        {
          direction: 'ingress',
          etherType: 'ipv4',
          protocol: 6,
          portMin: 80,
          portMax: 81,
          remoteCidr: '10.0.0.0/8',
        },
        { direction: 'ingress', etherType: 'ipv4', protocol: 1, icmpType: 8 },
        { direction: 'ingress', etherType: 'ipv4', remoteGroupId: remote },
      ],
      revision: 4,
      membersRevision: 2,
    });
    await rulesOf(host, remote).expect(200);
  });

  it('reads nothing of groups that only others, or its past bindings, use', async () => {
    const [host, other] = [await stage.host(), await stage.host()];
    const [group, remote, far] = [await newGroup(), await newGroup(), await newGroup()];
    await addRule(group, { remoteGroupId: remote });
    await addRule(remote, { remoteGroupId: far });
    const { port } = await portIn([group]);
    const refused = async (who: TestHost, id: string) => {
      for (const call of [rulesOf(who, id), membersOf(who, id)]) {
        const { body } = await call.expect(404);
        expect(body).toMatchObject({
          code: 'security-group-not-found',
          detail: `No binding of this host uses a security group ${id}.`,
        });
      }
    };
    await refused(host, group);
    const binding = await bind(host, port.id);
    await rulesOf(host, group).expect(200);
    await membersOf(host, remote).expect(200);
    // What a remote group's own rules name is none of this host's business.
    await refused(host, far);
    await refused(other, group);
    await refused(other, remote);
    await refused(host, randomUUID());
    await user.unplug(port.id);
    await refused(host, group);
    await host.release(binding.id);
    await refused(host, remote);
  });

  it('lists fixed addresses and address pairs of all members, plugged or not, by pages', async () => {
    const host = await stage.host();
    const group = await newGroup();
    const ports = [
      await portIn([group]),
      await portIn([group], ['10.9.0.0/16', '10.0.0.2']),
      await portIn([group]),
    ];
    await user.port((await user.network()).id, { fixedIps: [], securityGroupIds: [group] });
    await bind(host, ports[0]?.port.id ?? '');
    const everyone: GroupMember[] = ports.flatMap(({ port, addresses }) =>
      [...new Set(addresses)].map((ipAddress) => ({ portId: port.id, ipAddress })),
    );
    const { body } = await membersOf(host, group).expect(200);
    expect(body).toEqual({ items: everyone, membersRevision: 4 });
    const seen: GroupMember[] = [];
    let token = '';
    do {
      const page = (await membersOf(host, group, `?limit=1${token}`).expect(200)).body;
      expect(page.membersRevision).toBe(4);
      seen.push(...page.items);
      token = page.nextPageToken === undefined ? '' : `&pageToken=${page.nextPageToken}`;
    } while (token !== '');
    expect(seen).toEqual(everyone);
    const refused = await membersOf(host, group, '?pageToken=junk').expect(400);
    expect(refused.body.code).toBe('invalid-page-token');
  });

  it('is told of rules and members of the groups that it may read, and of no others', async () => {
    const [host, other] = [await stage.host(), await stage.host()];
    const [group, remote, stray] = [await newGroup(), await newGroup(), await newGroup()];
    await addRule(group, { remoteGroupId: remote });
    await bind(host, (await portIn([group])).port.id);
    const { nextCursor: cursor } = (await host.get('/v1/changes').expect(200)).body;
    const told = async (who: TestHost) => {
      const { body } = await who.get(`/v1/changes?cursor=${cursor}`).expect(200);
      return body.items.map(
        ({ resourceType, resourceId, change, revision }: Change) =>
          `${resourceType} ${resourceId} ${change} ${revision}`,
      );
    };
    const ruleId = await addRule(group, { protocol: 'udp' });
    await addRule(remote, { protocol: 'udp' });
    await addRule(stray, { protocol: 'udp' });
    await user.delete(`/v1/security-groups/${group}/rules/${ruleId}`).expect(204);
    await user.patch(`/v1/security-groups/${group}`, { name: 'renamed' }).expect(200);
    const { port, addresses } = await portIn([remote, stray]);
    expect(await told(host)).toEqual([
      `security-group ${group} updated 3`,
      `security-group ${remote} updated 2`,
      `security-group ${group} updated 4`,
      `security-group-members ${remote} updated 2`,
    ]);
    expect(await told(other)).toEqual([]);
    const { body } = await host.get(`/v1/changes?cursor=${cursor}`).expect(200);
    expect(body.items.at(-1).members).toEqual({
      added: [{ portId: port.id, ipAddress: addresses[0] }],
      removed: [],
    });
  });

  it('knows the members of a list and what the feed makes of it, however they change meanwhile', async () => {
    const host = await stage.host();
    const [group, other] = [await newGroup(), await newGroup()];
    const { port, addresses } = await portIn([group]);
    await bind(host, port.id);
    const [moved, widened, gone] = [await portIn([group]), await portIn([group]), await portIn([group])];
    const { nextCursor: cursor } = (await host.get('/v1/changes').expect(200)).body;
    const ports = '/v1/ports';
    const pair = { ipAddress: '10.7.0.0/24' };
    const changing = Promise.all([
      portIn([other, group], ['10.8.0.0/24']),
      portIn([]).then(({ port: { id } }) =>
        user.patch(`${ports}/${id}`, { securityGroupIds: [group] }).expect(200),
      ),
      user.patch(`${ports}/${moved.port.id}`, { securityGroupIds: [other] }).expect(200),
      user.patch(`${ports}/${widened.port.id}`, { allowedAddressPairs: [pair] }).expect(200),
      user.patch(`${ports}/${port.id}`, { fixedIps: [{ ipAddress: '10.0.0.99' }] }).expect(200),
      user.delete(`${ports}/${gone.port.id}`).expect(204),
    ]);
    const known = (await membersOf(host, group).expect(200)).body;
    await changing;
    const keyOf = ({ portId, ipAddress }: GroupMember) => `${portId} ${ipAddress}`;
    const view = new Set(known.items.map(keyOf));
    let revision: number = known.membersRevision;
    const { items }: { items: Change[] } = (await host.get(`/v1/changes?cursor=${cursor}`).expect(200)).body;
    const told = items.filter(
      (change) => change.resourceType === 'security-group-members' && change.resourceId === group,
    );
    for (const change of told.filter((one) => one.revision > known.membersRevision)) {
      expect(change.revision).toBe(++revision);
      for (const member of change.members?.removed ?? []) expect(view.delete(keyOf(member))).toBe(true);
      for (const member of change.members?.added ?? []) view.add(keyOf(member));
    }
    const now = (await membersOf(host, group).expect(200)).body;
    expect(now.membersRevision).toBe(revision);
    expect(view).toEqual(new Set(now.items.map(keyOf)));
    expect(view).toContain(`${port.id} 10.0.0.99`);
    expect(view).toContain(`${widened.port.id} 10.7.0.0/24`);
    expect(view).not.toContain(`${port.id} ${addresses[0]}`);
    expect(view.size).toBe(6);
  });
});
