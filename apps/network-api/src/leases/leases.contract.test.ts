import { randomUUID } from 'node:crypto';
import type { Port } from '@patchpanel/contract-network';
import { readEvents } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';
import { sweepLeases } from './sweep.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

async function leased(leaseSeconds = 600): Promise<Port> {
  const network = await user.network();
  await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  return user.port(network.id, { leaseSeconds });
}

/** As if so many seconds had passed for the port. */
const pass = (id: string, seconds: number) =>
  stage.database.knex.raw(
    `update ports
     set lease_expires_at = lease_expires_at - make_interval(secs => :seconds),
       lease_warned_at = lease_warned_at - make_interval(secs => :seconds)
     where id = :id`,
    { id, seconds },
  );
const sweep = () => sweepLeases(stage.options);
const portOf = async (id: string): Promise<Port> => (await user.get(`/v1/ports/${id}`).expect(200)).body;
const secondsLeft = (port: Port) => (Date.parse(port.leaseExpiresAt ?? '') - Date.now()) / 1000;

/** What users are told of a port, by one who reads from the beginning. */
async function toldOf(id: string): Promise<string[]> {
  const { rows } = await stage.database.knex.raw<{ rows: { change: string; revision: number }[] }>(
    `select change, revision from events where resource_id = ? and audience is null order by position`,
    [id],
  );
  return rows.map(({ change, revision }) => `${change} ${revision}`);
}

describe('a lease', () => {
  it('runs from the making of the port, not while a host has it, and anew from its release', async () => {
    const port = await leased(600);
    expect(secondsLeft(port)).toBeGreaterThan(590);
    await pass(port.id, 300);
    const attachment = await user.plug(port.id, randomUUID());
    expect(secondsLeft(await portOf(port.id))).toBeLessThan(301);
    const binding = await host.claim(attachment);
    expect(await portOf(port.id)).not.toHaveProperty('leaseExpiresAt');
    await host.report(binding, 'active');
    expect(await portOf(port.id)).not.toHaveProperty('leaseExpiresAt');
    await host.release(binding.id);
    expect(secondsLeft(await portOf(port.id))).toBeGreaterThan(590);
  });

  it('begins when a bound port is unplugged, or taken from its host by force', async () => {
    const [unplugged, forced] = [await leased(), await leased()];
    for (const port of [unplugged, forced]) await host.claim(await user.plug(port.id, randomUUID()));
    await user.unplug(unplugged.id);
    await user.delete(`/v1/ports/${forced.id}/attachment/binding`).expect(204);
    for (const port of [unplugged, forced]) {
      expect(secondsLeft(await portOf(port.id))).toBeGreaterThan(590);
    }
  });

  it('is warned of, and only then, after the time that a warning gives, the port is deleted', async () => {
    const port = await leased(600);
    await sweep();
    expect(await toldOf(port.id)).toEqual(['created 1']);
    await pass(port.id, 301);
    expect(await sweep()).toEqual({ warned: 1, reclaimed: 0 });
    expect(await sweep()).toEqual({ warned: 0, reclaimed: 0 });
    expect(await toldOf(port.id)).toEqual(['created 1', 'lease-expiring 1']);
    await pass(port.id, 301);
    expect(await sweep()).toEqual({ warned: 0, reclaimed: 1 });
    await user.get(`/v1/ports/${port.id}`).expect(404);
    expect(await toldOf(port.id)).toEqual(['created 1', 'lease-expiring 1', 'deleted 2']);
  });

  it('that ran out while nobody looked is warned of first all the same', async () => {
    const port = await leased(60);
    await pass(port.id, 100_000);
    expect(await sweep()).toEqual({ warned: 1, reclaimed: 0 });
    await portOf(port.id);
    await pass(port.id, 31);
    expect((await sweep()).reclaimed).toBe(1);
  });

  it('takes out what is plugged in, and the vNIC may be plugged elsewhere', async () => {
    const port = await leased();
    const attachment = await user.plug(port.id, randomUUID());
    await pass(port.id, 301);
    await sweep();
    await pass(port.id, 301);
    expect((await sweep()).reclaimed).toBe(1);
    expect((await toldOf(port.id)).slice(-2)).toEqual(['updated 3', 'deleted 4']);
    const other = await leased();
    expect((await user.plug(other.id, attachment.vnicId, attachment.macAddress)).generation).toBe(2);
  });

  it('is shown beforehand by the list of what would go', async () => {
    const [soon, late] = [await leased(60), await leased(6000)];
    const until = new Date(Date.now() + 120_000).toISOString();
    const { body } = await user
      .get(`/v1/ports?limit=200&leaseExpiresBefore=${encodeURIComponent(until)}`)
      .expect(200);
    const ids = body.items.map(({ id }: Port) => id);
    expect([ids.includes(soon.id), ids.includes(late.id)]).toEqual([true, false]);
  });

  it('that was renewed after its warning is warned of again', async () => {
    const port = await leased(600);
    await pass(port.id, 301);
    await sweep();
    await user.patch(`/v1/ports/${port.id}`, { leaseSeconds: 700 }).expect(200);
    await pass(port.id, 401);
    expect(await sweep()).toEqual({ warned: 1, reclaimed: 0 });
  });

  it('of a port that is claimed or renewed at the same moment either ends first, or does not end', async () => {
    for (let round = 0; round < 8; round++) {
      const port = await leased(600);
      const attachment = await user.plug(port.id, randomUUID());
      await pass(port.id, 301);
      await sweep();
      await pass(port.id, 301);
      const claim = {
        projectId: user.projectId,
        vnicId: attachment.vnicId,
        macAddress: attachment.macAddress,
      };
      const [swept, claimed] = await Promise.all([
        sweep(),
        host.post('/v1/bindings', { ...claim, placement: 1 }),
      ]);
      const left = await user.get(`/v1/ports/${port.id}`);
      if (claimed.status === 201) {
        expect([swept.reclaimed, left.status, left.body.status]).toEqual([0, 200, 'building']);
        expect(await sweep()).toEqual({ warned: 0, reclaimed: 0 });
      } else {
        expect([swept.reclaimed, claimed.body.code, left.status]).toEqual([1, 'attachment-not-found', 404]);
      }
    }
  });

  it('that runs out while the vNIC is being plugged ends the plug with the port, or comes before it', async () => {
    for (let round = 0; round < 8; round++) {
      const port = await leased(600);
      await pass(port.id, 301);
      await sweep();
      await pass(port.id, 301);
      const card = {
        vnicId: randomUUID(),
        macAddress: `02:00:5f:00:00:${round.toString(16).padStart(2, '0')}`,
      };
      const [, plugged] = await Promise.all([sweep(), user.put(`/v1/ports/${port.id}/attachment`, card)]);
      expect([201, 404]).toContain(plugged.status);
      await sweep();
      await user.get(`/v1/ports/${port.id}`).expect(404);
      const plugs = await stage.database.knex('attachments').where({ vnic_id: card.vnicId });
      expect(plugs).toEqual([]);
    }
  });
});

