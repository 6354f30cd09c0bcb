import { randomUUID } from 'node:crypto';
import type { Port } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newMacAddress, openStage, type Stage, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

async function networkWithPorts(count: number) {
  const network = await user.network();
  await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  const ports: Port[] = [];
  for (let index = 0; index < count; index++) ports.push(await user.port(network.id));
  return { network, ports, any: `/v1/networks/${network.id}/attachments` };
}

const at = (ports: readonly Port[], index: number) => {
  const port = ports[index];
  if (!port) throw new Error(`there is no port ${index}`);
  return port;
};
const attachment = (port: Port) => `/v1/ports/${port.id}/attachment`;

describe('plugging a vNIC into a port', () => {
  it('makes an attachment that the port shows, and unplugging it takes it away', async () => {
    const { ports } = await networkWithPorts(1);
    const port = at(ports, 0);
    const vnicId = randomUUID();
    const made = await user.put(attachment(port), { vnicId, macAddress: '02:00:5E:AA:00:01' }).expect(201);
    expect(made.body).toMatchObject({
      portId: port.id,
      networkId: port.networkId,
      projectId: user.projectId,
      vnicId,
      macAddress: '02:00:5e:aa:00:01',
      generation: 1,
      status: 'plugged',
      revision: 1,
    });
    expect(made.body).not.toHaveProperty('binding');
    expect(made.headers).toMatchObject({ etag: '"1"', location: attachment(port) });
    await user.get(attachment(port)).expect(200, made.body).expect('etag', '"1"');
    const shown = await user.get(`/v1/ports/${port.id}`).expect(200);
    expect(shown.body).toMatchObject({ status: 'plugged', revision: 2, attachment: made.body });
    expect(shown.body.fixedIps).toEqual(port.fixedIps);
    await user.delete(attachment(port)).set('if-match', '"2"').expect(412);
    await user.delete(attachment(port)).set('if-match', '"1"').expect(204);
    const empty = await user.get(`/v1/ports/${port.id}`).expect(200);
    expect(empty.body).toMatchObject({ status: 'available', revision: 3 });
    expect(empty.body).not.toHaveProperty('attachment');
    expect((await user.get(attachment(port)).expect(404)).body.code).toBe('attachment-not-found');
    expect((await user.delete(attachment(port)).expect(404)).body.code).toBe('attachment-not-found');
  });

  it('again with the same MAC address changes nothing', async () => {
    const { ports } = await networkWithPorts(1);
    const port = at(ports, 0);
    const [vnicId, macAddress] = [randomUUID(), newMacAddress()];
    const first = await user.put(attachment(port), { vnicId, macAddress }).expect(201);
    await user
      .put(attachment(port), { vnicId: vnicId.toUpperCase(), macAddress: macAddress.toUpperCase() })
      .expect(200, first.body)
      .expect('etag', '"1"');
    const { body } = await user.get(`/v1/ports/${port.id}`).expect(200);
    expect(body.revision).toBe(2);
  });

  it('again with another MAC address, or another vNIC, is refused and changes nothing', async () => {
    const { ports } = await networkWithPorts(1);
    const port = at(ports, 0);
    const made = await user.plug(port.id, randomUUID());
    const otherMac = await user
      .put(attachment(port), { vnicId: made.vnicId, macAddress: newMacAddress() })
      .expect(409);
    expect(otherMac.body).toMatchObject({
      code: 'port-already-plugged',
      detail: expect.stringContaining(made.macAddress),
    });
    const otherVnic = await user
      .put(attachment(port), { vnicId: randomUUID(), macAddress: newMacAddress() })
      .expect(409);
    expect(otherVnic.body).toMatchObject({
      code: 'port-already-plugged',
      detail: expect.stringContaining(made.vnicId),
    });
    await user.get(attachment(port)).expect(200, made);
  });

  it('that is plugged elsewhere is refused, says where, and changes nothing', async () => {
    const { ports } = await networkWithPorts(2);
    const made = await user.plug(at(ports, 0).id, randomUUID());
    const { body } = await user
      .put(attachment(at(ports, 1)), { vnicId: made.vnicId, macAddress: newMacAddress() })
      .expect(409);
    expect(body).toMatchObject({
      code: 'vnic-already-plugged',
      detail: expect.stringContaining(at(ports, 0).id),
    });
    await user.get(`/v1/ports/${at(ports, 1).id}`).expect(200, at(ports, 1));
    await user.unplug(made.portId);
    // The refused plug was not counted.
    expect((await user.plug(made.portId, made.vnicId)).generation).toBe(2);
  });

  it('with a MAC address that the network has already is refused, in another network it is not', async () => {
    const { ports } = await networkWithPorts(2);
    const elsewhere = await networkWithPorts(1);
    const made = await user.plug(at(ports, 0).id, randomUUID());
    const input = { vnicId: randomUUID(), macAddress: made.macAddress };
    const { body } = await user.put(attachment(at(ports, 1)), input).expect(409);
    expect(body).toMatchObject({ code: 'mac-address-in-use', detail: expect.stringContaining(made.portId) });
    await user.put(attachment(at(elsewhere.ports, 0)), input).expect(201);
  });

  it.each([
    '01:00:5e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    '00:00:00:00:00:00',
    '02-00-5e-00-00-01',
    '02:00:5e:00:00',
  ])('with MAC address %s is refused', async (macAddress) => {
    const { ports } = await networkWithPorts(1);
    const { body } = await user
      .put(attachment(at(ports, 0)), { vnicId: randomUUID(), macAddress })
      .expect(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/macAddress' }] });
  });

  it("with another project's vNIC id gains nothing and blocks nobody", async () => {
    const { ports } = await networkWithPorts(1);
    const made = await user.plug(at(ports, 0).id, randomUUID());
    const stranger = await stage.user();
    const network = await stranger.network();
    const port = await stranger.port(network.id, { fixedIps: [] });
    const theirs = await stranger.plug(port.id, made.vnicId, made.macAddress);
    expect(theirs).toMatchObject({ generation: 1, projectId: stranger.projectId });
    await user.get(attachment(at(ports, 0))).expect(200, made);
  });

  it('raises the generation with each plug, into whatever port', async () => {
    const { ports } = await networkWithPorts(2);
    const vnicId = randomUUID();
    for (let generation = 1; generation <= 4; generation++) {
      const port = at(ports, generation % 2);
      expect((await user.plug(port.id, vnicId)).generation).toBe(generation);
      await user.unplug(port.id);
    }
  });

  it('into many ports at once: one plug wins', async () => {
    const { ports } = await networkWithPorts(6);
    const [vnicId, macAddress] = [randomUUID(), newMacAddress()];
    const answers = await Promise.all(
      ports.map((port) => user.put(attachment(port), { vnicId, macAddress })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(new Set(answers.filter(({ status }) => status === 409).map(({ body }) => body.code))).toEqual(
      new Set(['vnic-already-plugged']),
    );
  });

  it('keeps its port from being deleted', async () => {
    const { ports } = await networkWithPorts(1);
    const made = await user.plug(at(ports, 0).id, randomUUID());
    const { body } = await user.delete(`/v1/ports/${made.portId}`).expect(409);
    expect(body).toMatchObject({ code: 'port-in-use', detail: expect.stringContaining(made.vnicId) });
    await user.unplug(made.portId);
    await user.delete(`/v1/ports/${made.portId}`).expect(204);
  });
});

describe('plugging a vNIC into any port', () => {
  it('takes the oldest available one that is up', async () => {
    const { network, any } = await networkWithPorts(0);
    await user.port(network.id, { adminState: 'down' });
    const older = await user.port(network.id);
    await user.port(network.id);
    const vnicId = randomUUID();
    const made = await user.post(any, { vnicId, macAddress: newMacAddress() }).expect(201);
    expect(made.body).toMatchObject({ portId: older.id, vnicId, generation: 1, status: 'plugged' });
    expect(made.headers).toMatchObject({ etag: '"1"', location: attachment(older) });
  });

  it('is refused when every port is plugged or down', async () => {
    const { network, any } = await networkWithPorts(1);
    await user.port(network.id, { adminState: 'down' });
    const plug = () => user.post(any, { vnicId: randomUUID(), macAddress: newMacAddress() });
    await plug().expect(201);
    const { body } = await plug().expect(409);
    expect(body.code).toBe('no-available-port');
  });

  it('is refused when it, or its MAC address, is plugged already', async () => {
    const { any } = await networkWithPorts(3);
    const input = { vnicId: randomUUID(), macAddress: newMacAddress() };
    const made = await user.post(any, input).expect(201);
    const again = await user.post(any, input).expect(409);
    expect(again.body).toMatchObject({
      code: 'vnic-already-plugged',
      detail: expect.stringContaining(made.body.portId),
    });
    const mac = await user.post(any, { ...input, vnicId: randomUUID() }).expect(409);
    expect(mac.body.code).toBe('mac-address-in-use');
  });

  it('happens once per idempotency key', async () => {
    const { any } = await networkWithPorts(3);
    const key = randomUUID();
    const input = { vnicId: randomUUID(), macAddress: newMacAddress() };
    const plug = (body: object) => user.post(any, body).set('idempotency-key', key);
    const first = await plug(input).expect(201);
    await plug(input).expect(201, first.body);
    await plug({ ...input, macAddress: newMacAddress() }).expect(422);
  });

  it('by many at once uses up every port, and only then refuses', async () => {
    const { any } = await networkWithPorts(12);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => user.post(any, { vnicId: randomUUID(), macAddress: newMacAddress() })),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body }) => body.portId)).size).toBe(12);
    expect(made).toHaveLength(12);
    expect(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code)).toEqual(
      Array.from({ length: 4 }, () => 'no-available-port'),
    );
  });

  it('takes no port of another project', async () => {
    const { network } = await networkWithPorts(1);
    const stranger = await stage.user();
    const { body } = await stranger
      .post(`/v1/networks/${network.id}/attachments`, { vnicId: randomUUID(), macAddress: newMacAddress() })
      .expect(404);
    expect(body.code).toBe('network-not-found');
  });

  it('with a group MAC address is refused', async () => {
    const { any } = await networkWithPorts(1);
    const { body } = await user
      .post(any, { vnicId: randomUUID(), macAddress: '01:00:5e:00:00:01' })
      .expect(400);
    expect(body.errors).toMatchObject([{ pointer: '/macAddress' }]);
  });
});
