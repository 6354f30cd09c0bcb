import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from '@patchpanel/service-kit/testing';
import type { Response } from 'supertest';
import {
  startComputeService,
  type ComputeService,
  type HostClient,
  type UserClient,
} from '../testing/compute-service.ts';

let service: ComputeService;
let user: UserClient;
let hosts: HostClient[];
beforeAll(async () => {
  service = await startComputeService();
  user = await service.user();
  hosts = await Promise.all(['a', 'b', 'c'].map((name) => service.host(name)));
});
afterAll(() => service.close());

/** Everything that must hold between the tables, whatever has happened. */
async function expectConsistency(): Promise<void> {
  const { rows } = await service.database.knex.raw(
    `select hosts.name, hosts.instance_count, cast(count(instances.id) as integer) as placed, hosts.instance_capacity
     from hosts left join instances on instances.host_name = hosts.name
     group by hosts.name`,
  );
  for (const { instance_count, placed, instance_capacity } of rows) {
    expect(instance_count).toBe(placed);
    expect(placed).toBeLessThanOrEqual(instance_capacity);
  }
  const { rows: strays } = await service.database.knex.raw(
    `select vnics.id from vnics left join instances on instances.id = vnics.instance_id
     where vnics.instance_id is not null and instances.id is null`,
  );
  expect(strays).toEqual([]);
}

/** One life of an instance, its vNIC changed and fought over all the while. Gives every answer. */
async function liveOnce(vnicIds: readonly string[], round: number): Promise<Response[]> {
  const vnicId = vnicIds[round % vnicIds.length] ?? '';
  const answers: Response[] = [];
  const note = (answer: Response) => {
    answers.push(answer);
    return answer;
  };
  const made = note(await user.post('/v1/instances').send({ vnicIds: [vnicId] }));
  note(await user.patch(`/v1/vnics/${vnicId}`).send({ networkData: `round ${round}` }));
  if (made.status !== 201) return answers;
  const { id } = made.body;
  const orders = [
    user.post(`/v1/instances/${id}/stop`),
    user.post(`/v1/instances/${id}/start`),
    user.patch(`/v1/vnics/${vnicId}`).send({ networkData: `between ${round}` }),
    user.delete(`/v1/instances/${id}`),
  ];
  for (const answer of await Promise.all(orders)) note(answer);
  const host = hosts.find(({ name }) => name === made.body.hostName);
  const assignment = host && (await host.get(`/v1/assignments/${id}`));
  if (host && assignment?.status === 200) {
    const { placement, revision } = assignment.body;
    const report = { status: 'absent', placement, observedRevision: revision };
    note(await host.put(`/v1/assignments/${id}/status`).send(report));
  }
  return answers;
}

describe(`at the same time on ${testEngine()}`, () => {
  it('lives cross each other without a failure, and every count adds up', async () => {
    for (const host of hosts) await host.register(4);
    const vnicIds: string[] = [];
    for (let index = 0; index < 6; index++) vnicIds.push((await user.makeVnic()).id);
    const lives = Array.from({ length: 12 }, async (_, worker) => {
      const answers: Response[] = [];
      for (let round = 0; round < 4; round++) answers.push(...(await liveOnce(vnicIds, worker + round)));
      return answers;
    });
    const answers = (await Promise.all(lives)).flat();
    expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([]);
    const refusals = ['vnic-in-use', 'instance-deleting', 'instance-not-found'];
    for (const { status, body } of answers.filter((answer) => answer.status >= 400)) {
      expect(refusals, `status ${status}`).toContain(body.code);
    }
    await expectConsistency();
  });

  if (testEngine() === 'postgres') {
    it('two replicas share hosts without overfilling any', async () => {
      await service.empty();
      for (const host of hosts) await host.register(5);
      const replica = await startComputeService({}, service);
      try {
        const other = await replica.user({ projectId: user.projectId });
        const made = await Promise.all(
          Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? user : other).makeInstance()),
        );
        expect(made.filter(({ status }) => status === 'starting')).toHaveLength(15);
        await expectConsistency();
      } finally {
        await replica.close();
      }
    });
  }
});
