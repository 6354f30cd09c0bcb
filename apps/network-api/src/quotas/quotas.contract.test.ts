import { randomUUID } from 'node:crypto';
import { readEvents } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let operator: TestUser;

beforeAll(async () => {
  stage = await openStage();
  operator = await stage.user(undefined, ['admin']);
});
afterAll(() => stage.close());

const pathOf = (projectId: string) => `/v1/projects/${projectId}/quota`;

describe('quotas', () => {
  it("are the service's defaults until somebody sets others", async () => {
    const reader = await stage.user(undefined, ['reader']);
    const { body } = await reader.get('/v1/quota').expect(200).expect('etag', '"1"');
    expect(body).toEqual({
      projectId: reader.projectId,
      networks: { limit: 100, used: 0 },
      subnets: { limit: 200, used: 0 },
      ports: { limit: 10_000, used: 0 },
      securityGroups: { limit: 100, used: 0 },
      securityGroupRules: { limit: 2_000, used: 0 },
      revision: 1,
    });
    await operator.get(pathOf(reader.projectId.toUpperCase())).expect(200, body).expect('etag', '"1"');
  });

  it('are read of any project by operators, and changed by them alone', async () => {
    const user = await stage.user();
    for (const refused of [
      user.get(pathOf(user.projectId)),
      user.get(pathOf(randomUUID())),
      user.patch(pathOf(user.projectId), { networks: 1_000 }),
    ]) {
      expect((await refused.expect(403)).body.code).toBe('forbidden');
    }
    await user.network();
    const { body } = await operator.get(pathOf(user.projectId)).expect(200);
    expect(body.networks).toEqual({ limit: 100, used: 1 });
    await user.get('/v1/quota').expect(200, body);
  });

  it('change as named, one revision per change, and hold from then on', async () => {
    const user = await stage.user();
    const path = pathOf(user.projectId);
    const first = await operator
      .patch(path, { networks: 1, ports: 5, subnets: null })
      .set('if-match', '"1"')
      .expect(200)
      .expect('etag', '"2"');
    expect(first.body).toMatchObject({
      networks: { limit: 1, used: 0 },
      ports: { limit: 5, used: 0 },
      subnets: { limit: 200, used: 0 },
      revision: 2,
    });
    const stale = await operator.patch(path, { networks: 2 }).set('if-match', '"1"').expect(412);
    expect(stale.body.code).toBe('precondition-failed');
    await user.network();
    const { body } = await user.post('/v1/networks', {}).expect(409);
    expect(body.code).toBe('quota-exceeded');
    // What is used is no change of the quota.
    await operator.patch(path, { networks: null }).set('if-match', '"2"').expect(200).expect('etag', '"3"');
    await user.network();
    const last = await operator.patch(path, { ports: 7 }).expect(200);
    expect(last.body).toMatchObject({
      networks: { limit: 100, used: 2 },
      ports: { limit: 7, used: 0 },
      revision: 4,
    });
    await user.get('/v1/quota').expect(200, last.body);
  });

  it('below what a project has only stop its growth', async () => {
    const user = await stage.user();
    const [network] = [await user.network(), await user.network()];
    const { body } = await operator.patch(pathOf(user.projectId), { networks: 0 }).expect(200);
    expect(body.networks).toEqual({ limit: 0, used: 2 });
    await user.post('/v1/networks', {}).expect(409);
    await user.delete(`/v1/networks/${network.id}`).expect(204);
    await user.post('/v1/networks', {}).expect(409);
    await user.get(`/v1/networks/${network.id}`).expect(404);
    expect((await user.get('/v1/quota').expect(200)).body.networks).toEqual({ limit: 0, used: 1 });
  });

  it('that are as they should be stay as they are', async () => {
    const path = pathOf(randomUUID());
    const { body } = await operator.patch(path, { ports: 7 }).expect(200);
    await operator.patch(path, { ports: 7, networks: null }).expect(200, body);
    await operator.patch(path, {}).expect(400);
    await operator.patch(path, { ports: -1 }).expect(400);
    await operator.patch(path, { routers: 1 }).expect(400);
    await operator.get(path).expect(200, body);
  });

  it('tell their project of each change once', async () => {
    const projectId = randomUUID();
    const filter = { project: projectId };
    const { nextCursor: cursor } = await readEvents(stage.database, { filter });
    await operator.patch(pathOf(projectId), { ports: 7, networks: 3 }).expect(200);
    await operator.patch(pathOf(projectId), { ports: 7 }).expect(200);
    await operator.patch(pathOf(projectId.toUpperCase()), { ports: null, subnets: 1 }).expect(200);
    const { items } = await readEvents(stage.database, { filter, cursor });
    expect(
      items.map(({ resourceType, resourceId, change, revision }) => [
        resourceType,
        resourceId,
        change,
        revision,
      ]),
    ).toEqual([
      ['quota', projectId, 'updated', 2],
      ['quota', projectId, 'updated', 3],
    ]);
  });
});
