import { randomUUID } from 'node:crypto';
import type { Attachment } from '@patchpanel/contract-network';
import type { Change } from '@patchpanel/contract-network-southbound';
import {
  appendEvents,
  forgetEvents,
  inTransaction,
  readEvents,
  type NewEvent,
} from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function plugged(): Promise<Attachment> {
  const network = await user.network();
  const port = await user.port(network.id, { fixedIps: [] });
  return user.plug(port.id, randomUUID());
}

async function cursorOf(host: TestHost): Promise<string> {
  return (await host.get('/v1/bindings').expect(200)).body.cursor;
}

async function follow(host: TestHost, cursor: string, query = '') {
  const { body } = await host.get(`/v1/changes?cursor=${cursor}${query}`).expect(200);
  const { items, nextCursor }: { items: Change[]; nextCursor: string } = body;
  return { items, nextCursor, told: items.map(({ change, revision }) => `${change} ${revision}`) };
}

function event(audience: string, resourceType: string, resourceId: string, data?: unknown): NewEvent {
  const { projectId } = user;
  return { projectId, audience, resourceType, resourceId, revision: 2, change: 'updated', data };
}

describe('the feed of changes', () => {
  it('tells a host in order what becomes of its bindings, and other hosts nothing', async () => {
    const [host, other] = [await stage.host(), await stage.host()];
    const [cursor, othersCursor] = [await cursorOf(host), await cursorOf(other)];
    const attachment = await plugged();
    const binding = await host.claim(attachment, 1);
    await host.report(binding, 'active');
    await host.report(binding, 'active');
    await host.claim(attachment, 2);
    await user.unplug(attachment.portId);
    await host.release(binding.id);
    const { items, told, nextCursor } = await follow(host, cursor);
    expect(told).toEqual(['created 1', 'updated 2', 'updated 3', 'updated 4', 'deleted 5']);
    for (const change of items) {
      expect(change).toMatchObject({
        resourceId: binding.id,
        projectId: user.projectId,
        vnicId: attachment.vnicId,
      });
    }
    expect((await follow(host, nextCursor)).items).toEqual([]);
    expect((await follow(other, othersCursor)).items).toEqual([]);
  });

  it('tells of what a newer plug supersedes before it tells of the newer binding', async () => {
    const host = await stage.host();
    const attachment = await plugged();
    const old = await host.claim(attachment);
    await user.unplug(attachment.portId);
    const cursor = await cursorOf(host);
    const newer = await host.claim(
      await user.plug(attachment.portId, attachment.vnicId, attachment.macAddress),
      2,
    );
    const { items } = await follow(host, cursor);
    expect(items.map(({ resourceId, change }) => [resourceId, change])).toEqual([
      [old.id, 'deleted'],
      [newer.id, 'created'],
    ]);
  });

  it('is read in pieces without a gap', async () => {
    const host = await stage.host();
    const cursor = await cursorOf(host);
    const made = [];
    for (let index = 0; index < 5; index++) made.push((await host.claim(await plugged())).id);
    const seen: string[] = [];
    let next = cursor;
    for (;;) {
      const { items, nextCursor } = await follow(host, next, '&limit=2');
      if (items.length === 0) break;
      seen.push(...items.map(({ resourceId }) => resourceId));
      next = nextCursor;
    }
    expect(seen).toEqual(made);
  });

  it('begins now when it is read without a cursor', async () => {
    const host = await stage.host();
    await host.claim(await plugged());
    const { body } = await host.get('/v1/changes').expect(200);
    expect(body.items).toEqual([]);
    const binding = await host.claim(await plugged());
    const { items } = await follow(host, body.nextCursor);
    expect(items.map(({ resourceId }) => resourceId)).toEqual([binding.id]);
  });

  it('waits for the next change, and answers as soon as there is one', async () => {
    const host = await stage.host();
    const attachment = await plugged();
    const cursor = await cursorOf(host);
    const waiting = follow(host, cursor, '&waitSeconds=30');
    const binding = await host.claim(attachment);
    const { items } = await waiting;
    expect(items.map(({ resourceId }) => resourceId)).toEqual([binding.id]);
  });

  it('misses nothing between a list and what follows its cursor, whatever happens meanwhile', async () => {
    const host = await stage.host();
    const made: string[] = [];
    const attachments = [];
    for (let index = 0; index < 8; index++) attachments.push(await plugged());
    const claiming = Promise.all(attachments.map(async (one) => made.push((await host.claim(one)).id)));
    const known = new Set<string>();
    const { body } = await host.get('/v1/bindings').expect(200);
    for (const { id } of body.items) known.add(id);
    await claiming;
    for (const { resourceId } of (await follow(host, body.cursor)).items) known.add(resourceId);
    expect([...known].toSorted()).toEqual(made.toSorted());
  });

  it('tells of networks and security groups that the live bindings use, for as long as they do', async () => {
    const host = await stage.host();
    const attachment = await plugged();
    const binding = await host.claim(attachment);
    const [own, remote, foreign] = [randomUUID(), randomUUID(), randomUUID()];
    await inTransaction(stage.database, async (trx) => {
      const groups = [own, remote, foreign].map((id) => ({ id, project_id: user.projectId, name: id }));
      await trx('security_groups').insert(groups);
      await trx('port_security_groups').where({ port_id: attachment.portId }).delete();
      await trx('port_security_groups').insert({ port_id: attachment.portId, security_group_id: own });
      await trx('security_group_rules').insert({
        id: randomUUID(),
        security_group_id: own,
        project_id: user.projectId,
        direction: 'ingress',
        ether_type: 'ipv4',
        remote_group_id: remote,
      });
    });
    const networkId = (await user.get(`/v1/ports/${attachment.portId}`).expect(200)).body.networkId;
    const cursor = await cursorOf(host);
    const members = { added: [{ portId: attachment.portId, ipAddress: '10.0.0.5' }], removed: [] };
    const tell = () =>
      inTransaction(stage.database, (trx) =>
        appendEvents(trx, [
          event(`network:${networkId}`, 'network', networkId),
          event(`network:${randomUUID()}`, 'network', networkId),
          event(`group:${own}`, 'security-group', own),
          event(`group:${own}`, 'security-group-members', own, members),
          event(`group:${remote}`, 'security-group-members', remote),
          event(`group:${foreign}`, 'security-group', foreign),
        ]),
      );
    await tell();
    const { items, nextCursor } = await follow(host, cursor);
    expect(items.map(({ resourceType, resourceId }) => [resourceType, resourceId])).toEqual([
      ['network', networkId],
      ['security-group', own],
      ['security-group-members', own],
      ['security-group-members', remote],
    ]);
    expect(items.map((change) => change.members)).toEqual([undefined, undefined, members, undefined]);
    await user.unplug(attachment.portId);
    await tell();
    expect((await follow(host, nextCursor)).items.map(({ resourceType }) => resourceType)).toEqual([
      'binding',
    ]);
    await host.release(binding.id);
    await stage.database.knex('port_security_groups').where({ port_id: attachment.portId }).delete();
    await stage.database.knex('security_group_rules').where({ security_group_id: own }).delete();
    await stage.database.knex('security_groups').whereIn('id', [own, remote, foreign]).delete();
  });

  it('wakes for a group that the host has come to need while it waits', async () => {
    const host = await stage.host();
    const waitingFor = await plugged();
    const cursor = await cursorOf(host);
    const first = follow(host, cursor, '&waitSeconds=50');
    await host.claim(waitingFor);
    const { nextCursor } = await first;
    const { networkId } = (await user.get(`/v1/ports/${waitingFor.portId}`).expect(200)).body;
    const second = follow(host, nextCursor, '&waitSeconds=50');
    await inTransaction(stage.database, (trx) =>
      appendEvents(trx, [event(`network:${networkId}`, 'network', networkId)]),
    );
    expect((await second).items.map(({ resourceType }) => resourceType)).toEqual(['network']);
  });

  it('refuses a cursor whose changes are no longer kept', async () => {
    const host = await stage.host();
    const cursor = await cursorOf(host);
    await host.claim(await plugged());
    await host.claim(await plugged());
    await forgetEvents(stage.database.knex, '2999-01-01T00:00:00Z');
    const { body } = await host.get(`/v1/changes?cursor=${cursor}`).expect(410);
    expect(body.code).toBe('events-compacted');
  });

  it('refuses a cursor that it has not given out', async () => {
    const host = await stage.host();
    const { body } = await host.get('/v1/changes?cursor=junk').expect(400);
    expect(body.code).toBe('invalid-cursor');
  });
});

