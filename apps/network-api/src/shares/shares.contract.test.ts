import { randomUUID } from 'node:crypto';
import type { Network } from '@patchpanel/contract-network';
import type { Knex } from 'knex';
import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let owner: TestUser;
let guest: TestUser;

beforeAll(async () => {
  stage = await openStage();
  owner = await stage.user();
  guest = await stage.user();
});
afterAll(() => stage.close());

const pathOf = ({ id }: { id: string }) => `/v1/networks/${id}`;
const shareOf = (network: Network, user: TestUser = guest) => `${pathOf(network)}/shares/${user.projectId}`;

async function sharedNetwork(): Promise<Network> {
  const network = await owner.network();
  await owner.put(shareOf(network)).expect(201);
  return network;
}

async function untilSomebodyWaits(trx: Knex): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await trx.raw('select from pg_locks where not granted');
      expect(rows.length).toBeGreaterThan(0);
    },
    { timeout: 20_000, interval: 20 },
  );
}

describe('a network that is shared with a project', () => {
  it('is shared once, listed, and shared no longer', async () => {
    const network = await owner.network();
    const made = await owner.put(shareOf(network)).expect(201);
    expect(made.body).toEqual({
      networkId: network.id,
      projectId: guest.projectId,
      createdAt: expect.any(String),
    });
    expect(made.headers['location']).toBe(shareOf(network));
    await owner
      .put(shareOf(network).toUpperCase().replace('/V1/NETWORKS', '/v1/networks').replace('SHARES', 'shares'))
      .expect(200, made.body);
    await owner.get(`${pathOf(network)}/shares`).expect(200, { items: [made.body] });
    await guest.get(pathOf(network)).expect(200);
    await owner.delete(shareOf(network)).expect(204);
    await guest.get(pathOf(network)).expect(404);
    const again = await owner.delete(shareOf(network)).expect(404);
    expect(again.body.code).toBe('share-not-found');
    await owner.get(`${pathOf(network)}/shares`).expect(200, { items: [] });
  });

  it('lists its projects page by page in the order of their ids', async () => {
    const network = await owner.network();
    const projects = [
      '11111111-1111-1111-1111-111111111111',
      ...Array.from({ length: 4 }, () => randomUUID()),
      'ffffffff-0000-0000-0000-000000000000',
    ].toSorted();
    for (const id of projects.toReversed()) await owner.put(`${pathOf(network)}/shares/${id}`).expect(201);
    const listed: string[] = [];
    for (let query = '?limit=2'; ;) {
      const { body } = await owner.get(`${pathOf(network)}/shares${query}`).expect(200);
      listed.push(...body.items.map(({ projectId }: { projectId: string }) => projectId));
      if (body.nextPageToken === undefined) break;
      query = `?limit=2&pageToken=${body.nextPageToken}`;
    }
    expect(listed).toEqual(projects);
    const wrong = await owner.get(`${pathOf(await owner.network())}/shares?pageToken=junk`).expect(400);
    expect(wrong.body.code).toBe('invalid-page-token');
  });

  it('is not shared with its owner, or with what is no project', async () => {
    const network = await owner.network();
    for (const id of [owner.projectId, 'nobody']) {
      const { body } = await owner.put(`${pathOf(network)}/shares/${id}`).expect(400);
      expect(body.code).toBe('invalid-request');
    }
  });

  it('is read, and has ports, of that project, with its subnets; anything else takes its owner', async () => {
    const network = await sharedNetwork();
    const subnet = await owner.subnet(network.id, { cidr: '10.0.0.0/24' });
    const { body: seen } = await guest.get(pathOf(network)).expect(200);
    expect(seen).toMatchObject({ id: network.id, projectId: owner.projectId });
    await guest.get(`/v1/subnets/${subnet.id}`).expect(200, subnet);
    await guest.get(`/v1/subnets/${subnet.id}/usage`).expect(200);
    await guest.get(`/v1/subnets?networkId=${network.id}`).expect(200, { items: [subnet] });
    await guest.get('/v1/subnets').expect(200, { items: [] });
    const port = await guest.port(network.id);
    expect(port).toMatchObject({ projectId: guest.projectId, fixedIps: [{ ipAddress: '10.0.0.2' }] });
    const refusals = [
      await guest.patch(pathOf(network), { name: 'mine' }),
      await guest.delete(pathOf(network)),
      await guest.delete(pathOf(network)).set('if-match', '"99"'),
      await guest.post(`${pathOf(network)}/subnets`, { cidr: '10.0.1.0/24' }),
      await guest.post(`${pathOf(network)}/subnets`, { cidr: 'nonsense' }),
      await guest.patch(`/v1/subnets/${subnet.id}`, { name: 'mine' }),
      await guest.delete(`/v1/subnets/${subnet.id}`),
      await guest.get(`${pathOf(network)}/shares`),
      await guest.put(`${pathOf(network)}/shares/${randomUUID()}`),
      await guest.delete(shareOf(network)),
    ];
    for (const { status, body } of refusals)
      expect([status, body.code]).toEqual([403, 'network-owner-required']);
    await owner.get(pathOf(network)).expect(200, seen);
    await owner.get(`/v1/subnets/${subnet.id}`).expect(200, subnet);
  });

  it('looks to all others as if it did not exist', async () => {
    const network = await sharedNetwork();
    const subnet = await owner.subnet(network.id, { cidr: '10.0.0.0/24' });
    const stranger = await stage.user(undefined, ['admin']);
    const nowhere = randomUUID();
    const same = async (
      hiddenId: string,
      call: (id: string) => PromiseLike<{ status: number; body: Record<string, unknown> }>,
    ) => {
      const [hidden, missing] = [await call(hiddenId), await call(nowhere)];
      expect([hidden.status, missing.status]).toEqual([404, 404]);
      const { instance: _a, ...hiddenBody } = hidden.body;
      const { instance: _b, ...missingBody } = missing.body;
      expect(JSON.stringify(hiddenBody).replaceAll(hiddenId, nowhere)).toBe(JSON.stringify(missingBody));
    };
    await same(network.id, (id) => stranger.patch(`/v1/networks/${id}`, { name: 'x' }));
    await same(network.id, (id) => stranger.patch(`/v1/networks/${id}`, { isSharedWithAll: false }));
    await same(network.id, (id) => stranger.get(`/v1/networks/${id}/shares`));
    await same(network.id, (id) => stranger.put(`/v1/networks/${id}/shares/${guest.projectId}`));
    await same(network.id, (id) => stranger.delete(`/v1/networks/${id}/shares/${guest.projectId}`));
    await same(network.id, (id) => stranger.delete(`/v1/networks/${id}/shares/${stranger.projectId}`));
    await same(network.id, (id) => stranger.post(`/v1/networks/${id}/ports`, {}));
    await same(subnet.id, (id) => stranger.patch(`/v1/subnets/${id}`, { name: 'x' }));
    await same(subnet.id, (id) => stranger.patch(`/v1/subnets/${id}`, { gatewayIp: 'nonsense' }));
    await same(subnet.id, (id) => stranger.get(`/v1/subnets/${id}/usage`));
  });

  it('is not taken out of sight of a project that has ports in it', async () => {
    const network = await sharedNetwork();
    const port = await guest.port(network.id, { fixedIps: [] });
    const { body } = await owner.delete(shareOf(network)).expect(409);
    expect(body).toMatchObject({ code: 'share-in-use', detail: expect.stringContaining(guest.projectId) });
    await guest.get(pathOf(network)).expect(200);
    await guest.delete(`/v1/ports/${port.id}`).expect(204);
    await owner.delete(shareOf(network)).expect(204);
  });

  it('never loses sight of a port that is made meanwhile', async () => {
    for (let round = 0; round < 8; round++) {
      const network = await sharedNetwork();
      const [made, ended] = await Promise.all([
        guest.post(`${pathOf(network)}/ports`, { fixedIps: [] }),
        owner.delete(shareOf(network)),
      ]);
      expect([made.status, ended.status]).toEqual(made.status === 201 ? [201, 409] : [404, 204]);
    }
  });

  it('does not let in a port whose making waited for the share to end', async () => {
    const { knex, databaseUrl } = stage.database;
    const network = await sharedNetwork();
    const asked: Promise<Response>[] = [];
    await knex.transaction(async (trx) => {
      await trx('networks').where({ id: network.id }).forUpdate();
      await trx('network_shares').where({ network_id: network.id }).delete();
      asked.push(guest.post(`${pathOf(network)}/ports`, { fixedIps: [] }).then((answer) => answer));
      // The embedded database has one connection: there nobody waits for a lock, but for the transaction.
      if (databaseUrl !== undefined) await untilSomebodyWaits(trx);
    });
    const [answer] = await Promise.all(asked);
    expect([answer?.status, answer?.body.code]).toEqual([404, 'network-not-found']);
  });

  it('tells its owner and the other project of the share as of a change', async () => {
    const cursorOf = async (user: TestUser): Promise<string> =>
      (await user.get('/v1/events').expect(200)).body.nextCursor;
    const toldTo = async (user: TestUser, cursor: string) =>
      (await user.get(`/v1/events?cursor=${cursor}&resourceType=network`).expect(200)).body.items.map(
        ({ resourceId, change, revision }: { resourceId: string; change: string; revision: number }) =>
          `${resourceId} ${change} ${revision}`,
      );
    const network = await owner.network();
    const cursors = [await cursorOf(owner), await cursorOf(guest)] as const;
    await owner.put(shareOf(network)).expect(201);
    await owner.put(shareOf(network)).expect(200);
    await owner.delete(shareOf(network)).expect(204);
    expect(await toldTo(owner, cursors[0])).toEqual([`${network.id} updated 2`, `${network.id} updated 3`]);
    expect(await toldTo(guest, cursors[1])).toEqual([`${network.id} created 2`, `${network.id} deleted 3`]);
  });

  it('tells the other project, too, when it is deleted', async () => {
    const network = await sharedNetwork();
    const { nextCursor } = (await guest.get('/v1/events').expect(200)).body;
    await owner.delete(pathOf(network)).expect(204);
    const { body } = await guest.get(`/v1/events?cursor=${nextCursor}`).expect(200);
    expect(body.items).toMatchObject([
      { resourceType: 'network', resourceId: network.id, projectId: guest.projectId, change: 'deleted' },
    ]);
  });
});

