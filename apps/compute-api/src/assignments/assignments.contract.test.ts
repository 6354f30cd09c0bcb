import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AssignmentChange } from '@patchpanel/contract-compute-southbound';
import { forgetEvents } from '@patchpanel/service-kit';
import { testEngine } from '@patchpanel/service-kit/testing';
import {
  outline,
  startComputeService,
  type ComputeService,
  type HostClient,
  type UserClient,
} from '../testing/compute-service.ts';

let service: ComputeService;
let user: UserClient;
let host: HostClient;
let stopping: AbortController;
beforeAll(async () => {
  stopping = new AbortController();
  service = await startComputeService({ stopping: stopping.signal });
  user = await service.user();
  host = await service.host('host-1');
  await host.register(1000);
});
afterAll(() => service.close());

interface Batch {
  readonly items: AssignmentChange[];
  readonly nextCursor: string;
}

async function follow(query: string): Promise<Batch> {
  return (await host.get(`/v1/assignments/changes?${query}`).expect(200)).body;
}

async function cursorOfNow(): Promise<string> {
  return (await host.get('/v1/assignments?limit=1').expect(200)).body.cursor;
}

describe(`assignments on ${testEngine()}`, () => {
  it('show a host its instances with their vNICs in order, and hand network data on as it is', async () => {
    const networkData = '{"looks": "like JSON", "but is": nobody’s business}';
    const first = await user.makeVnic({ networkData });
    const second = await user.makeVnic();
    const instance = await user.makeInstance({ name: 'web-1', vnicIds: [second.id, first.id] });
    const expected = {
      instanceId: instance.id,
      projectId: user.projectId,
      name: 'web-1',
      desired: 'running',
      placement: instance.placement,
      revision: 1,
      vnics: [
        { vnicId: second.id, macAddress: second.macAddress },
        { vnicId: first.id, macAddress: first.macAddress, networkData },
      ],
    };
    expect(await host.readAssignment(instance.id)).toEqual(expected);
    const { body } = await host.get('/v1/assignments?limit=200').expect(200);
    expect(body.items).toContainEqual(expected);
  });

  it('list and feed together miss nothing, whatever happens while the pages are read', async () => {
    const known = new Set<string>();
    for (let index = 0; index < 4; index++) await user.makeInstance();
    const traffic = Promise.all(
      Array.from({ length: 3 }, async () => {
        for (let round = 0; round < 5; round++) {
          const { id } = await user.makeInstance();
          await user.makeInstance();
          await user.delete(`/v1/instances/${id}`).expect(202);
          await host.report(id, { status: 'absent' });
        }
      }),
    );
    let cursor: string | undefined;
    let pageToken: string | undefined;
    do {
      const next = pageToken === undefined ? '' : `&pageToken=${pageToken}`;
      const { body } = await host.get(`/v1/assignments?limit=2${next}`).expect(200);
      for (const { instanceId } of body.items) known.add(instanceId);
      cursor ??= body.cursor;
      pageToken = body.nextPageToken;
    } while (pageToken !== undefined);
    await traffic;
    let changes: Batch;
    do {
      changes = await follow(`cursor=${cursor ?? ''}&limit=200`);
      for (const { instanceId, change } of changes.items) {
        if (change === 'deleted') known.delete(instanceId);
        else known.add(instanceId);
      }
      cursor = changes.nextCursor;
    } while (changes.items.length > 0);
    const truth: string[] = await service.database
      .knex('instances')
      .where({ host_name: 'host-1' })
      .pluck('id');
    expect([...known].sort()).toEqual(truth.sort());
  });

  it('are followed: made, changed by every order and by new network data, and ended', async () => {
    const cursor = await cursorOfNow();
    const vnic = await user.makeVnic();
    const { id } = await user.makeInstance({ vnicIds: [vnic.id] });
    const path = `/v1/vnics/${vnic.id}`;
    await user.patch(path).send({ networkData: 'fresh' }).expect(200);
    await user.patch(path).send({ name: 'no news for the host' }).expect(200);
    await user.patch(path).send({ networkData: 'fresh' }).expect(200);
    await host.report(id, { status: 'running' });
    expect((await host.readAssignment(id)).vnics).toMatchObject([{ networkData: 'fresh' }]);
    await user.post(`/v1/instances/${id}/stop`).expect(202);
    await user.post(`/v1/instances/${id}/start`).expect(202);
    await user.delete(`/v1/instances/${id}`).expect(202);
    await host.report(id, { status: 'absent' });
    const { items, nextCursor } = await follow(`cursor=${cursor}`);
    expect(items.map(({ instanceId, change, revision }) => [instanceId, change, revision])).toEqual([
      [id, 'created', 1],
      [id, 'updated', 2],
      [id, 'updated', 4],
      [id, 'updated', 5],
      [id, 'updated', 6],
      [id, 'deleted', 7],
    ]);
    expect(JSON.stringify(items)).not.toContain('fresh');
    expect((await follow(`cursor=${nextCursor}`)).items).toEqual([]);
    const [firstOnly] = [await follow(`cursor=${cursor}&limit=1`)];
    expect(firstOnly.items).toHaveLength(1);
    expect((await follow(`cursor=${firstOnly.nextCursor}`)).items).toHaveLength(5);
  });

  it('new network data leaves a running machine running, and raises its revision', async () => {
    const vnic = await user.makeVnic();
    const { id } = await user.makeInstance({ vnicIds: [vnic.id] });
    await host.report(id, { status: 'running' });
    await user.patch(`/v1/vnics/${vnic.id}`).send({ networkData: 'fresh' }).expect(200);
    expect(await user.readInstance(id)).toMatchObject({
      status: 'running',
      revision: 3,
      observedGeneration: 1,
    });
    await host.report(id, { status: 'running' });
    expect(await user.readInstance(id)).toMatchObject({
      status: 'running',
      revision: 4,
      observedGeneration: 3,
    });
  });

  it('without a cursor the feed begins now', async () => {
    await user.makeInstance();
    const { items, nextCursor } = await follow('waitSeconds=0');
    expect(items).toEqual([]);
    const { id } = await user.makeInstance();
    expect((await follow(`cursor=${nextCursor}`)).items).toMatchObject([{ instanceId: id }]);
  });

  it('a waiting follower hears of a change when it is committed', async () => {
    const cursor = await cursorOfNow();
    const waiting = follow(`cursor=${cursor}&waitSeconds=30`);
    const { id } = await user.makeInstance();
    expect((await waiting).items).toMatchObject([{ instanceId: id, change: 'created' }]);
  });

  it('a host follows nothing of other hosts', async () => {
    const other = await service.host('other');
    const cursor = await cursorOfNow();
    await user.makeInstance();
    const { body } = await other.get(`/v1/assignments/changes?cursor=${cursor}`).expect(200);
    expect(body.items).toEqual([]);
  });

  it('refuse a cursor that this feed never gave', async () => {
    for (const cursor of ['nonsense', Buffer.from('{"p":1}').toString('base64url')]) {
      const { body } = await host.get(`/v1/assignments/changes?cursor=${cursor}`).expect(400);
      expect(body.code).toBe('invalid-cursor');
    }
    expect((await host.get('/v1/assignments?pageToken=no').expect(400)).body.code).toBe('invalid-page-token');
  });

  it('refuse a cursor behind which changes are no longer kept', async () => {
    const cursor = await cursorOfNow();
    await user.makeInstance();
    await user.makeInstance();
    await forgetEvents(service.database.knex, '2999-01-01T00:00:00Z');
    const { body } = await host.get(`/v1/assignments/changes?cursor=${cursor}`).expect(410);
    expect(body.code).toBe('events-compacted');
  });
});

