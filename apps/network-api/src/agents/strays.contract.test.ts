import { randomUUID } from 'node:crypto';
import { inTransaction, raiseEpoch } from '@patchpanel/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';
import { emptyHost } from './fencing.ts';
import { followRecovery } from './recovery.ts';
import { selectUnfinishedFences } from './store.ts';
import { lockStraySubnets, restStrayAddresses } from './stray-addresses.ts';

let stage: Stage;
let user: TestUser;
let admin: TestUser;
let host: TestHost;

/** After a restore, in the second epoch, with all hosts heard that were known. */
beforeAll(async () => {
  stage = await openStage({ addressRestSeconds: 600 });
  user = await stage.user();
  admin = await stage.user(undefined, ['admin']);
  await raiseEpoch(stage.database.knex);
  await followRecovery(stage.options);
  const { knex } = stage.database;
  await knex('recoveries').update({ settles_at: knex.fn.now() });
  await followRecovery(stage.options);
});
afterAll(() => stage.close());

const tell = (holdings: readonly object[], agent = host) =>
  agent.put('/v1/holdings', { epoch: 2, holdings, isComplete: true }).expect(204);

const stray = (networkId: string, ipAddress: string, change: object = {}) => ({
  projectId: user.projectId,
  vnicId: randomUUID(),
  portId: randomUUID(),
  networkId,
  macAddress: '02:00:00:00:00:01',
  epoch: 1,
  generation: 4,
  placement: 1,
  ipAddresses: [ipAddress],
  ...change,
});

/** Of each address of a network that rests: whether it waits for a host's word. */
async function restingIn(networkId: string): Promise<Record<string, boolean>> {
  const rows: { address: string; rest_until: string | null }[] = await stage.database
    .knex('resting_addresses')
    .join('subnets', 'subnets.id', 'resting_addresses.subnet_id')
    .where({ network_id: networkId })
    .select('address', 'rest_until');
  return Object.fromEntries(rows.map((row) => [row.address, row.rest_until === null]));
}

const small = { cidr: '10.0.0.0/30', gatewayIp: null, dhcpEnabled: false };

describe('the addresses of a wiring that the database does not know', () => {
  it('are locked with their subnet also while a port has them, and rest when it loses them meanwhile', async () => {
    const network = await user.network();
    const subnet = await user.subnet(network.id, small);
    const port = await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    const unknown = {
      network_id: network.id,
      port_id: randomUUID(),
      ip_addresses: ['10.0.0.1', '10.9.9.9'],
    };
    await inTransaction(stage.database, async (trx) => {
      const locked = await lockStraySubnets(trx, [unknown], []);
      expect(locked).toEqual([subnet.id]);
      await trx('port_addresses').where({ port_id: port.id }).delete();
      await trx('free_ranges').insert({ subnet_id: subnet.id, first: '10.0.0.1', last: '10.0.0.1' });
      await restStrayAddresses(trx, [unknown], []);
      expect(await trx('resting_addresses').where({ subnet_id: subnet.id })).toEqual([]);
      await restStrayAddresses(trx, [unknown], locked);
      expect(await trx('resting_addresses').where({ subnet_id: subnet.id })).toMatchObject([
        { address: '10.0.0.1', rest_until: null },
      ]);
    });
  });

  it('rest when its port is deleted, though it was never bound as far as is known', async () => {
    host = await stage.host();
    const network = await user.network();
    const subnet = await user.subnet(network.id, small);
    const port = await user.port(network.id, { fixedIps: [{ ipAddress: '10.0.0.1' }] });
    await tell([stray(network.id, '10.0.0.1', { portId: port.id })]);
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.1': true });
    const { body } = await user.get(`/v1/subnets/${subnet.id}/usage`).expect(200);
    expect(body).toMatchObject({ used: '0', resting: '1', free: '1' });
    await tell([]);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.1': false });
  });

  it('are not free in a subnet that is made afterwards', async () => {
    host = await stage.host();
    const network = await user.network();
    const other = await user.subnet(network.id, { ...small, cidr: '10.0.1.0/30' });
    await tell([stray(network.id, '10.0.0.2', { ipAddresses: ['10.0.0.2', '10.0.1.1', '2001:db8::1'] })]);
    const subnet = await user.subnet(network.id, small);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.2': true, '10.0.1.1': true });
    const usage = async (id: string) => (await user.get(`/v1/subnets/${id}/usage`).expect(200)).body;
    expect(await usage(subnet.id)).toMatchObject({ used: '0', resting: '1', free: '1' });
    expect(await usage(other.id)).toMatchObject({ used: '0', resting: '1', free: '1' });
    const refused = await user
      .post(`/v1/networks/${network.id}/ports`, { fixedIps: [{ ipAddress: '10.0.0.2' }] })
      .expect(409);
    expect(refused.body.code).toBe('address-in-use');
    await tell([]);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.2': false, '10.0.1.1': false });
  });

  it('are taken in with all others that a host has, of one vNIC in two projects, and of one vNIC twice', async () => {
    host = await stage.host();
    const network = await user.network();
    await user.subnet(network.id, { ...small, cidr: '10.0.0.0/29' });
    const one = stray(network.id, '10.0.0.1');
    const again = { ...one, generation: 5, ipAddresses: ['10.0.0.2'] };
    const elsewhere = { ...one, projectId: randomUUID(), ipAddresses: ['10.0.0.3'] };
    await tell([one, again, elsewhere]);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.1': true, '10.0.0.2': true, '10.0.0.3': true });
    const rows = await stage.database.knex('stray_wirings').where({ host_name: host.host });
    expect(rows).toHaveLength(2);
    expect(rows.find(({ project_id: id }) => id === user.projectId)).toMatchObject({ generation: 5 });
    await tell([]);
    expect(await restingIn(network.id)).toEqual({ '10.0.0.1': false, '10.0.0.2': false, '10.0.0.3': false });
  });
});

