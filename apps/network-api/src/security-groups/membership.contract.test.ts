import { randomUUID } from 'node:crypto';
import { inTransaction } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../testing/stage.ts';
import { membersEvent } from './members.ts';
import {
  checkGroups,
  defaultGroupOf,
  defaultGroupsOf,
  joinGroups,
  membersChanged,
  setPortGroups,
} from './membership.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const knex = () => stage.database.knex;

async function newGroup(projectId: string): Promise<string> {
  const id = randomUUID();
  await knex()('security_groups').insert({ id, project_id: projectId, name: 'g' });
  return id;
}

async function newPorts(projectId: string, count: number): Promise<string[]> {
  const [networkId, ids] = [randomUUID(), Array.from({ length: count }, () => randomUUID())];
  await knex()('networks').insert({
    id: networkId,
    project_id: projectId,
    name: '',
    provider: 'test',
    mtu: 1500,
  });
  await knex()('ports').insert(
    ids.map((id) => ({ id, project_id: projectId, network_id: networkId, name: '', admin_state: 'up' })),
  );
  return ids;
}

async function groupsOfPort(portId: string): Promise<string[]> {
  return knex()('port_security_groups').where({ port_id: portId }).pluck('security_group_id');
}

async function membersRevision(groupId: string): Promise<number> {
  const rows: { members_revision: number }[] = await knex()('security_groups').where({ id: groupId });
  return rows[0]?.members_revision ?? 0;
}

describe('default groups', () => {
  it('are made once, however many ask at once, with their rules, and counted', async () => {
    const projects = [randomUUID(), randomUUID()];
    const asked = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        inTransaction(stage.database, (trx) =>
          defaultGroupsOf(trx, index % 3 === 0 ? projects.slice(0, 1) : projects.toReversed()),
        ),
      ),
    );
    for (const projectId of projects) {
      const ids = new Set(asked.flatMap(({ groupIds }) => groupIds.get(projectId) ?? []));
      expect(ids.size).toBe(1);
      const [id = ''] = ids;
      const told = asked.flatMap(({ events }) => events).filter(({ resourceId }) => resourceId === id);
      expect(told).toEqual([
        { projectId, resourceType: 'security-group', resourceId: id, revision: 1, change: 'created' },
      ]);
      const rules = await knex()('security_group_rules').where({ security_group_id: id }).orderBy('id');
      expect(rules.map((rule) => [rule.direction, rule.ether_type, rule.remote_group_id])).toEqual([
        ['egress', 'ipv4', null],
        ['egress', 'ipv6', null],
        ['ingress', 'ipv4', id],
        ['ingress', 'ipv6', id],
      ]);
      const quotas = await knex()('quotas').where({ project_id: projectId }).orderBy('resource');
      expect(quotas.map(({ resource, used_count: used }) => [resource, used])).toEqual([
        ['securityGroupRules', 4],
        ['securityGroups', 1],
      ]);
    }
  });

  it('are found again without another', async () => {
    const projectId = randomUUID();
    const made = await inTransaction(stage.database, (trx) => defaultGroupOf(trx, projectId));
    const found = await inTransaction(stage.database, (trx) => defaultGroupOf(trx, projectId));
    expect(found).toEqual({ id: made.id, events: [] });
  });
});

