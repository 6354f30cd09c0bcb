import { randomUUID } from 'node:crypto';
import type { Attachment, Port } from '@patchpanel/contract-network';
import { raiseEpoch } from '@patchpanel/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';
import { followRecovery } from './recovery.ts';

let stage: Stage;
let user: TestUser;
let admin: TestUser;
let host: TestHost;

beforeEach(async () => {
  stage = await openStage({ addressRestSeconds: 600 });
  user = await stage.user();
  admin = await stage.user(undefined, ['admin']);
  host = await stage.host();
  await beat(host);
});
afterEach(() => stage.close());

const beat = async (agent: TestHost) =>
  (await agent.put('/v1/agent', { version: '1', providers: [] }).expect(200)).body;

/** As after a restore: the next epoch, in which the hosts have yet to speak. */
async function restore(): Promise<void> {
  await raiseEpoch(stage.database.knex);
  await followRecovery(stage.options);
}

/** As if hosts had had their time to turn up. */
async function settle(): Promise<void> {
  const { knex } = stage.database;
  await knex('recoveries').update({ settles_at: knex.fn.now() });
  await followRecovery(stage.options);
}

type Holding = ReturnType<typeof holdingOf>;

const holdingOf = (attachment: Attachment, port: Port, change: object = {}) => ({
  projectId: attachment.projectId,
  vnicId: attachment.vnicId,
  portId: port.id,
  networkId: port.networkId,
  macAddress: attachment.macAddress,
  epoch: 1,
  generation: attachment.generation,
  placement: 1,
  ipAddresses: port.fixedIps.map(({ ipAddress }) => ipAddress),
  ...change,
});

const tell = (holdings: readonly Holding[], change: object = {}, agent = host) =>
  agent.put('/v1/holdings', { epoch: 2, holdings, isComplete: true, ...change });

/** A network with room for two addresses, and a port that the host has wired. */
async function wired() {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/30', gatewayIp: null, dhcpEnabled: false });
  const port = await user.port(network.id);
  const attachment = await user.plug(port.id, randomUUID());
  const binding = await host.claim(attachment);
  await host.report(binding, 'active');
  return { network, subnet, port, attachment, binding };
}

/** A wiring of the host of which the database knows nothing but its network. */
function strayIn(networkId: string, ipAddress: string, change: object = {}): Holding {
  const attachment = { projectId: user.projectId, vnicId: randomUUID(), macAddress: '02:00:00:00:00:01' };
  const port = { id: randomUUID(), networkId, fixedIps: [{ subnetId: randomUUID(), ipAddress }] };
  return holdingOf({ ...attachment, generation: 4 } as Attachment, port as unknown as Port, change);
}

const make = (networkId: string, body: object = {}) => user.post(`/v1/networks/${networkId}/ports`, body);

describe('after a restore', () => {
  it('no address is given out before every host has spoken, and had time to turn up', async () => {
    const { network } = await wired();
    await restore();
    expect(await beat(host)).toMatchObject({ epoch: 2, awaitsHoldings: true });
    const refused = await make(network.id).expect(503);
    expect(refused.body).toMatchObject({
      code: 'service-unavailable',
      detail: expect.stringContaining(host.host),
    });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await make(network.id, { fixedIps: [] }).expect(201);
    await tell([]).expect(204);
    expect((await make(network.id).expect(503)).body.detail).toContain('time');
    await settle();
    await make(network.id).expect(201);
    expect(await beat(host)).toMatchObject({ awaitsHoldings: false });
  });

  it('a host that does not speak is awaited until it is fenced', async () => {
    const { network } = await wired();
    const silent = await stage.host();
    await beat(silent);
    await restore();
    await tell([]).expect(204);
    await settle();
    const refused = await make(network.id).expect(503);
    expect(refused.body.detail).toContain(silent.host);
    await admin.put(`/v1/agents/${silent.host}/fence`, { reason: 'gone' }).expect(200);
    await make(network.id).expect(201);
  });

  it('what the database accounts for needs nothing', async () => {
    const { port, attachment } = await wired();
    await restore();
    await tell([holdingOf(attachment, port)]).expect(204);
    expect(await stage.database.knex('stray_wirings')).toEqual([]);
    expect(await beat(host)).toMatchObject({ awaitsHoldings: false });
  });
});

