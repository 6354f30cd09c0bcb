import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newMacAddress, openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  host = await stage.host();
});
afterAll(() => stage.close());

async function pluggedPort() {
  const network = await user.network();
  const port = await user.port(network.id, { fixedIps: [] });
  const attachment = await user.plug(port.id, randomUUID());
  return { network, port, attachment };
}

const replug = (portId: string, toPortId: string) =>
  user.post(`/v1/ports/${portId}/attachment/replug`, { toPortId });
const statusOf = async (portId: string) => (await user.get(`/v1/ports/${portId}`).expect(200)).body.status;

describe('replugging', () => {
  it('moves a vNIC to another port, of any network, with a higher generation', async () => {
    const { port, attachment } = await pluggedPort();
    const other = await user.network();
    const target = await user.port(other.id, { fixedIps: [] });
    const { body } = await replug(port.id, target.id).expect(200).expect('etag', '"1"');
    expect(body).toMatchObject({
      portId: target.id,
      networkId: other.id,
      vnicId: attachment.vnicId,
      macAddress: attachment.macAddress,
      generation: attachment.generation + 1,
      status: 'plugged',
      revision: 1,
    });
    expect([await statusOf(port.id), await statusOf(target.id)]).toEqual(['available', 'plugged']);
    await user.get(`/v1/ports/${port.id}/attachment`).expect(404);
    await user.get(`/v1/ports/${target.id}/attachment`).expect(200, body);
  });

  it('tells the host that had wired it, which then binds the new port', async () => {
    const { network, port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment);
    await host.report(binding, 'active');
    const target = await user.port(network.id, { fixedIps: [] });
    const { body } = await replug(port.id, target.id).expect(200);
    expect((await host.get(`/v1/bindings/${binding.id}`).expect(200)).body.desired).toBe('absent');
    const next = await host.claim(body);
    expect(next.generation).toBe(body.generation);
    await host.report(next, 'active');
    expect([await statusOf(port.id), await statusOf(target.id)]).toEqual(['available', 'active']);
    expect(await stage.database.knex('bindings').where({ port_id: port.id })).toEqual([]);
  });

  it('into a port that is taken, into its own, or with a MAC address that is taken there changes nothing', async () => {
    const one = await pluggedPort();
    const two = await pluggedPort();
    const free = await user.port(two.network.id, { fixedIps: [] });
    const clash = await user.port(two.network.id, { fixedIps: [] });
    await user.plug(clash.id, randomUUID(), one.attachment.macAddress);
    for (const [target, code] of [
      [two.port.id, 'port-already-plugged'],
      [one.port.id, 'port-already-plugged'],
      [free.id, 'mac-address-in-use'],
    ] as const) {
      expect((await replug(one.port.id, target).expect(409)).body.code).toBe(code);
    }
    await user.get(`/v1/ports/${one.port.id}/attachment`).expect(200, one.attachment);
    expect(await statusOf(free.id)).toBe('available');
  });

  it('is refused where nothing is plugged in, where there is no port, and for another revision', async () => {
    const { network, port } = await pluggedPort();
    const free = await user.port(network.id, { fixedIps: [] });
    const empty = await user.port(network.id, { fixedIps: [] });
    expect((await replug(empty.id, free.id).expect(404)).body.code).toBe('attachment-not-found');
    const refused = await replug(port.id, free.id).set('if-match', '"9"').expect(412);
    expect(refused.body.code).toBe('precondition-failed');
    const stranger = await stage.user();
    const theirs = await stranger.port((await stranger.network()).id, { fixedIps: [] });
    for (const hidden of [theirs.id, randomUUID()]) {
      expect((await replug(port.id, hidden).expect(404)).body.code).toBe('port-not-found');
      expect((await replug(hidden, free.id).expect(404)).body.code).toBe('port-not-found');
    }
  });

  it('happens once per idempotency key', async () => {
    const { network, port } = await pluggedPort();
    const target = await user.port(network.id, { fixedIps: [] });
    const key = randomUUID();
    const first = await replug(port.id, target.id).set('idempotency-key', key).expect(200);
    await replug(port.id, target.id).set('idempotency-key', key).expect(200, first.body);
    const third = await user.port(network.id, { fixedIps: [] });
    await replug(port.id, third.id).set('idempotency-key', key).expect(422);
  });

  it('back and forth by many at once ends in one place, with one plug', async () => {
    const { network, port, attachment } = await pluggedPort();
    const target = await user.port(network.id, { fixedIps: [] });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        index % 2 === 0 ? replug(port.id, target.id) : replug(target.id, port.id),
      ),
    );
    const outcomes = new Set(answers.map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()));
    expect([...outcomes].filter((one) => !['200', '404 attachment-not-found'].includes(one))).toEqual([]);
    const plugs = await stage.database.knex('attachments').where({ vnic_id: attachment.vnicId });
    expect(plugs).toHaveLength(1);
    const moves = answers.filter(({ status }) => status === 200).length;
    expect(plugs[0].generation).toBe(attachment.generation + moves);
    await user
      .put(`/v1/ports/${plugs[0].port_id}/attachment`, { vnicId: randomUUID(), macAddress: newMacAddress() })
      .expect(409);
  });
});
