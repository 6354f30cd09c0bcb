import { randomUUID } from 'node:crypto';
import type { Port } from '@patchpanel/contract-network';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function networkWith(cidr: string) {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr, dhcpEnabled: false });
  return { network, subnet, ports: `/v1/networks/${network.id}/ports` };
}

/** How many requests each batch of an operation had since the last look. */
async function batchesOf(operationId: string): Promise<{ requests: number; batches: number }> {
  const { values } = await (
    stage.options.metrics.registry.getSingleMetric('http_request_batch_size') ??
    expect.fail('there is no such metric')
  ).get();
  const valueOf = (name: string) =>
    values.find(
      (one) => 'metricName' in one && one.metricName === name && one.labels['operationId'] === operationId,
    )?.value ?? 0;
  return {
    requests: valueOf('http_request_batch_size_sum'),
    batches: valueOf('http_request_batch_size_count'),
  };
}

/**
 * Sends four requests or more, each when the one before has arrived, and holds back whatever is done to ports until all have: then
 * they are worked on in this order, and not one by one. Where requests have no key that keeps them in line, `decoy` is sent twice
 * before: it takes both lanes.
 */
async function together<T>(
  operationId: string,
  wanted: readonly (() => PromiseLike<T>)[],
  decoy?: () => PromiseLike<T>,
): Promise<T[]> {
  const decoys = decoy ? [decoy, decoy] : [];
  const requests = [...decoys, ...wanted];
  const before = await batchesOf(operationId);
  const gate = await stage.database.knex.transaction();
  await gate.raw('lock table ports in access exclusive mode');
  let answered = 0;
  const asked: Promise<T>[] = [];
  try {
    for (const request of requests) {
      asked.push(Promise.resolve(request().then((answer) => (answered++, answer))));
      const arrived = async () => answered + ((await openRequests()) ?? 0);
      await expect.poll(arrived, { timeout: 20_000, interval: 2 }).toBe(asked.length);
    }
  } finally {
    await gate.rollback();
  }
  const answers = await Promise.all(asked);
  const after = await batchesOf(operationId);
  expect(after.batches - before.batches).toBeLessThan(requests.length);
  return answers.slice(decoys.length);
}

async function openRequests(): Promise<number | undefined> {
  const metric = await stage.options.metrics.registry.getSingleMetric('http_requests_open')?.get();
  return metric?.values[0]?.value;
}

const usageOf = (subnetId: string) =>
  stage.database.knex('subnet_usage').where({ subnet_id: subnetId }).first();

