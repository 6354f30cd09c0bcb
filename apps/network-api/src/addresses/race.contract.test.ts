import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStage, type Stage } from '../testing/stage.ts';

let stage: Stage;

// Hundreds of requests take a while on the embedded database when the machine is busy.
vi.setConfig({ testTimeout: 180_000 });

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** Runs work so many times, by so many at once. */
async function race<T>(clients: number, times: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const client = async () => {
    while (next < times) results.push(await work(next++));
  };
  await Promise.all(Array.from({ length: clients }, client));
  return results;
}

it('32 clients that race for a /24 get each of its 253 addresses once, and the rest are told that it is exhausted', async () => {
  const user = await stage.user();
  const network = await user.network();
  await user.subnet(network.id, { cidr: '10.0.0.0/24', dhcpEnabled: false });
  const answers = await race(32, 300, () =>
    user.post(`/v1/networks/${network.id}/ports`, {}).then((answer) => answer),
  );
  const made = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status !== 201);
  const addresses = made.map(({ body }) => body.fixedIps[0].ipAddress);
  const expected = Array.from({ length: 253 }, (_, index) => `10.0.0.${index + 2}`);
  expect(addresses.toSorted()).toEqual(expected.toSorted());
  expect(refused).toHaveLength(47);
  expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
    new Set(['409 subnet-exhausted']),
  );
});

it('clients that make and delete ports at once, bulk and chosen ones among them, never share an address or lose one', async () => {
  const user = await stage.user();
  const network = await user.network();
  const subnets = [
    await user.subnet(network.id, { cidr: '10.0.0.0/27', dhcpEnabled: false }),
    await user.subnet(network.id, { cidr: '10.0.1.0/28', dhcpEnabled: false }),
    await user.subnet(network.id, { cidr: '2001:db8::/122' }),
  ];
  const path = `/v1/networks/${network.id}/ports`;
  const known = new Set<string>();
  const failures = new Set<string>();
  await race(12, 100, async (index) => {
    const victim = index % 3 === 2 ? [...known][0] : undefined;
    if (victim !== undefined) {
      known.delete(victim);
      await user.delete(`/v1/ports/${victim}`).expect(204);
      return;
    }
    const answer = await (index % 5 === 0
      ? user.post(`${path}/bulk`, { ports: [{}, { fixedIps: [{ subnetId: subnets[1]?.id }] }, {}] })
      : index % 5 === 1
        ? user.post(path, {
            fixedIps: [{ ipAddress: `10.0.0.${(index % 29) + 2}` }, { subnetId: subnets[2]?.id }],
          })
        : user.post(path, {}));
    if (answer.status !== 201) failures.add(`${answer.status} ${answer.body.code}`);
    for (const port of answer.body.items ?? [answer.body]) if (answer.status === 201) known.add(port.id);
  });
  expect(
    [...failures].filter((failure) => !['409 subnet-exhausted', '409 address-in-use'].includes(failure)),
  ).toEqual([]);
  const { knex } = stage.database;
  const { rows } = await knex.raw(
    `select subnets.id,
       (select count(*)::int from port_addresses where subnet_id = subnets.id) as used,
       (select coalesce(sum(last - first + 1), 0)::int from free_ranges where subnet_id = subnets.id) as free,
       (select count(*)::int
        from free_ranges as a join free_ranges as b on b.subnet_id = a.subnet_id and b.first <= a.last + 1 and a.last < b.last
        where a.subnet_id = subnets.id) as touching,
       (select count(*)::int
        from free_ranges join port_addresses using (subnet_id)
        where subnet_id = subnets.id and address between first and last) as shared
     from subnets where network_id = ? order by id`,
    [network.id],
  );
  expect(rows.map(({ used, free }: { used: number; free: number }) => used + free)).toEqual([29, 13, 62]);
  expect(
    rows.every(({ touching, shared }: { touching: number; shared: number }) => touching + shared === 0),
  ).toBe(true);
});

it('clients that race for one address: one gets it', async () => {
  const user = await stage.user();
  const network = await user.network();
  await user.subnet(network.id, { cidr: '10.0.0.0/24', dhcpEnabled: false });
  const ask = () => user.post(`/v1/networks/${network.id}/ports`, { fixedIps: [{ ipAddress: '10.0.0.77' }] });
  const answers = await race(8, 16, () => ask().then((answer) => answer));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(
    new Set(['address-in-use']),
  );
});

it('ports and subnets that are deleted while ports are made lose nothing and leave nothing behind', async () => {
  const user = await stage.user();
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/28', dhcpEnabled: false });
  const path = `/v1/networks/${network.id}/ports`;
  const answers = await race(8, 40, async (index) => {
    if (index === 10) return user.delete(`/v1/subnets/${subnet.id}`);
    const answer = await user.post(path, { name: randomUUID() });
    if (answer.status === 201) await user.delete(`/v1/ports/${answer.body.id}`).expect(204);
    return answer;
  });
  const outcomes = new Set(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()));
  expect(
    [...outcomes].filter(
      (outcome) => !/^(201|204|409 (subnet-in-use|no-subnet|subnet-exhausted))$/.test(outcome),
    ),
  ).toEqual([]);
  const { body } = await user.get(`/v1/ports?networkId=${network.id}`).expect(200);
  expect(body.items).toEqual([]);
});
