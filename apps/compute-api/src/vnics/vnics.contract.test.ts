import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from '@patchpanel/service-kit/testing';
import {
  outline,
  startComputeService,
  type ComputeService,
  type UserClient,
} from '../testing/compute-service.ts';

const fixedAddress = '02:00:00:00:00:01';

let service: ComputeService;
let user: UserClient;
let nextAddress: (() => string) | undefined;
let counter = 0;
beforeAll(async () => {
  service = await startComputeService({
    randomMacAddress: () => {
      counter += 1;
      return nextAddress?.() ?? `02:11:22:33:44:${counter.toString(16).padStart(2, '0')}`;
    },
  });
  user = await service.user();
});
afterAll(() => service.close());

async function drawing<T>(next: () => string, work: () => Promise<T>): Promise<T> {
  nextAddress = next;
  try {
    return await work();
  } finally {
    nextAddress = undefined;
  }
}

describe(`vNICs on ${testEngine()}`, () => {
  it('are made with what is given, and a MAC address of their own', async () => {
    const { body, headers } = await user
      .post('/v1/vnics')
      .send({ name: 'eth0', networkData: 'opaque text' })
      .expect(201);
    expect(body).toMatchObject({
      name: 'eth0',
      projectId: user.projectId,
      networkData: 'opaque text',
      revision: 1,
    });
    expect(body.macAddress).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(body).not.toHaveProperty('instanceId');
    expect(headers['location']).toBe(`/v1/vnics/${body.id}`);
    expect(headers['etag']).toBe('"1"');
    const read = await user.get(`/v1/vnics/${body.id.toUpperCase()}`).expect(200);
    expect(read.body).toEqual(body);
  });

  it('give a MAC address back in lower case', async () => {
    const { macAddress } = await user.makeVnic({ macAddress: 'AA:BB:CC:DD:EE:FF' });
    expect(macAddress).toBe('aa:bb:cc:dd:ee:ff');
  });

  it.each(['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])(
    'refuse %s, which no vNIC can have',
    async (macAddress) => {
      const { body } = await user.post('/v1/vnics').send({ macAddress }).expect(400);
      expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/macAddress' }] });
    },
  );

  it('never share a MAC address, not even across projects, and the refusal names nobody', async () => {
    const mine = await user.makeVnic({ macAddress: fixedAddress });
    const stranger = await service.user();
    const { body } = await stranger
      .post('/v1/vnics')
      .send({ macAddress: fixedAddress.toUpperCase() })
      .expect(409);
    expect(body.code).toBe('mac-address-in-use');
    expect(JSON.stringify(body)).not.toContain(mine.id);
    expect(JSON.stringify(body)).not.toContain(user.projectId);
    expect((await stranger.get('/v1/vnics').expect(200)).body.items).toEqual([]);
  });

  it('draw another address when a random one is in use', async () => {
    const taken = await user.makeVnic();
    const drawn = [taken.macAddress, taken.macAddress, '02:99:99:99:99:99'];
    const { macAddress } = await drawing(() => drawn.shift() ?? '02:00:00:00:00:00', user.makeVnic);
    expect(macAddress).toBe('02:99:99:99:99:99');
  });

  it('fail loudly, and leave nothing, when no draw ever gives a free address', async () => {
    const taken = await user.makeVnic();
    const stranger = await service.user();
    await drawing(
      () => taken.macAddress,
      async () => stranger.post('/v1/vnics').send({}).expect(500),
    );
    expect((await stranger.get('/v1/vnics').expect(200)).body.items).toEqual([]);
  });

  it('32 clients that want one address: one has it, the rest are told so', async () => {
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => user.post('/v1/vnics').send({ macAddress: '02:77:77:77:77:77' })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 31 }, () => 409)]);
  });

  it('repeat the first answer for the same idempotency key, and refuse it for another request', async () => {
    const post = (body: object) => user.post('/v1/vnics').set('idempotency-key', 'once').send(body);
    const first = await post({ name: 'a' }).expect(201);
    const second = await post({ name: 'a' }).expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['location']).toBe(first.headers['location']);
    const { body } = await post({ name: 'b' }).expect(422);
    expect(body.code).toBe('idempotency-key-reused');
  });

  it('are changed field by field; null clears', async () => {
    const vnic = await user.makeVnic({ name: 'a', networkData: 'one' });
    const path = `/v1/vnics/${vnic.id}`;
    const renamed = await user.patch(path).send({ name: 'b' }).expect(200);
    expect(renamed.body).toMatchObject({ name: 'b', networkData: 'one', revision: 2 });
    const changed = await user.patch(path).send({ networkData: 'two' }).expect(200);
    expect(changed.body).toMatchObject({ name: 'b', networkData: 'two', revision: 3 });
    const cleared = await user.patch(path).send({ networkData: null }).expect(200);
    expect(cleared.body).toMatchObject({ name: 'b', revision: 4 });
    expect(cleared.body).not.toHaveProperty('networkData');
    expect(cleared.headers['etag']).toBe('"4"');
  });

  it('keep their revision when a change changes nothing', async () => {
    const vnic = await user.makeVnic({ name: 'a' });
    const { body } = await user
      .patch(`/v1/vnics/${vnic.id}`)
      .send({ name: 'a', networkData: null })
      .expect(200);
    expect(body).toEqual(vnic);
  });

  it.each([{}, { macAddress: '02:00:00:00:00:99' }, { name: null }, { networkData: '' }])(
    'refuse the change %j',
    async (patch) => {
      const vnic = await user.makeVnic();
      const { body } = await user.patch(`/v1/vnics/${vnic.id}`).send(patch).expect(400);
      expect(body.code).toBe('invalid-request');
    },
  );

  it('are changed and deleted only at the revision that If-Match names', async () => {
    const vnic = await user.makeVnic();
    const path = `/v1/vnics/${vnic.id}`;
    await user.patch(path).set('if-match', '"1"').send({ name: 'b' }).expect(200);
    const { body } = await user.patch(path).set('if-match', '"1"').send({ name: 'c' }).expect(412);
    expect(body.code).toBe('precondition-failed');
    await user.delete(path).set('if-match', '"1"').expect(412);
    expect((await user.get(path).expect(200)).body).toMatchObject({ name: 'b', revision: 2 });
    await user.delete(path).set('if-match', '"2"').expect(204);
    await user.get(path).expect(404);
  });

  it('in an instance are not deleted, and the refusal says which', async () => {
    const vnic = await user.makeVnic();
    const instance = await user.makeInstance({ vnicIds: [vnic.id], powerState: 'stopped' });
    const { body } = await user.delete(`/v1/vnics/${vnic.id}`).expect(409);
    expect(body.code).toBe('vnic-in-use');
    expect(body.detail).toContain(instance.id);
    expect((await user.get(`/v1/vnics/${vnic.id}`).expect(200)).body.instanceId).toBe(instance.id);
  });

  it('are listed oldest first, page by page, and by instance', async () => {
    const owner = await service.user();
    const made = [];
    for (let index = 0; index < 5; index++) made.push(await owner.makeVnic({ name: `nic-${index}` }));
    const seen: string[] = [];
    let query = '?limit=2';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await owner.get(`/v1/vnics${query}`).expect(200);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      query = `?limit=2&pageToken=${body.nextPageToken ?? ''}`;
    }
    expect(seen).toEqual(['nic-0', 'nic-1', 'nic-2', 'nic-3', 'nic-4']);
    const vnicIds = made.slice(1, 3).map(({ id }) => id);
    const instance = await owner.makeInstance({ vnicIds, powerState: 'stopped' });
    const { body } = await owner.get(`/v1/vnics?instanceId=${instance.id}`).expect(200);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(vnicIds);
  });

  it('take no page token of another list', async () => {
    const owner = await service.user();
    for (let index = 0; index < 2; index++) await owner.makeVnic();
    const { body } = await owner.get('/v1/vnics?limit=1').expect(200);
    const other = `/v1/vnics?limit=1&instanceId=${uuidv7()}&pageToken=${body.nextPageToken}`;
    expect((await owner.get(other).expect(400)).body.code).toBe('invalid-page-token');
  });

  it('of other projects do not exist: look-ups answer as for an id that nobody has', async () => {
    const vnic = await user.makeVnic();
    const stranger = await service.user({ roles: ['admin'] });
    const nobody = uuidv7();
    const answers = async (id: string) => {
      const path = `/v1/vnics/${id}`;
      const responses = [
        await stranger.get(path),
        await stranger.patch(path).send({ name: 'mine' }),
        await stranger.patch(path).set('if-match', '"9"').send({ name: 'mine' }),
        await stranger.delete(path),
        await stranger.delete(path).set('if-match', '"9"'),
      ];
      return responses.map((response) => outline(response, id));
    };
    const foreign = await answers(vnic.id);
    expect(foreign).toEqual(await answers(nobody));
    expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect((await user.get(`/v1/vnics/${vnic.id}`).expect(200)).body).toEqual(vnic);
    expect((await stranger.get('/v1/vnics').expect(200)).body.items).toEqual([]);
  });

  it('are told of in the feed, in the order of their revisions, without their network data', async () => {
    const owner = await service.user();
    const vnic = await owner.makeVnic({ networkData: 'secret words' });
    await owner.patch(`/v1/vnics/${vnic.id}`).send({ name: 'b' }).expect(200);
    await owner.delete(`/v1/vnics/${vnic.id}`).expect(204);
    const events = await service.database
      .knex('events')
      .where({ resource_id: vnic.id, project_id: owner.projectId })
      .orderBy('position');
    expect(events.map(({ change, revision }) => [change, revision])).toEqual([
      ['created', 1],
      ['updated', 2],
      ['deleted', 3],
    ]);
    expect(JSON.stringify(events)).not.toContain('secret words');
  });
});