describe('ports that are asked for at the same time', () => {
  it('are each made or refused as if they had been asked for alone', async () => {
    const { network, subnet, ports } = await networkWith('10.0.0.0/28');
    const key = randomUUID();
    const replayed = await user.post(ports, { name: 'first' }).set('idempotency-key', key).expect(201);
    const chosen = { fixedIps: [{ ipAddress: '10.0.0.7' }] };
    const stranger = await stage.user();
    const answers = await together('createPort', [
      () => user.post(ports, { name: 'plain' }),
      () => user.post(ports, chosen),
      () => user.post(ports, chosen),
      () => user.post(ports, { fixedIps: [{ ipAddress: '10.0.0.300' }] }),
      () => user.post(ports, { fixedIps: [{ ipAddress: '10.9.9.9' }] }),
      () => user.post(ports, { name: 'first' }).set('idempotency-key', key),
      () => user.post(ports, { name: 'other' }).set('idempotency-key', key),
      () => stranger.post(ports, {}),
      () => user.post(`${ports}/bulk`, { ports: Array.from({ length: 20 }, () => ({})) }),
      () => user.post(`${ports}/bulk`, { ports: [{}, {}] }),
      () => user.post(`/v1/networks/${randomUUID()}/ports`, {}),
    ]);
    expect(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim())).toEqual([
      '201',
      '201',
      '409 address-in-use',
      '400 invalid-request',
      '409 address-outside-pools',
      '201',
      '422 idempotency-key-reused',
      '404 network-not-found',
      '409 subnet-exhausted',
      '201',
      '404 network-not-found',
    ]);
    expect(answers[5]?.body).toEqual(replayed.body);
    const { body } = await user.get(`/v1/ports?networkId=${network.id}`).expect(200);
    expect(body.items.map(({ name }: Port) => name).toSorted()).toEqual(['', '', '', 'first', 'plain']);
    expect(await usageOf(subnet.id)).toMatchObject({ used: 5, resting: 0 });
    const quota = await stage.database
      .knex('quotas')
      .where({ project_id: user.projectId, resource: 'ports' })
      .first();
    const { rows } = await stage.database.knex.raw(
      'select count(*)::int as count from ports where project_id = ?',
      [user.projectId],
    );
    expect(quota.used_count).toBe(rows[0].count);
  });

  it('with one idempotency key are one port, whatever else is in the batch', async () => {
    const { network, ports } = await networkWith('10.0.0.0/24');
    const key = randomUUID();
    const same = () => user.post(ports, { name: 'same' }).set('idempotency-key', key);
    const answers = await together('createPort', [same, () => user.post(ports, {}), same, same]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set([answers[0], answers[2], answers[3]].map((answer) => answer?.body.id)).size).toBe(1);
    const { body } = await user.get(`/v1/ports?networkId=${network.id}`).expect(200);
    expect(body.items).toHaveLength(2);
  });

  it('of which one was refused leave its key unused, and the others keep theirs', async () => {
    const { ports } = await networkWith('10.0.0.0/30');
    const keys = [randomUUID(), randomUUID()];
    const ask = (index: number) => () => user.post(ports, {}).set('idempotency-key', keys[index] ?? '');
    const plain = () => user.post(ports, { fixedIps: [] });
    const [one, two, ...rest] = await together('createPort', [ask(0), ask(1), plain, plain]);
    const answers = [one, two].map((answer) => answer ?? expect.fail('no answer'));
    expect(answers.map(({ status }) => status)).toEqual([201, 409]);
    expect(rest.map(({ status }) => status)).toEqual([201, 201]);
    await ask(0)().expect(201, answers[0]?.body);
    await user.delete(`/v1/ports/${answers[0]?.body.id}`).expect(204);
    const again = await ask(1)().expect(201);
    expect(again.body.id).not.toBe(answers[0]?.body.id);
  });

  it('for more than the quota allows are refused only when what is left would not be enough for them', async () => {
    const poor = await stage.user();
    const network = await poor.network();
    await poor.subnet(network.id, { cidr: '10.0.0.0/24', dhcpEnabled: false });
    const ports = `/v1/networks/${network.id}/ports`;
    await poor.port(network.id);
    await stage.database
      .knex('quotas')
      .where({ project_id: poor.projectId, resource: 'ports' })
      .update({ limit_count: 3 });
    const answers = await together('createPort', [
      () => poor.post(ports, { fixedIps: [{ ipAddress: '10.7.7.7' }] }),
      () => poor.post(`${ports}/bulk`, { ports: [{}, {}, {}] }),
      () => poor.post(ports, {}),
      () => poor.post(ports, {}),
      () => poor.post(ports, {}),
    ]);
    expect(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim())).toEqual([
      '409 address-outside-pools',
      '409 quota-exceeded',
      '201',
      '201',
      '409 quota-exceeded',
    ]);
    const quota = await stage.database
      .knex('quotas')
      .where({ project_id: poor.projectId, resource: 'ports' })
      .first();
    expect(quota.used_count).toBe(3);
  });

  it('that are deleted together give back all their addresses, and a port that is asked for twice goes once', async () => {
    const { network, subnet } = await networkWith('10.0.0.0/28');
    const made: Port[] = [];
    for (let index = 0; index < 6; index++) made.push(await user.port(network.id));
    const [plugged, ...rest] = made;
    await user.plug(plugged?.id ?? '', randomUUID());
    const answers = await together(
      'deletePort',
      [
        ...made.map(
          ({ id }) =>
            () =>
              user.delete(`/v1/ports/${id}`),
        ),
        () => user.delete(`/v1/ports/${rest[0]?.id}`),
        () => user.delete(`/v1/ports/${rest[1]?.id}`).set('if-match', '"7"'),
      ],
      () => user.delete(`/v1/ports/${randomUUID()}`),
    );
    const outcomes = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim());
    expect(outcomes.slice(0, 2)).toEqual(['409 port-in-use', '204']);
    expect(outcomes.slice(3, 7)).toEqual(['204', '204', '204', '404 port-not-found']);
    expect([outcomes[2], outcomes[7]]).toEqual(['204', '404 port-not-found']);
    expect(await usageOf(subnet.id)).toMatchObject({ used: 1 });
  });

  it('are read together, and each reader sees only its own', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const port = await user.port(network.id);
    const stranger = await stage.user();
    const answers = await together('getPort', [
      () => user.get(`/v1/ports/${port.id}`),
      () => stranger.get(`/v1/ports/${port.id}`),
      () => user.get(`/v1/ports/${randomUUID()}`),
      () => user.get(`/v1/ports/${port.id.toUpperCase()}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404, 200]);
    expect(answers[3]?.body).toEqual(port);
  });
});

describe('a batch that fails as a whole', () => {
  const failing = 'fail_on_purpose';
  afterEach(() => stage.database.knex.raw(`drop function if exists ${failing}() cascade`));

  it('is run again request by request, and only the one that brings it down fails', async () => {
    const { network, subnet, ports } = await networkWith('10.0.0.0/24');
    await stage.database.knex.raw(`
      create function ${failing}() returns trigger language plpgsql as $$
      begin
        if new.name = 'poison' then raise exception 'a failure that nobody foresaw'; end if;
        return new;
      end $$`);
    await stage.database.knex.raw(
      `create trigger ${failing} before insert on ports for each row execute function ${failing}()`,
    );
    const ask = (name: string) => () => user.post(ports, { name });
    const answers = await together('createPort', ['a', 'b', 'poison', 'c'].map(ask));
    expect(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim())).toEqual([
      '201',
      '201',
      '500 internal-error',
      '201',
    ]);
    const { body } = await user.get(`/v1/ports?networkId=${network.id}`).expect(200);
    expect(body.items.map(({ name }: Port) => name).toSorted()).toEqual(['a', 'b', 'c']);
    expect(await usageOf(subnet.id)).toMatchObject({ used: 3 });
  });
});

describe('plugs that come at the same time', () => {
  const card = () => ({
    vnicId: randomUUID(),
    macAddress: `02:00:5f:${randomUUID()
      .replaceAll('-', '')
      .slice(0, 6)
      .replace(/(..)(..)(..)/, '$1:$2:$3')}`,
  });

  it('are each made or refused as if they had come alone', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    const made: Port[] = [];
    for (let index = 0; index < 5; index++) made.push(await user.port(network.id));
    const [one, two, three, four, five] = made.map(({ id }) => `/v1/ports/${id}/attachment`);
    const [first, second, third] = [card(), card(), card()];
    await user.put(five ?? '', third).expect(201);
    const answers = await together(
      'plugVnic',
      [
        () => user.put(one ?? '', first),
        () => user.put(one ?? '', second),
        () => user.put(two ?? '', first),
        () => user.put(three ?? '', { ...card(), macAddress: third.macAddress }),
        () => user.put(five ?? '', third),
        () => user.put(`/v1/ports/${randomUUID()}/attachment`, card()),
        () => user.put(four ?? '', card()),
      ],
      () => user.put(`/v1/ports/${randomUUID()}/attachment`, card()),
    );
    expect(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim())).toEqual([
      '201',
      '409 port-already-plugged',
      '409 vnic-already-plugged',
      '409 mac-address-in-use',
      '200',
      '404 port-not-found',
      '201',
    ]);
    const pulled = await together(
      'unplugVnic',
      [
        () => user.delete(one ?? ''),
        () => user.delete(one ?? ''),
        () => user.delete(two ?? ''),
        () => user.delete(four ?? '').set('if-match', '"9"'),
        () => user.delete(five ?? ''),
      ],
      () => user.delete(`/v1/ports/${randomUUID()}/attachment`),
    );
    expect(pulled.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim())).toEqual([
      '204',
      '404 attachment-not-found',
      '404 attachment-not-found',
      '412 precondition-failed',
      '204',
    ]);
    const ports = await user.get(`/v1/ports?networkId=${network.id}&status=plugged`).expect(200);
    expect(ports.body.items.map(({ id }: Port) => id)).toEqual([made[3]?.id]);
  });

  it('into any port use up all that there are, and only then are refused', async () => {
    const { network } = await networkWith('10.0.0.0/24');
    for (let index = 0; index < 4; index++) await user.port(network.id);
    const path = `/v1/networks/${network.id}/attachments`;
    const answers = await together(
      'plugVnicIntoAnyPort',
      Array.from({ length: 6 }, () => () => user.post(path, card())),
    );
    expect(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => '201'),
      ...Array.from({ length: 2 }, () => '409 no-available-port'),
    ]);
    expect(new Set(answers.flatMap(({ body }) => body.portId ?? [])).size).toBe(4);
  });
});