describe('groups of ports', () => {
  it('are looked for in the project alone', async () => {
    const projectId = randomUUID();
    const [own, other] = [await newGroup(projectId), await newGroup(randomUUID())];
    const found = await checkGroups(knex(), projectId, [own.toUpperCase(), other, randomUUID()]);
    expect(found).toEqual(new Set([own]));
  });

  it('are joined by new ports in one statement, which tells of the addresses', async () => {
    const projectId = randomUUID();
    const [web, db] = [await newGroup(projectId), await newGroup(projectId)];
    const [one = '', two = '', three = ''] = await newPorts(projectId, 3);
    const events = await inTransaction(stage.database, (trx) =>
      joinGroups(trx, [
        { portId: one, groupIds: [web, db], addresses: ['10.0.0.5'] },
        { portId: two, groupIds: [web], addresses: ['10.0.0.6', '2001:db8::6'] },
        { portId: three, groupIds: [], addresses: ['10.0.0.7'] },
      ]),
    );
    const added = [
      { portId: one, ipAddress: '10.0.0.5' },
      { portId: two, ipAddress: '10.0.0.6' },
      { portId: two, ipAddress: '2001:db8::6' },
    ];
    const told = { projectId, resourceType: 'security-group-members', revision: 2, change: 'updated' };
    expect(events).toEqual([
      { ...told, audience: `group:${web}`, resourceId: web, data: { added, removed: [] } },
      { ...told, audience: `group:${db}`, resourceId: db, data: { added: added.slice(0, 1), removed: [] } },
    ]);
    expect((await groupsOfPort(one)).toSorted()).toEqual([web, db].toSorted());
    expect(await groupsOfPort(two)).toEqual([web]);
    expect(await groupsOfPort(three)).toEqual([]);
    expect(await membersRevision(web)).toBe(2);
  });

  it('are joined without a word by ports that have no address', async () => {
    const projectId = randomUUID();
    const group = await newGroup(projectId);
    const [port = ''] = await newPorts(projectId, 1);
    const join = (addresses: string[], portId: string) =>
      inTransaction(stage.database, (trx) => joinGroups(trx, [{ portId, groupIds: [group], addresses }]));
    expect(await join([], port)).toEqual([]);
    expect(await groupsOfPort(port)).toEqual([group]);
    expect(await membersRevision(group)).toBe(1);
  });

  it('that have gone meanwhile are refused, and nothing is written', async () => {
    const projectId = randomUUID();
    const [group, gone] = [await newGroup(projectId), randomUUID()];
    const [port = ''] = await newPorts(projectId, 1);
    for (const work of [
      inTransaction(stage.database, (trx) =>
        joinGroups(trx, [{ portId: port, groupIds: [group, gone], addresses: ['10.0.0.1'] }]),
      ),
      inTransaction(stage.database, (trx) =>
        setPortGroups(trx, [{ portId: port, groupIdsBefore: [], groupIds: [gone, group] }]),
      ),
    ]) {
      await expect(work).rejects.toMatchObject({ code: 'security-group-not-found' });
    }
    expect(await groupsOfPort(port)).toEqual([]);
    expect(await membersRevision(group)).toBe(1);
  });

  it('are replaced as a whole', async () => {
    const projectId = randomUUID();
    const groups = [await newGroup(projectId), await newGroup(projectId), await newGroup(projectId)];
    const [a = '', b = '', c = ''] = groups.toSorted();
    const [one = '', two = '', three = ''] = await newPorts(projectId, 3);
    const set = (rows: { portId: string; groupIds: string[] }[]) =>
      inTransaction(stage.database, (trx) =>
        setPortGroups(
          trx,
          rows.map((row) => ({ ...row, groupIdsBefore: groups })),
        ),
      );
    await set([
      { portId: one, groupIds: [a, b] },
      { portId: two, groupIds: [b] },
      { portId: three, groupIds: [c] },
    ]);
    await set([
      { portId: one, groupIds: [b, c] },
      { portId: two, groupIds: [] },
    ]);
    expect((await groupsOfPort(one)).toSorted()).toEqual([b, c]);
    expect(await groupsOfPort(two)).toEqual([]);
    expect(await groupsOfPort(three)).toEqual([c]);
    await set([{ portId: one, groupIds: [] }]);
    expect(await groupsOfPort(one)).toEqual([]);
  });

  it('have their revision of members raised once for all that changes together', async () => {
    const projectId = randomUUID();
    const group = await newGroup(projectId);
    const [one, two] = ['10.0.0.1', '10.0.0.2'].map((ipAddress) => ({ portId: randomUUID(), ipAddress }));
    if (!one || !two) throw new Error('two there are');
    const events = await inTransaction(stage.database, (trx) =>
      membersChanged(trx, [
        { groupId: group, added: [one], removed: [] },
        { groupId: group, added: [], removed: [two] },
        { groupId: randomUUID(), added: [], removed: [] },
      ]),
    );
    expect(events).toMatchObject([{ revision: 2, data: { added: [one], removed: [two] } }]);
    const many = Array.from({ length: 40 }, (_, index) =>
      inTransaction(stage.database, (trx) =>
        membersChanged(trx, [
          { groupId: group, added: [{ portId: randomUUID(), ipAddress: `10.0.1.${index}` }], removed: [] },
        ]),
      ),
    );
    const revisions = (await Promise.all(many)).map(([event]) => event?.revision ?? 0);
    expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 3));
  });

  it('carry no list of members that is too long', () => {
    const group = { id: randomUUID(), project_id: randomUUID(), members_revision: 7 };
    const addresses = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ portId: group.id, ipAddress: `2001:db8::${index}` }));
    const change = (added: number, removed: number) =>
      membersEvent(group, { groupId: group.id, added: addresses(added), removed: addresses(removed) });
    expect(change(600, 400).data).toBeDefined();
    expect(change(600, 401).data).toBeUndefined();
  });
});
