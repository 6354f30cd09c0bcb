import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { raiseEpoch, silentLogger } from '@patchpanel/service-kit';
import { testEngine } from '@patchpanel/service-kit/testing';
import {
  eventually,
  startComputeService,
  type ComputeService,
  type UserClient,
} from '../testing/compute-service.ts';
import { reasonToWait } from './placement.ts';
import { startPlacing } from './placing.ts';

let service: ComputeService;
let user: UserClient;
beforeAll(async () => {
  service = await startComputeService();
  user = await service.user();
});
beforeEach(() => service.empty());
afterAll(() => service.close());

async function countByHost(): Promise<Record<string, number>> {
  const rows: { host_name: string; count: number }[] = await service.database
    .knex('instances')
    .whereNotNull('host_name')
    .select('host_name')
    .count({ count: '*' })
    .groupBy('host_name');
  return Object.fromEntries(rows.map(({ host_name, count }) => [host_name, count]));
}

const placed = (id: string) =>
  eventually(async () => {
    const instance = await user.readInstance(id);
    expect(instance.status).toBe('starting');
    return instance;
  });

describe(`placement on ${testEngine()}`, () => {
  it('waits while no host is known, says so, and goes on when one registers', async () => {
    const { id, status, statusReason, placement } = await user.makeInstance();
    expect({ status, statusReason, placement }).toEqual({
      status: 'scheduling',
      statusReason: 'no host is up',
      placement: 0,
    });
    const host = await service.host('late');
    await host.register();
    const instance = await placed(id);
    expect(instance).toMatchObject({ hostName: 'late', placement: expect.any(Number), revision: 2 });
    expect(instance).not.toHaveProperty('statusReason');
    expect(await host.readAssignment(id)).toMatchObject({
      desired: 'running',
      placement: instance.placement,
      revision: 2,
    });
  });

  it('spreads over hosts by their load', async () => {
    await (await service.host('small')).register(2);
    await (await service.host('large')).register(6);
    for (let index = 0; index < 8; index++) await user.makeInstance();
    expect(await countByHost()).toEqual({ small: 2, large: 6 });
    const third = await user.makeInstance();
    expect(third).toMatchObject({ status: 'scheduling', statusReason: 'all 2 hosts are full' });
  });

  it('never fills a host beyond its capacity, whoever races, and finds every free place', async () => {
    for (const name of ['a', 'b', 'c']) await (await service.host(name)).register(5);
    const made = await Promise.all(Array.from({ length: 24 }, () => user.makeInstance()));
    expect(await countByHost()).toEqual({ a: 5, b: 5, c: 5 });
    expect(made.filter(({ status }) => status === 'scheduling')).toHaveLength(9);
    for (const name of ['a', 'b', 'c']) {
      expect(await service.readHost(name)).toMatchObject({ instanceCount: 5, instanceCapacity: 5 });
    }
  });

  it('gives a place that came free to the one who has waited longest', async () => {
    const host = await service.host('only');
    await host.register(1);
    const first = await user.makeInstance();
    const second = await user.makeInstance();
    const third = await user.makeInstance();
    expect(second.statusReason).toBe('the only host that is up is full');
    await user.delete(`/v1/instances/${first.id}`).expect(202);
    await host.report(first.id, { status: 'absent' });
    await placed(second.id);
    expect((await user.readInstance(third.id)).status).toBe('scheduling');
  });

  it('goes on when a host takes more', async () => {
    const host = await service.host('only');
    await host.register(0);
    const { id } = await user.makeInstance();
    await host.register(1);
    await placed(id);
  });

  it('leaves a host that takes fewer than it has what it has, and gives it no more', async () => {
    const host = await service.host('shrinking');
    await host.register(3);
    const kept = [await user.makeInstance(), await user.makeInstance()];
    await host.register(1);
    expect((await user.makeInstance()).status).toBe('scheduling');
    expect(await service.readHost('shrinking')).toMatchObject({ instanceCount: 2, instanceCapacity: 1 });
    for (const { id } of kept) expect((await user.readInstance(id)).hostName).toBe('shrinking');
  });

  it('leaves silent hosts out, and goes on with their next heartbeat', async () => {
    const host = await service.host('quiet');
    await host.register();
    await service.silence('quiet');
    expect(await service.readHost('quiet')).toMatchObject({ status: 'silent' });
    const { id, statusReason } = await user.makeInstance();
    expect(statusReason).toBe('no host is up');
    await host.post('/v1/host/heartbeat').expect(204);
    await placed(id);
    expect(await service.readHost('quiet')).toMatchObject({ status: 'up' });
  });

  it('tells those who wait when the reason changes', async () => {
    const { id } = await user.makeInstance();
    await (await service.host('full')).register(0);
    await eventually(async () => {
      expect(await user.readInstance(id)).toMatchObject({
        statusReason: 'the only host that is up is full',
        revision: 2,
      });
    });
  });

  it('is done by whoever starts next when the replica that should have done it is gone', async () => {
    const { id } = await user.makeInstance();
    await service.database.knex('hosts').insert({ name: 'forgotten', driver: 'netns', instance_capacity: 1 });
    const parts = { database: service.database, heartbeatSeconds: 60 };
    const placing = startPlacing(parts, silentLogger());
    await placed(id).finally(placing.stop);
  });

  it('numbers rise across instances, so that a vNIC which moves to another one presents a higher one', async () => {
    const host = await service.host('only');
    await host.register();
    const vnic = await user.makeVnic();
    let last = 0;
    for (let move = 0; move < 3; move++) {
      const { id, placement } = await user.makeInstance({ vnicIds: [vnic.id] });
      expect(placement).toBeGreaterThan(last);
      expect(await host.readAssignment(id)).toMatchObject({ placement });
      last = placement;
      await user.delete(`/v1/instances/${id}`).expect(202);
      await host.report(id, { status: 'absent' });
    }
  });

  it('numbers rise also when the database is restored, if only its epoch is raised', async () => {
    const own = await startComputeService();
    try {
      const owner = await own.user();
      await (await own.host('only')).register();
      const { knex } = own.database;
      for (let index = 0; index < 3; index++) await owner.makeInstance();
      const { placement: lost } = await owner.makeInstance();
      // The backup is from before the first instance.
      await knex.raw(`select setval('instance_placements', 1, false)`);
      const epoch = await raiseEpoch(knex);
      const { placement } = await owner.makeInstance();
      expect(placement).toBeGreaterThan(lost);
      expect(placement).toBe((epoch - 1) * 2 ** 32 + 1);
      // The last number of the last epoch is the last that a client can compare exactly.
      await knex('database_identity').update({ epoch: 2 ** 21 });
      await knex.raw(`select setval('instance_placements', 4294967295, false)`);
      expect((await owner.makeInstance()).placement).toBe(Number.MAX_SAFE_INTEGER);
      await owner.post('/v1/instances').send({}).expect(500);
    } finally {
      await own.close();
    }
  });

  it('starting an instance that never ran takes its turn behind those who wait', async () => {
    const host = await service.host('only');
    await host.register(0);
    const stopped = await user.makeInstance({ powerState: 'stopped' });
    const waiting = await user.makeInstance();
    const { body } = await user.post(`/v1/instances/${stopped.id}/start`).expect(202);
    expect(body).toMatchObject({ status: 'scheduling', powerState: 'running', placement: 0 });
    await host.register(2);
    await placed(waiting.id);
    await placed(stopped.id);
  });
});

it('the reason to wait names what is missing', () => {
  expect(reasonToWait({ up: 0, withRoom: 0 })).toBe('no host is up');
  expect(reasonToWait({ up: 1, withRoom: 0 })).toBe('the only host that is up is full');
  expect(reasonToWait({ up: 3, withRoom: 0 })).toBe('all 3 hosts are full');
  expect(reasonToWait({ up: 3, withRoom: 1 })).toBe('others have waited longer for a host');
});