describe('addresses that wait for a fenced host, because their port was deleted while it was being fenced', () => {
  /** A port that was bound to these hosts, one after the other, and is deleted; its addresses wait. */
  async function deleted(hosts: readonly TestHost[]): Promise<string> {
    const network = await user.network();
    await user.subnet(network.id, small);
    const port = await user.port(network.id);
    const vnicId = randomUUID();
    for (const [index, agent] of hosts.entries()) {
      await agent.claim(await user.plug(port.id, vnicId), index + 1);
      await user.unplug(port.id);
    }
    await user.delete(`/v1/ports/${port.id}`).expect(204);
    return network.id;
  }

  /** As the deletion leaves it that did not see the fence. */
  const forget = (hostName: string) =>
    stage.database
      .knex('agents')
      .where({ host_name: hostName })
      .update({ fenced_at: stage.database.knex.fn.now(), fence_reason: 'gone' });

  it('begin their rest by whoever comes next, as soon as no other host is waited for', async () => {
    const [one, other] = [await stage.host(), await stage.host()];
    const [alone, both] = [await deleted([one]), await deleted([one, other])];
    expect(await selectUnfinishedFences(stage.database.knex)).toEqual([]);
    await forget(one.host);
    expect(await selectUnfinishedFences(stage.database.knex)).toEqual([one.host]);
    await emptyHost(stage.options, one.host);
    expect([await restingIn(alone), await restingIn(both)].map((found) => Object.values(found))).toEqual([
      [false],
      [true],
    ]);
    expect(await selectUnfinishedFences(stage.database.knex)).toEqual([]);
  });
});

it('forgetting the agent of a fenced host does nothing when it is another revision than expected', async () => {
  const agent = await stage.host();
  await agent.put('/v1/agent', { version: '1', providers: [] }).expect(200);
  const network = await user.network();
  const port = await user.port(network.id, { fixedIps: [] });
  const binding = await agent.claim(await user.plug(port.id, randomUUID()));
  await stage.database
    .knex('agents')
    .where({ host_name: agent.host })
    .update({ fenced_at: stage.database.knex.fn.now(), fence_reason: 'gone' });
  const path = `/v1/agents/${agent.host}`;
  const { body } = await admin.delete(path).set('if-match', '"7"').expect(412);
  expect(body.code).toBe('precondition-failed');
  const seen = await agent.get(`/v1/bindings/${binding.id}`).expect(200);
  expect(seen.body.desired).toBe('present');
  await admin.delete(path).set('if-match', '"1"').expect(204);
});
