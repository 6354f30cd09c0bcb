import { randomUUID } from 'node:crypto';
import type { Binding } from '@patchpanel/contract-network-southbound';
import type { Port } from '@patchpanel/contract-network';
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

/** A port with the only two addresses of its subnet, which the host has proven. */
async function provenPort() {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null });
  const port = await user.port(network.id, {
    fixedIps: [{ ipAddress: '10.0.0.1' }, { ipAddress: '10.0.0.2' }],
  });
  const attachment = await user.plug(port.id, randomUUID());
  const claimed = await host.claim(attachment);
  await prove(host, claimed).expect(200);
  return { network, subnet, port, attachment, binding: claimed };
}

/** A report that names the revision that came with the binding, as it was handed out. */
function prove(by: TestHost, { id, generation, epoch, attachment }: Binding, status = 'active') {
  const report = { status, generation, epoch, revision: attachment?.revision };
  return by.put(`/v1/bindings/${id}/status`, report);
}

const portOf = async (id: string): Promise<Port> => (await user.get(`/v1/ports/${id}`).expect(200)).body;
const bindingOf = async (id: string): Promise<Binding> =>
  (await host.get(`/v1/bindings/${id}`).expect(200)).body;
const patch = (port: Port, change: object) => user.patch(`/v1/ports/${port.id}`, change).expect(200);
const keepOne = { fixedIps: [{ ipAddress: '10.0.0.1' }] };

describe('an active report that names what was wired', () => {
  it.each([
    ['admin state', { adminState: 'down' }],
    ['addresses', keepOne],
    ['address pairs', { allowedAddressPairs: [{ ipAddress: '10.9.0.0/24' }] }],
    ['groups', { securityGroupIds: [] }],
    ['port security', { portSecurity: 'off', securityGroupIds: [] }],
  ])('is refused when the port has other %s since, until that is wired', async (_what, change) => {
    const { port, binding } = await provenPort();
    await patch(port, change);
    const before = await portOf(port.id);
    expect(before.status).toBe('building');
    expect((await prove(host, binding).expect(409)).body.code).toBe('stale-generation');
    expect(await portOf(port.id)).toEqual(before);
    expect((await bindingOf(binding.id)).status).toBe('building');
    await prove(host, await bindingOf(binding.id)).expect(200);
    expect((await portOf(port.id)).status).toBe('active');
  });

  it('is refused when it is of an older placement', async () => {
    const { port, attachment, binding } = await provenPort();
    const newer = await host.claim(attachment, 2);
    expect((await prove(host, binding).expect(409)).body.code).toBe('stale-generation');
    expect((await portOf(port.id)).status).toBe('building');
    await prove(host, newer).expect(200);
    expect((await portOf(port.id)).status).toBe('active');
  });

  it('is refused when what hosts are told of its network has changed since', async () => {
    const { network, binding } = await provenPort();
    await user.patch(`/v1/networks/${network.id}`, { mtu: 1400 }).expect(200);
    await prove(host, binding).expect(409);
    await prove(host, await bindingOf(binding.id)).expect(200);
  });

  it('is taken, however often it was said and whatever else of the port has changed', async () => {
    const { port, binding } = await provenPort();
    await patch(port, { name: 'other', tags: ['new'] });
    await prove(host, binding, 'error').expect(200);
    await prove(host, binding).expect(200);
    const before = await portOf(port.id);
    expect(before.status).toBe('active');
    await prove(host, binding).expect(200);
    expect(await portOf(port.id)).toEqual(before);
    expect((await bindingOf(binding.id)).attachment?.revision).toBe(binding.attachment?.revision);
  });

  it('is taken or refused as the change is seen first, but never proves what was not wired', async () => {
    for (let index = 0; index < 5; index++) {
      const { port, binding } = await provenPort();
      await Promise.all([patch(port, keepOne), prove(host, binding)]);
      expect((await portOf(port.id)).status).toBe('building');
    }
  });
});

describe('other reports', () => {
  it('are taken of an older revision: what failed is no proof', async () => {
    const { port, binding } = await provenPort();
    await patch(port, keepOne);
    await prove(host, binding, 'error').expect(200);
    expect((await portOf(port.id)).status).toBe('error');
  });

  it('of a binding that is to go do not ask what its port is now', async () => {
    const { port, binding } = await provenPort();
    await patch(port, keepOne);
    await user.unplug(port.id);
    await prove(host, binding).expect(200);
    expect((await portOf(port.id)).status).toBe('available');
  });

  it('that name no revision are judged by generation and epoch alone', async () => {
    const { port, binding } = await provenPort();
    await patch(port, keepOne);
    await host.report(binding, 'active');
    expect((await portOf(port.id)).status).toBe('active');
  });
});

describe('an address that a bound port no longer has', () => {
  const rests = async (subnetId: string): Promise<boolean> => {
    const rows: { rest_until: unknown }[] = await stage.database
      .knex('resting_addresses')
      .where({ subnet_id: subnetId });
    expect(rows).toHaveLength(1);
    return rows[0]?.rest_until !== null;
  };

  it('begins its rest when the host has proven what the port has now, and returns', async () => {
    const { network, subnet, port, binding } = await provenPort();
    await patch(port, keepOne);
    expect(await rests(subnet.id)).toBe(false);
    await prove(host, binding).expect(409);
    await prove(host, await bindingOf(binding.id), 'error').expect(200);
    await host.report(binding, 'active');
    expect(await rests(subnet.id)).toBe(false);
    await prove(host, await bindingOf(binding.id)).expect(200);
    expect(await rests(subnet.id)).toBe(true);
    const over = stage.database.knex.raw("now() - interval '1 second'");
    await stage.database
      .knex('resting_addresses')
      .where({ subnet_id: subnet.id })
      .update({ rest_until: over });
    expect((await user.port(network.id)).fixedIps).toMatchObject([{ ipAddress: '10.0.0.2' }]);
  });

  it('waits for another host that may still have it, and no longer', async () => {
    const { subnet, port, attachment, binding } = await provenPort();
    await user.unplug(port.id);
    const other = await stage.host();
    const replugged = await user.plug(port.id, attachment.vnicId, attachment.macAddress);
    const moved = await other.claim(replugged, 2);
    await patch(port, keepOne);
    const { body: present } = await other.get(`/v1/bindings/${moved.id}`).expect(200);
    await prove(other, present).expect(200);
    expect(await rests(subnet.id)).toBe(false);
    await host.release(binding.id);
    expect(await rests(subnet.id)).toBe(true);
  });

  it('waits when the other host goes before this one has proven anything', async () => {
    const { subnet, port, attachment, binding } = await provenPort();
    await user.unplug(port.id);
    const other = await stage.host();
    const moved = await other.claim(await user.plug(port.id, attachment.vnicId, attachment.macAddress), 2);
    await prove(other, moved).expect(200);
    await patch(port, keepOne);
    await host.release(binding.id);
    expect(await rests(subnet.id)).toBe(false);
    const { body: present } = await other.get(`/v1/bindings/${moved.id}`).expect(200);
    await prove(other, present).expect(200);
    expect(await rests(subnet.id)).toBe(true);
  });
});