describe('a network that is shared with all', () => {
  it('is made so, and changed, by the role admin only', async () => {
    const refused = await owner.post('/v1/networks', { isSharedWithAll: true }).expect(403);
    expect(refused.body.code).toBe('forbidden');
    const operator = await stage.user(owner.projectId, ['admin']);
    const network = await operator.network({ isSharedWithAll: true });
    expect(network.isSharedWithAll).toBe(true);
    const kept = await owner.patch(pathOf(network), { isSharedWithAll: false }).expect(403);
    expect(kept.body.code).toBe('forbidden');
    await owner.patch(pathOf(network), { isSharedWithAll: true, name: 'as it is' }).expect(200);
    await guest.get(pathOf(network)).expect(200);
    await operator.patch(pathOf(network), { isSharedWithAll: false }).expect(200);
    await guest.get(pathOf(network)).expect(404);
    await operator.patch(pathOf(network), { isSharedWithAll: true }).expect(200);
    await guest.get(pathOf(network)).expect(200);
  });

  it('stays so while somebody who sees it for no other reason has ports in it', async () => {
    const operator = await stage.user(owner.projectId, ['admin']);
    const network = await operator.network({ isSharedWithAll: true });
    const other = await stage.user();
    await owner.port(network.id, { fixedIps: [] });
    await guest.port(network.id, { fixedIps: [] });
    await guest.port(network.id, { fixedIps: [] });
    await other.port(network.id, { fixedIps: [] });
    await owner.put(shareOf(network)).expect(201);
    const { body } = await operator.patch(pathOf(network), { isSharedWithAll: false }).expect(409);
    expect(body).toMatchObject({ code: 'share-in-use', detail: expect.stringContaining(other.projectId) });
    expect(body.detail).not.toContain(guest.projectId);
    expect(body.detail).not.toContain(owner.projectId);
    // A share beside it may end: nobody loses sight by that.
    await owner.delete(shareOf(network)).expect(204);
    await owner.put(shareOf(network)).expect(201);
    await owner.put(shareOf(network, other)).expect(201);
    await operator.patch(pathOf(network), { isSharedWithAll: false }).expect(200);
    await owner.delete(shareOf(network, other)).expect(409);
  });

  it('never loses sight of a port that is made meanwhile', async () => {
    const operator = await stage.user(owner.projectId, ['admin']);
    for (let round = 0; round < 8; round++) {
      const network = await operator.network({ isSharedWithAll: true });
      const [made, ended] = await Promise.all([
        guest.post(`${pathOf(network)}/ports`, { fixedIps: [] }),
        operator.patch(pathOf(network), { isSharedWithAll: false }),
      ]);
      expect([made.status, ended.status]).toEqual(made.status === 201 ? [201, 409] : [404, 200]);
    }
  });
});