describe('sweeping', () => {
  it('by several replicas at once warns and reclaims each port once', async () => {
    const network = await user.network();
    const { body } = await user
      .post(`/v1/networks/${network.id}/ports/bulk`, {
        ports: Array.from({ length: 30 }, () => ({ fixedIps: [], leaseSeconds: 600 })),
      })
      .expect(201);
    const ids: string[] = body.items.map(({ id }: Port) => id);
    for (const id of ids) await pass(id, 301);
    const total = async () => {
      const swept = await Promise.all([sweep(), sweep(), sweep()]);
      return {
        warned: swept.reduce((sum, { warned }) => sum + warned, 0),
        reclaimed: swept.reduce((sum, { reclaimed }) => sum + reclaimed, 0),
      };
    };
    const { nextCursor: cursor } = await readEvents(stage.database, { filter: { project: user.projectId } });
    expect(await total()).toEqual({ warned: 30, reclaimed: 0 });
    for (const id of ids) await pass(id, 301);
    expect(await total()).toEqual({ warned: 0, reclaimed: 30 });
    const { items } = await readEvents(stage.database, {
      filter: { project: user.projectId },
      cursor,
      limit: 200,
    });
    const changes = items.map(({ change }) => change);
    expect(changes.filter((change) => change === 'lease-expiring')).toHaveLength(30);
    expect(changes.filter((change) => change === 'deleted')).toHaveLength(30);
  });
});
