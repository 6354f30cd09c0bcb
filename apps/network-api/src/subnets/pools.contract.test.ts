import { randomUUID } from 'node:crypto';
import type { Subnet, SubnetInput } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

// Many requests take a while on the embedded database when the machine is busy.
vi.setConfig({ testTimeout: 180_000 });

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function newSubnet(input: Partial<SubnetInput> = {}): Promise<Subnet> {
  const network = await user.network();
  return user.subnet(network.id, { cidr: '10.0.0.0/24', ...input });
}

const pools = (...bounds: [number, number][]) =>
  bounds.map(([first, last]) => ({ first: `10.0.0.${first}`, last: `10.0.0.${last}` }));

const change = (subnet: Subnet, patch: object) => user.patch(`/v1/subnets/${subnet.id}`, patch);

async function usageOf(subnet: Subnet) {
  const { body } = await user.get(`/v1/subnets/${subnet.id}/usage`).expect(200);
  expect(body.subnetId).toBe(subnet.id);
  return [body.total, body.used, body.resting, body.free].map(Number);
}

/** What the database says of a subnet's addresses, counted one by one. */
async function countOf({ id }: Subnet) {
  const { rows } = await stage.database.knex.raw(
    `with pooled as (
       select pool.first, pool.last
       from subnets cross join jsonb_to_recordset(allocation_pools) as pool(first inet, last inet)
       where id = :id
     )
     select
       (select sum(last - first + 1) from pooled)::int as total,
       (select count(*) from port_addresses, pooled where subnet_id = :id and address between first and last)::int as used,
       (select count(*) from resting_addresses, pooled where subnet_id = :id and address between first and last)::int as resting,
       (select coalesce(sum(last - first + 1), 0) from free_ranges where subnet_id = :id)::int as free,
       (
         select count(*) from free_ranges as range
         where subnet_id = :id
         and not exists (select from pooled where pooled.first <= range.first and range.last <= pooled.last)
         and not exists (select from pooled as a join pooled as b on a.last + 1 = b.first)
       )::int as outside,
       (
         select count(*) from free_ranges join port_addresses using (subnet_id)
         where subnet_id = :id and address between first and last
       )::int as shared,
       (
         select count(*) from free_ranges as a join free_ranges as b using (subnet_id)
         where subnet_id = :id and a.last < b.last and b.first <= a.last + 1
       )::int as touching`,
    { id },
  );
  const { total, used, resting, free, outside, shared, touching }: Record<string, number> = rows[0];
  expect([outside, shared, touching]).toEqual([0, 0, 0]);
  const counts = [total, used, resting, free].map(Number);
  expect(counts[0]).toBe(counts.slice(1).reduce((sum, count) => sum + count, 0));
  return counts;
}

async function expectExact(subnet: Subnet, counts: number[]) {
  expect(await usageOf(subnet)).toEqual(counts);
  expect(await countOf(subnet)).toEqual(counts);
}

describe('how full a subnet is', () => {
  it('is told of used, resting and free addresses exactly', async () => {
    const subnet = await newSubnet();
    await expectExact(subnet, [252, 0, 0, 252]);
    const ports = (
      await user
        .post(`/v1/networks/${subnet.networkId}/ports/bulk`, { ports: [{}, {}, { fixedIps: [] }] })
        .expect(201)
    ).body.items;
    await user.port(subnet.networkId, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    await expectExact(subnet, [252, 2, 0, 250]);
    const host = await stage.host();
    const binding = await host.claim(await user.plug(ports[0].id, randomUUID()));
    await user.unplug(ports[0].id);
    await user.delete(`/v1/ports/${ports[0].id}`).expect(204);
    await expectExact(subnet, [252, 1, 1, 250]);
    await host.release(binding.id);
    await user.delete(`/v1/ports/${ports[1].id}`).expect(204);
    await user.port(subnet.networkId);
    await expectExact(subnet, [252, 1, 0, 251]);
  });

  it('is counted beyond what a JSON number can', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, { cidr: '2001:db8::/64', ipv6Mode: 'static' });
    await user.port(network.id);
    const { body } = await user.get(`/v1/subnets/${subnet.id}/usage`).expect(200);
    expect(body).toEqual({
      subnetId: subnet.id,
      total: '18446744073709551614',
      used: '1',
      resting: '0',
      free: '18446744073709551613',
    });
  });
});

