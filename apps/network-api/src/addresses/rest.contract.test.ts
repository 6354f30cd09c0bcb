import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;

beforeAll(async () => {
  stage = await openStage({ addressRestSeconds: 600 });
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

/** A network with room for two ports, one of which has been on a host. */
async function boundPort() {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null });
  const port = await user.port(network.id);
  const attachment = await user.plug(port.id, randomUUID());
  const binding = await host.claim(attachment);
  await host.report(binding, 'active');
  return { network, subnet, port, attachment, binding };
}

const make = (networkId: string) => user.post(`/v1/networks/${networkId}/ports`, {});
const fillUp = (networkId: string) => make(networkId).expect(201);
/** As if the rest of an address were over. */
const passTime = (subnetId: string) =>
  stage.database
    .knex('resting_addresses')
    .where({ subnet_id: subnetId })
    .whereNotNull('rest_until')
    .update({
      rest_until: stage.database.knex.raw("now() - interval '1 second'"),
    });

describe('an address of a deleted port', () => {
  it('that no host ever had is free at once', async () => {
    const network = await user.network();
    await user.subnet(network.id, { cidr: '10.0.0.0/30' });
    const port = await user.port(network.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    expect((await user.port(network.id)).fixedIps).toEqual(port.fixedIps);
  });

  it('waits for the host, then rests, then is given out again', async () => {
    const { network, subnet, port, binding } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    // The host has not confirmed: no time at all makes it free.
    await passTime(subnet.id);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    const chosen = { fixedIps: [{ ipAddress: port.fixedIps[0]?.ipAddress }] };
    const asked = await user.post(`/v1/networks/${network.id}/ports`, chosen).expect(409);
    expect(asked.body).toMatchObject({ code: 'address-in-use', detail: expect.stringContaining('rests') });
    await host.release(binding.id);
    // Confirmed: now it rests.
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await passTime(subnet.id);
    const again = await user.post(`/v1/networks/${network.id}/ports`, chosen).expect(201);
    expect(again.body.fixedIps).toEqual(port.fixedIps);
  });

  it('rests also when the host confirmed before the port was deleted', async () => {
    const { network, subnet, port, binding } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    await host.release(binding.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await passTime(subnet.id);
    await make(network.id).expect(201);
  });

  it('waits for every host that may still have it', async () => {
    const { network, subnet, port, attachment, binding } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    const other = await stage.host();
    const moved = await other.claim(await user.plug(port.id, attachment.vnicId, attachment.macAddress), 2);
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    await other.release(moved.id);
    await passTime(subnet.id);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await host.release(binding.id);
    await passTime(subnet.id);
    await make(network.id).expect(201);
  });

  it('begins its rest also when the last hosts confirm at the same moment', async () => {
    const other = await stage.host();
    const moved = [];
    for (let index = 0; index < 6; index++) {
      const { subnet, port, attachment, binding } = await boundPort();
      await user.unplug(port.id);
      const replugged = await user.plug(port.id, attachment.vnicId, attachment.macAddress);
      const next = await other.claim(replugged, 2);
      await user.unplug(port.id);
      await user.delete(`/v1/ports/${port.id}`).expect(204);
      moved.push({ subnet, bindings: [binding, next] as const });
    }
    await Promise.all(
      moved.flatMap(({ bindings: [first, second] }) => [host.release(first.id), other.release(second.id)]),
    );
    for (const { subnet } of moved) {
      await passTime(subnet.id);
      await user.delete(`/v1/subnets/${subnet.id}`).expect(204);
    }
  });

  it('begins its rest also when the host confirms while the port is being deleted', async () => {
    const { network, subnet, port, binding } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    await Promise.all([user.delete(`/v1/ports/${port.id}`).expect(204), host.release(binding.id)]);
    await passTime(subnet.id);
    await make(network.id).expect(201);
  });

  it('waits until the wiring that superseded its own is proven', async () => {
    const { network, subnet, port, attachment } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    const elsewhere = await user.port((await user.network()).id, { fixedIps: [] });
    const replugged = await user.plug(elsewhere.id, attachment.vnicId, attachment.macAddress);
    const newer = await host.claim(replugged, 2);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    await passTime(subnet.id);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await host.report(newer, 'error');
    await passTime(subnet.id);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await host.report(newer, 'active');
    await passTime(subnet.id);
    await make(network.id).expect(201);
  });

  it('waits until a wiring that superseded another that superseded its own is released', async () => {
    const { network, subnet, port, attachment } = await boundPort();
    await fillUp(network.id);
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    const elsewhere = await user.port((await user.network()).id, { fixedIps: [] });
    for (const placement of [2, 3]) {
      await host.claim(await user.plug(elsewhere.id, attachment.vnicId, attachment.macAddress), placement);
      await user.unplug(elsewhere.id);
    }
    const { body } = await host.get('/v1/bindings').expect(200);
    const last = body.items.filter(({ vnicId }: { vnicId: string }) => vnicId === attachment.vnicId);
    expect(last).toHaveLength(1);
    await passTime(subnet.id);
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    await host.release(last[0].id);
    await passTime(subnet.id);
    await make(network.id).expect(201);
  });

  it('keeps its subnet from being deleted until its rest is over', async () => {
    const { subnet, port, binding } = await boundPort();
    await user.unplug(port.id);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    await host.release(binding.id);
    expect((await user.delete(`/v1/subnets/${subnet.id}`).expect(409)).body.code).toBe('subnet-in-use');
    await passTime(subnet.id);
    await user.delete(`/v1/subnets/${subnet.id}`).expect(204);
  });
});