describe('public events', () => {
  it('tell of each change of a port once, in the order of its revisions', async () => {
    const member = await stage.user();
    const host = await stage.host();
    const filter = { project: member.projectId };
    const { nextCursor: cursor } = await readEvents(stage.database, { filter });
    const network = await member.network();
    const subnet = await member.subnet(network.id, { cidr: '10.0.0.0/24' });
    const port = await member.port(network.id);
    const attachment = await member.plug(port.id, randomUUID());
    const binding = await host.claim(attachment);
    await host.report(binding, 'active');
    await host.release(binding.id);
    await member.unplug(port.id);
    await member.delete(`/v1/ports/${port.id}`).expect(204);
    const { items } = await readEvents(stage.database, { filter, cursor });
    expect(
      items.map(({ resourceType, change, revision }) => `${resourceType} ${change} ${revision}`),
    ).toEqual([
      'network created 1',
      'subnet created 1',
      // The project's default one, which its first port needs.
      'security-group created 1',
      'port created 1',
      'port updated 2',
      'port updated 3',
      'port updated 4',
      'port updated 5',
      'port updated 6',
      'port deleted 7',
    ]);
    expect(new Set(items.map(({ resourceId }) => resourceId))).toEqual(
      new Set([network.id, subnet.id, port.id, ...port.securityGroupIds]),
    );
  });
});