describe('the pools of a subnet', () => {
  it('grow and shrink around what is in use', async () => {
    const subnet = await newSubnet({ allocationPools: pools([10, 20]) });
    const { networkId } = subnet;
    for (const ipAddress of ['10.0.0.12', '10.0.0.18'])
      await user.port(networkId, { fixedIps: [{ ipAddress }] });
    const { body } = await change(subnet, { allocationPools: pools([100, 110], [5, 18]) }).expect(200);
    expect(body.allocationPools).toEqual(pools([5, 18], [100, 110]));
    await expectExact(subnet, [25, 2, 0, 23]);
    // Everything that is free can be had, and nothing else.
    const { body: made } = await user
      .post(`/v1/networks/${networkId}/ports/bulk`, { ports: Array.from({ length: 23 }, () => ({})) })
      .expect(201);
    const got = made.items.map(
      ({ fixedIps }: { fixedIps: { ipAddress: string }[] }) => fixedIps[0]?.ipAddress,
    );
    const expected = [...range(5, 18), ...range(100, 110)].filter((host) => host !== 12 && host !== 18);
    expect(got).toEqual(expected.map((host) => `10.0.0.${host}`));
    const { body: full } = await user.post(`/v1/networks/${networkId}/ports`, {}).expect(409);
    expect(full.code).toBe('subnet-exhausted');
  });

  it('do not lose an address that is in use or rests, and say which', async () => {
    const subnet = await newSubnet({ allocationPools: pools([10, 20]) });
    const port = await user.port(subnet.networkId, { fixedIps: [{ ipAddress: '10.0.0.20' }] });
    const bound = await user.port(subnet.networkId, { fixedIps: [{ ipAddress: '10.0.0.10' }] });
    const host = await stage.host();
    const binding = await host.claim(await user.plug(bound.id, randomUUID()));
    await user.unplug(bound.id);
    await user.delete(`/v1/ports/${bound.id}`).expect(204);
    const { body } = await change(subnet, { allocationPools: pools([11, 19]), name: 'x' }).expect(409);
    expect(body.code).toBe('pools-in-use');
    expect(body.detail).toContain(`10.0.0.20 (port ${port.id})`);
    expect(body.detail).toContain('10.0.0.10 (resting)');
    await user.get(`/v1/subnets/${subnet.id}`).expect(200, subnet);
    await expectExact(subnet, [11, 1, 1, 9]);
    await host.release(binding.id);
    await change(subnet, { allocationPools: pools([11, 20]) }).expect(200);
    await expectExact(subnet, [10, 1, 0, 9]);
  });

  it("do not name another project's port", async () => {
    const subnet = await newSubnet({ allocationPools: pools([10, 20]) });
    const guest = await stage.user();
    await user.put(`/v1/networks/${subnet.networkId}/shares/${guest.projectId}`).expect(201);
    const port = await guest.port(subnet.networkId);
    const { body } = await change(subnet, { allocationPools: pools([11, 20]) }).expect(409);
    expect(body.detail).toContain("10.0.0.10 (another project's port)");
    expect(body.detail).not.toContain(port.id);
  });

  it('take in what was gateway or DHCP server, which is free then', async () => {
    const subnet = await newSubnet();
    await change(subnet, {
      gatewayIp: '10.0.0.254',
      dhcpServerIp: '10.0.0.253',
      allocationPools: pools([1, 252]),
    }).expect(200);
    await expectExact(subnet, [252, 0, 0, 252]);
    expect((await user.port(subnet.networkId)).fixedIps).toMatchObject([{ ipAddress: '10.0.0.1' }]);
    await change(subnet, { dhcpEnabled: false, allocationPools: pools([1, 253]) }).expect(200);
    await expectExact(subnet, [253, 1, 0, 252]);
  });

  it('count a router that has the address of a former gateway, and give its address back like any other', async () => {
    const subnet = await newSubnet();
    const router = await user.port(subnet.networkId, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    await expectExact(subnet, [252, 0, 0, 252]);
    await change(subnet, { gatewayIp: null, allocationPools: pools([1, 253]) }).expect(200);
    await expectExact(subnet, [253, 1, 0, 252]);
    const { body } = await change(subnet, { allocationPools: pools([2, 253]) }).expect(409);
    expect(body.code).toBe('pools-in-use');
    await user.delete(`/v1/ports/${router.id}`).expect(204);
    await expectExact(subnet, [253, 0, 0, 253]);
    expect((await user.port(subnet.networkId)).fixedIps).toMatchObject([{ ipAddress: '10.0.0.1' }]);
  });

  it('are the same pools when they are cut otherwise', async () => {
    const subnet = await newSubnet({ allocationPools: pools([10, 20]) });
    await user.port(subnet.networkId, { fixedIps: [{ ipAddress: '10.0.0.15' }] });
    const { body } = await change(subnet, { allocationPools: pools([16, 20], [10, 15]) }).expect(200);
    expect(body).toMatchObject({ allocationPools: pools([10, 15], [16, 20]), revision: 2 });
    await expectExact(subnet, [11, 1, 0, 10]);
  });

  it('stay right while ports come and go', async () => {
    const subnet = await newSubnet({ allocationPools: pools([10, 40]) });
    const path = `/v1/networks/${subnet.networkId}/ports`;
    const shapes = [
      pools([10, 40]),
      pools([5, 30]),
      pools([20, 60]),
      pools([10, 15], [18, 50]),
      pools([2, 253]),
    ];
    const unexpected = new Set<string>();
    const note = ({ status, body }: { status: number; body: { code?: string } }, allowed: string[]) => {
      const said = `${status} ${body.code ?? ''}`.trim();
      if (!allowed.includes(said)) unexpected.add(said);
    };
    const life = async (worker: number) => {
      for (let round = 0; round < 8; round++) {
        const made = await user.post(
          path,
          worker % 2 === 0 ? {} : { fixedIps: [{ ipAddress: `10.0.0.${10 + round * 4 + worker}` }] },
        );
        note(made, ['201', '409 subnet-exhausted', '409 address-in-use', '409 address-outside-pools']);
        if (made.status === 201 && round % 2 === 0)
          note(await user.delete(`/v1/ports/${made.body.id}`), ['204']);
      }
    };
    const changing = async () => {
      for (let round = 0; round < 15; round++) {
        const allocationPools = shapes[(round * 2 + 1) % shapes.length];
        note(await change(subnet, { allocationPools }), ['200', '409 pools-in-use']);
      }
    };
    await Promise.all([...[0, 1, 2, 3].map(life), changing()]);
    expect([...unexpected]).toEqual([]);
    await expectExact(subnet, await countOf(subnet));
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