describe('a wiring that the database does not know', () => {
  it('keeps its address from others until the host says that it is gone, and then it rests', async () => {
    const { network, subnet, port, attachment } = await wired();
    await restore();
    const known = holdingOf(attachment, port);
    const address = port.fixedIps[0]?.ipAddress === '10.0.0.1' ? '10.0.0.2' : '10.0.0.1';
    const stray = strayIn(network.id, address);
    await tell([known, stray]).expect(204);
    await tell([known, stray]).expect(204);
    await settle();
    expect((await make(network.id).expect(409)).body.code).toBe('subnet-exhausted');
    const chosen = await make(network.id, { fixedIps: [{ ipAddress: address }] }).expect(409);
    expect(chosen.body.code).toBe('address-in-use');
    const usage = await user.get(`/v1/subnets/${subnet.id}/usage`).expect(200);
    expect(usage.body).toMatchObject({ used: '1', resting: '1', free: '0' });
    const { body } = await admin.get(`/v1/agents/${host.host}/bindings`).expect(200);
    expect(body.items).toMatchObject([
      { vnicId: attachment.vnicId, desired: 'present' },
      {
        vnicId: stray.vnicId,
        portId: stray.portId,
        generation: 4,
        statusReason: expect.stringContaining('restored'),
      },
    ]);
    expect(await beat(host)).toMatchObject({ awaitsHoldings: true });
    const resting = () => stage.database.knex('resting_addresses').where({ port_id: stray.portId });
    expect(await resting()).toMatchObject([{ rest_until: null }]);
    await tell([known]).expect(204);
    expect(await resting()).toMatchObject([{ rest_until: expect.any(String) }]);
    expect(await beat(host)).toMatchObject({ awaitsHoldings: false });
  });

  it('keeps its address no longer when its host is fenced', async () => {
    const { network } = await wired();
    await restore();
    const stray = strayIn(network.id, '10.0.0.2');
    await tell([stray]).expect(204);
    await admin.put(`/v1/agents/${host.host}/fence`, { reason: 'gone' }).expect(200);
    const resting = await stage.database.knex('resting_addresses').where({ port_id: stray.portId });
    expect(resting).toMatchObject([{ rest_until: expect.any(String) }]);
    await tell([strayIn(network.id, '10.0.0.1')]).expect(204);
    expect(await stage.database.knex('stray_wirings')).toEqual([]);
  });

  it('raises the generation and the placement of its vNIC, so that the next plug is newer and an older machine is not', async () => {
    const { network } = await wired();
    await restore();
    const stray = strayIn(network.id, '10.0.0.2', { placement: 9 });
    await tell([stray]).expect(204);
    const port = (await make(network.id, { fixedIps: [] }).expect(201)).body;
    const plug = await user.plug(port.id, stray.vnicId, stray.macAddress);
    expect(plug.generation).toBe(5);
    const old = await host.post('/v1/bindings', { ...claimOf(plug), placement: 8 }).expect(409);
    expect(old.body.code).toBe('stale-placement');
    expect((await host.claim(plug, 9)).generation).toBe(5);
  });

  it('is not wired a second time: not its vNIC, and not its address', async () => {
    const { network, port, attachment, binding } = await wired();
    const other = await stage.host();
    await host.release(binding.id);
    await restore();
    const newer = holdingOf(attachment, port, { generation: 2, portId: randomUUID(), ipAddresses: [] });
    await tell([newer], {}, other).expect(204);
    const doubled = await host.post('/v1/bindings', claimOf(attachment)).expect(409);
    expect(doubled.body).toMatchObject({
      code: 'bound-elsewhere',
      detail: expect.stringContaining(other.host),
    });
    const thief = strayIn(network.id, port.fixedIps[0]?.ipAddress ?? '');
    await tell([thief], {}, other).expect(204);
    const contested = await host.post('/v1/bindings', claimOf(attachment)).expect(409);
    expect(contested.body).toMatchObject({
      code: 'bound-elsewhere',
      detail: expect.stringContaining(thief.vnicId),
    });
    await tell([], {}, other).expect(204);
    expect((await host.claim(attachment)).status).toBe('building');
  });

  it('gives way to a plug that was made after the restore, before the host could speak', async () => {
    const { network } = await wired();
    await restore();
    const stray = strayIn(network.id, '10.0.0.2');
    const port = (await make(network.id, { fixedIps: [] }).expect(201)).body;
    const plug = await user.plug(port.id, stray.vnicId, stray.macAddress);
    expect(plug.generation).toBe(1);
    const binding = await host.claim(plug);
    await host.report(binding, 'error');
    const before: Port = (await user.get(`/v1/ports/${port.id}`).expect(200)).body;
    await tell([stray]).expect(204);
    const after = (await user.get(`/v1/ports/${port.id}`).expect(200)).body;
    expect(after).toMatchObject({
      status: 'building',
      attachment: { generation: 5 },
      revision: before.revision + 1,
    });
    const seen = await host.get(`/v1/bindings/${binding.id}`).expect(200);
    expect(seen.body).toMatchObject({ generation: 5, desired: 'present' });
  });

  it('is kept when a report comes in several parts, and dropped only by a complete one', async () => {
    const { network } = await wired();
    await restore();
    const [first, second] = [strayIn(network.id, '10.0.0.1'), strayIn(network.id, '10.0.0.2')];
    const held = async () => (await stage.database.knex('stray_wirings')).length;
    await tell([first], { isComplete: false }).expect(204);
    expect(await beat(host)).toMatchObject({ awaitsHoldings: true });
    await tell([second]).expect(204);
    expect(await held()).toBe(2);
    await tell([second], { isComplete: false }).expect(204);
    expect(await held()).toBe(2);
    await tell([]).expect(204);
    expect(await held()).toBe(1);
  });

  it('of an epoch that this database has not reached lifts it beyond', async () => {
    const { network } = await wired();
    await restore();
    await tell([strayIn(network.id, '10.0.0.2', { epoch: 7 })]).expect(204);
    expect(await beat(host)).toMatchObject({ epoch: 8, awaitsHoldings: true });
  });

  it('of this very epoch shows, during a recovery, that the database was restored twice: it gets a newer one', async () => {
    const { network } = await wired();
    await restore();
    await tell([strayIn(network.id, '10.0.0.2', { epoch: 2 })]).expect(204);
    expect(await beat(host)).toMatchObject({ epoch: 3, awaitsHoldings: true });
    await tell([strayIn(network.id, '10.0.0.2', { epoch: 2 })], { epoch: 3 }).expect(204);
    await settle();
    // Afterwards it is only a wiring that nobody knows.
    await tell([strayIn(network.id, '10.0.0.1', { epoch: 3 })], { epoch: 3 }).expect(204);
    expect(await beat(host)).toMatchObject({ epoch: 3 });
  });

  it('is refused where it is none', async () => {
    const { network } = await wired();
    const { body } = await tell([strayIn(network.id, '10.0.0.02')]).expect(400);
    expect(body).toMatchObject({
      code: 'invalid-request',
      errors: [{ pointer: '/holdings/0/ipAddresses/0' }],
    });
    await tell([strayIn(network.id, '10.0.0.2', { epoch: 2 ** 40 })]).expect(400);
  });
});

const claimOf = ({ projectId, vnicId, macAddress }: Attachment, placement = 1) => ({
  projectId,
  vnicId,
  macAddress,
  placement,
});