describe(`reports on ${testEngine()}`, () => {
  it('carry the reason to the owner', async () => {
    const { id } = await user.makeInstance();
    await host.report(id, { status: 'error', statusReason: 'no such kernel' });
    expect(await user.readInstance(id)).toMatchObject({ status: 'error', statusReason: 'no such kernel' });
    await host.report(id, { status: 'starting' });
    const retried = await user.readInstance(id);
    expect(retried.status).toBe('starting');
    expect(retried).not.toHaveProperty('statusReason');
  });

  it('that say nothing new change nothing', async () => {
    const { id } = await user.makeInstance();
    await host.report(id, { status: 'running' });
    const before = await user.readInstance(id);
    await host.report(id, { status: 'running' });
    expect(await user.readInstance(id)).toEqual(before);
  });

  it('answer an order only when they were made after it', async () => {
    const { id } = await user.makeInstance();
    const { revision, placement } = await host.readAssignment(id);
    await user.post(`/v1/instances/${id}/stop`).expect(202);
    await host.report(id, { status: 'absent', observedRevision: revision });
    expect((await user.readInstance(id)).status).toBe('stopping');
    await host.report(id, { status: 'absent' });
    expect((await user.readInstance(id)).status).toBe('stopped');
    await user.delete(`/v1/instances/${id}`).expect(202);
    const late = { status: 'absent', placement, observedRevision: revision };
    await host.put(`/v1/assignments/${id}/status`).send(late).expect(204);
    expect((await user.readInstance(id)).status).toBe('deleting');
    await host.report(id, { status: 'absent' });
    await user.get(`/v1/instances/${id}`).expect(404);
  });

  it('of another placement are stale and change nothing', async () => {
    const { id, placement } = await user.makeInstance();
    await host.report(id, { status: 'running' });
    await service.database
      .knex('instances')
      .where({ id })
      .update({ placement: placement + 1 });
    const before = await user.readInstance(id);
    const { body } = await host
      .put(`/v1/assignments/${id}/status`)
      .send({ status: 'absent', placement, observedRevision: 1 })
      .expect(409);
    expect(body.code).toBe('stale-placement');
    expect(await user.readInstance(id)).toEqual(before);
  });

  it('on a revision that never was are refused', async () => {
    const { id, placement } = await user.makeInstance();
    const { body } = await host
      .put(`/v1/assignments/${id}/status`)
      .send({ status: 'running', placement, observedRevision: 99 })
      .expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/observedRevision' }] });
  });

  it('of a host that does not have the instance are like those on an instance that nobody has', async () => {
    const { id } = await user.makeInstance();
    const waiting = await user.makeInstance({ powerState: 'stopped' });
    const other = await service.host('other');
    await other.register(0);
    const answers = async (asked: string) => {
      const path = `/v1/assignments/${asked}`;
      const report = { status: 'absent', placement: 9, observedRevision: 99 };
      const responses = [await other.get(path), await other.put(`${path}/status`).send(report)];
      return responses.map((response) => outline(response, asked));
    };
    const nobodys = await answers(uuidv7());
    expect(await answers(id)).toEqual(nobodys);
    expect(await answers(waiting.id)).toEqual(nobodys);
    expect(nobodys.map(({ status }) => status)).toEqual([404, 404]);
    expect((await other.get('/v1/assignments').expect(200)).body.items).toEqual([]);
  });
});

/** Resolves when somebody waits for events: the moment before, `woken` of their subscription is read. */
function untilAFollowerWaits(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { signals } = service.database;
  const subscribe = signals.subscribe.bind(signals);
  const spy = vi.spyOn(signals, 'subscribe').mockImplementation((keys) => {
    const { woken, cancel } = subscribe(keys);
    const tell = () => {
      resolve();
      return woken;
    };
    return {
      cancel,
      get woken() {
        return tell();
      },
    };
  });
  onTestFinished(() => spy.mockRestore());
  return promise;
}

it('a waiting follower is answered at once when the service stops', async () => {
  const cursor = await cursorOfNow();
  const isWaiting = untilAFollowerWaits();
  const waiting = follow(`cursor=${cursor}&waitSeconds=50`);
  await Promise.race([isWaiting, waiting]);
  const startedAt = Date.now();
  stopping.abort();
  expect((await waiting).items).toEqual([]);
  expect(Date.now() - startedAt).toBeLessThan(10_000);
});
