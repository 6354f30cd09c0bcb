import { randomUUID } from 'node:crypto';
import { raiseEpoch } from '@patchpanel/service-kit';
import type { Port } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newMacAddress, openStage, type Stage, type TestHost, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let user: TestUser;
let host: TestHost;
let other: TestHost;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
  host = await stage.host();
  other = await stage.host();
});
afterAll(() => stage.close());

async function pluggedPort() {
  const network = await user.network({ provider: 'test', providerOptions: { vlan: 7 } });
  await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  await user.subnet(network.id, { cidr: '2001:db8::/64', gatewayIp: null });
  const port = await user.port(network.id);
  const vnicId = randomUUID();
  const attachment = await user.plug(port.id, vnicId);
  return { network, port, vnicId, attachment };
}

const portOf = async (id: string): Promise<Port> => (await user.get(`/v1/ports/${id}`).expect(200)).body;
const claimOf = (attachment: { projectId: string; vnicId: string; macAddress: string }, placement = 1) => ({
  projectId: attachment.projectId,
  vnicId: attachment.vnicId,
  macAddress: attachment.macAddress,
  placement,
});
const resolvePath = ({ projectId, vnicId }: { projectId: string; vnicId: string }) =>
  `/v1/projects/${projectId}/vnics/${vnicId}/attachment`;

describe('an attachment', () => {
  it('is resolved by its exact project and vNIC, with all that wiring it takes', async () => {
    const { network, port, attachment } = await pluggedPort();
    const { body } = await host.get(resolvePath(attachment)).expect(200);
    expect(body).toEqual({
      projectId: user.projectId,
      vnicId: attachment.vnicId,
      portId: port.id,
      networkId: network.id,
      macAddress: attachment.macAddress,
      generation: 1,
      epoch: 1,
      adminState: 'up',
      mtu: 1500,
      fixedIps: [
        { ipAddress: '10.0.0.2', prefixLength: 24, gatewayIp: '10.0.0.1' },
        { ipAddress: '2001:db8::1', prefixLength: 64 },
      ],
      subnets: [
        {
          subnetId: port.fixedIps[0]?.subnetId,
          cidr: '10.0.0.0/24',
          ipVersion: 4,
          gatewayIp: '10.0.0.1',
          dnsServers: [],
          hostRoutes: [],
          dhcpServerIp: '10.0.0.254',
        },
        {
          subnetId: port.fixedIps[1]?.subnetId,
          cidr: '2001:db8::/64',
          ipVersion: 6,
          dnsServers: [],
          hostRoutes: [],
          dhcpServerIp: '2001:db8::fdff:ffff:ffff:ff7f',
        },
      ],
      portSecurity: 'on',
      allowedAddressPairs: [],
      securityGroupIds: port.securityGroupIds,
      provider: 'test',
      wiring: {
        version: 1,
        document: { provider: 'test', networkId: network.id, portId: port.id, subnets: 2 },
      },
      revision: 4,
    });
    const { body: upper } = await host
      .get(
        resolvePath(attachment)
          .toUpperCase()
          .replace('/V1/PROJECTS', '/v1/projects')
          .replace('VNICS', 'vnics')
          .replace('ATTACHMENT', 'attachment'),
      )
      .expect(200);
    expect(upper).toEqual(body);
  });

  it("that is not plugged, is another project's, or is bound to another host looks as if it did not exist", async () => {
    const { attachment } = await pluggedPort();
    const nowhere = randomUUID();
    const refused = async (path: { projectId: string; vnicId: string }) => {
      const { body } = await other.get(resolvePath(path)).expect(404);
      const { instance: _, ...rest } = body;
      return JSON.stringify(rest).replaceAll(path.vnicId, nowhere).replaceAll(path.projectId, nowhere);
    };
    const missing = await refused({ projectId: nowhere, vnicId: nowhere });
    expect(await refused({ projectId: randomUUID(), vnicId: attachment.vnicId })).toBe(missing);
    await host.claim(attachment);
    expect(await refused(attachment)).toBe(missing);
    await host.get(resolvePath(attachment)).expect(200);
  });
});

describe('claiming a binding', () => {
  it('binds the attachment to the host, and the port shows it', async () => {
    const { port, attachment } = await pluggedPort();
    const made = await host.post('/v1/bindings', claimOf(attachment, 7)).expect(201);
    expect(made.body).toMatchObject({
      projectId: user.projectId,
      vnicId: attachment.vnicId,
      generation: 1,
      epoch: 1,
      placement: 7,
      desired: 'present',
      status: 'building',
      revision: 1,
      attachment: { portId: port.id, macAddress: attachment.macAddress },
    });
    expect(made.headers['location']).toBe(`/v1/bindings/${made.body.id}`);
    await host.get(`/v1/bindings/${made.body.id}`).expect(200, made.body);
    const shown = await portOf(port.id);
    expect(shown).toMatchObject({
      status: 'building',
      revision: 3,
      attachment: { status: 'building', revision: 2, binding: { hostName: host.host } },
    });
    await user.get(`/v1/ports/${port.id}/attachment`).expect(200, shown.attachment);
  });

  it('again answers with the binding and changes nothing; a newer placement is taken over and unproven', async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment, 3);
    await host.report(binding, 'active');
    const before = await portOf(port.id);
    const again = await host.post('/v1/bindings', claimOf(attachment, 3)).expect(200);
    expect(again.body).toMatchObject({ id: binding.id, placement: 3, status: 'active', revision: 2 });
    expect(await portOf(port.id)).toEqual(before);
    const newer = await host.post('/v1/bindings', claimOf(attachment, 4)).expect(200);
    expect(newer.body).toMatchObject({ id: binding.id, placement: 4, status: 'building', revision: 3 });
    expect((await portOf(port.id)).status).toBe('building');
    const older = await host.post('/v1/bindings', claimOf(attachment, 3)).expect(409);
    expect(older.body.code).toBe('stale-placement');
  });

  it('is refused without an attachment, with another MAC address, or when another host has it', async () => {
    const { port, attachment } = await pluggedPort();
    const nothing = await host
      .post('/v1/bindings', { ...claimOf(attachment), vnicId: randomUUID() })
      .expect(404);
    expect(nothing.body.code).toBe('attachment-not-found');
    const mac = await host
      .post('/v1/bindings', { ...claimOf(attachment), macAddress: newMacAddress() })
      .expect(409);
    expect(mac.body.code).toBe('mac-mismatch');
    expect((await portOf(port.id)).status).toBe('plugged');
    await host
      .post('/v1/bindings', { ...claimOf(attachment), macAddress: attachment.macAddress.toUpperCase() })
      .expect(201);
    const elsewhere = await other.post('/v1/bindings', claimOf(attachment, 99)).expect(409);
    expect(elsewhere.body.code).toBe('bound-elsewhere');
    expect((await portOf(port.id)).attachment?.binding?.hostName).toBe(host.host);
  });

  it('by several hosts at once: one gets it', async () => {
    const { attachment } = await pluggedPort();
    const hosts = await Promise.all(Array.from({ length: 5 }, () => stage.host()));
    const answers = await Promise.all(hosts.map((one) => one.post('/v1/bindings', claimOf(attachment))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409]);
  });
});

describe('reporting', () => {
  it('moves the port on, with reason and device, and a repeated report changes nothing', async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment);
    const report = { status: 'active', generation: 1, epoch: 1, deviceName: 'ppv0123456789a' };
    const status = `/v1/bindings/${binding.id}/status`;
    const first = await host.put(status, report).expect(200);
    expect(first.body).toMatchObject({ status: 'active', deviceName: 'ppv0123456789a', revision: 2 });
    const active = await portOf(port.id);
    expect(active).toMatchObject({
      status: 'active',
      attachment: { binding: { deviceName: 'ppv0123456789a' } },
    });
    expect(active).not.toHaveProperty('statusReason');
    await host.put(status, report).expect(200, first.body);
    expect(await portOf(port.id)).toEqual(active);
    await host
      .put(status, { status: 'error', generation: 1, epoch: 1, statusReason: 'no bridge' })
      .expect(200);
    const failed = await portOf(port.id);
    expect(failed).toMatchObject({
      status: 'error',
      statusReason: 'no bridge',
      revision: active.revision + 1,
    });
    expect(failed.attachment?.binding).not.toHaveProperty('deviceName');
  });

  it('on another generation or epoch is refused and changes nothing', async () => {
    const { port, attachment } = await pluggedPort();
    await user.unplug(port.id);
    await user.plug(port.id, attachment.vnicId, attachment.macAddress);
    const binding = await host.claim(attachment);
    expect(binding.generation).toBe(2);
    const before = await portOf(port.id);
    for (const [generation, epoch] of [
      [1, 1],
      [3, 1],
      [2, 2],
    ]) {
      const { body } = await host
        .put(`/v1/bindings/${binding.id}/status`, { status: 'active', generation, epoch })
        .expect(409);
      expect(body.code).toBe('stale-generation');
    }
    expect(await portOf(port.id)).toEqual(before);
  });

  it('on a binding that is to go does not touch the port', async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment);
    await user.unplug(port.id);
    await host
      .put(`/v1/bindings/${binding.id}/status`, { status: 'error', generation: 1, epoch: 1 })
      .expect(200);
    expect((await portOf(port.id)).status).toBe('available');
  });

  it('is told apart by the database epoch, which a restore raises', async () => {
    const own = await openStage();
    try {
      const member = await own.user();
      const agent = await own.host();
      const network = await member.network();
      const port = await member.port(network.id, { fixedIps: [] });
      const binding = await agent.claim(await member.plug(port.id, randomUUID()));
      await raiseEpoch(own.database.knex);
      await agent
        .put(`/v1/bindings/${binding.id}/status`, { status: 'active', generation: 1, epoch: 1 })
        .expect(409);
      const { body } = await agent.get(`/v1/bindings/${binding.id}`).expect(200);
      expect(body).toMatchObject({ epoch: 2, attachment: { epoch: 2 } });
      await agent.report(body, 'active');
    } finally {
      await own.close();
    }
  });
});

describe('unplugging what a host realises', () => {
  it('asks the host to take it down, and its release ends the binding', async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment);
    await host.report(binding, 'active');
    await user.unplug(port.id);
    expect((await portOf(port.id)).status).toBe('available');
    const { body } = await host.get(`/v1/bindings/${binding.id}`).expect(200);
    expect(body).toMatchObject({ desired: 'absent', revision: 3, generation: 1, placement: 1 });
    expect(body).not.toHaveProperty('attachment');
    await host.release(binding.id);
    await host.get(`/v1/bindings/${binding.id}`).expect(404);
    await host.release(binding.id);
  });

  it('lets another host bind the next plug while the first has not yet confirmed', async () => {
    const { port, attachment } = await pluggedPort();
    const old = await host.claim(attachment);
    await user.unplug(port.id);
    const replugged = await user.plug(port.id, attachment.vnicId, attachment.macAddress);
    expect(replugged.generation).toBe(2);
    const moved = await other.claim(replugged, 2);
    expect(moved).toMatchObject({ generation: 2, desired: 'present' });
    await other.report(moved, 'active');
    await host.release(old.id);
    expect(await portOf(port.id)).toMatchObject({
      status: 'active',
      attachment: { binding: { hostName: other.host } },
    });
  });

  it('lets the same host bind the next plug, which supersedes what it had', async () => {
    const { port, attachment } = await pluggedPort();
    const old = await host.claim(attachment, 5);
    await host.report(old, 'active');
    await user.unplug(port.id);
    const second = await user.network();
    const elsewhere = await user.port(second.id, { fixedIps: [] });
    const replugged = await user.plug(elsewhere.id, attachment.vnicId, attachment.macAddress);
    const stale = await host.post('/v1/bindings', claimOf(replugged, 4)).expect(409);
    expect(stale.body.code).toBe('stale-placement');
    const binding = await host.claim(replugged, 5);
    expect(binding).toMatchObject({ generation: 2, desired: 'present', status: 'building' });
    expect(binding.id).not.toBe(old.id);
    await host.get(`/v1/bindings/${old.id}`).expect(404);
    const report = { status: 'active', generation: 1, epoch: 1 };
    const late = await host.put(`/v1/bindings/${old.id}/status`, report).expect(409);
    expect(late.body.code).toBe('stale-generation');
    await host.report(binding, 'active');
    expect((await portOf(elsewhere.id)).status).toBe('active');
    expect((await portOf(port.id)).status).toBe('available');
    // Its release, late as it is, ends nothing of the newer one.
    await host.release(old.id);
    expect((await portOf(elsewhere.id)).status).toBe('active');
  });

  it('goes round and round between two ports and two hosts, and leaves nothing behind', async () => {
    const { network, port, attachment } = await pluggedPort();
    const ports = [port, await user.port(network.id)];
    const hosts = [host, other];
    await user.unplug(port.id);
    for (let round = 2; round <= 7; round++) {
      const target = ports[round % 2] ?? port;
      const agent = hosts[Math.floor(round / 2) % 2] ?? host;
      const plugged = await user.plug(target.id, attachment.vnicId, attachment.macAddress);
      expect(plugged.generation).toBe(round);
      const binding = await agent.claim(plugged, round);
      expect(binding.generation).toBe(round);
      await agent.report(binding, 'active');
      expect((await portOf(target.id)).status).toBe('active');
      await user.unplug(target.id);
    }
    for (const agent of hosts) {
      const { body } = await agent.get('/v1/bindings').expect(200);
      for (const { id, vnicId } of body.items) if (vnicId === attachment.vnicId) await agent.release(id);
    }
    const left = await stage.database.knex('bindings').where({ vnic_id: attachment.vnicId });
    expect(left).toEqual([]);
  });
});

describe('releasing', () => {
  it('while still plugged makes the attachment free to be bound anywhere', async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment, 2);
    await host.report(binding, 'active');
    const stale = await host.delete(`/v1/bindings/${binding.id}?placement=1`).expect(409);
    expect(stale.body.code).toBe('stale-placement');
    expect((await portOf(port.id)).status).toBe('active');
    await host.delete(`/v1/bindings/${binding.id}?placement=2`).expect(204);
    const shown = await portOf(port.id);
    expect(shown).toMatchObject({ status: 'plugged', attachment: { status: 'plugged' } });
    expect(shown.attachment).not.toHaveProperty('binding');
    expect((await other.claim(attachment, 2)).status).toBe('building');
  });

  it('forgets no placement: an older one is refused on any host, after any plug', async () => {
    const { port, attachment } = await pluggedPort();
    const first = await host.claim(attachment, 7);
    await host.release(first.id);
    const refusedOn = async (agent: TestHost, plug: typeof attachment) => {
      const { body } = await agent.post('/v1/bindings', claimOf(plug, 6)).expect(409);
      expect(body.code).toBe('stale-placement');
      expect(body.detail).toContain('7');
    };
    await refusedOn(host, attachment);
    await refusedOn(other, attachment);
    expect((await portOf(port.id)).status).toBe('plugged');
    await user.unplug(port.id);
    const replugged = await user.plug(port.id, attachment.vnicId, attachment.macAddress);
    expect(replugged.generation).toBe(2);
    await refusedOn(other, replugged);
    const second = await other.claim(replugged, 7);
    expect(second).toMatchObject({ generation: 2, placement: 7 });
    await refusedOn(host, replugged);
    await other.release(second.id);
    expect((await host.claim(replugged, 8)).placement).toBe(8);
  });

  it('takes no placement for known that was refused', async () => {
    const { attachment } = await pluggedPort();
    const { id } = await host.claim(attachment, 3);
    await other.post('/v1/bindings', claimOf(attachment, 99)).expect(409);
    await host.release(id);
    expect((await other.claim(attachment, 4)).placement).toBe(4);
  });

  it('is no error for what never was', async () => {
    await host.release(randomUUID());
  });
});

describe('hosts', () => {
  it("see, report on and release nothing of one another's", async () => {
    const { port, attachment } = await pluggedPort();
    const binding = await host.claim(attachment);
    await host.report(binding, 'active');
    const nowhere = randomUUID();
    const report = { status: 'error', generation: 1, epoch: 1 };
    for (const call of [
      (id: string) => other.get(`/v1/bindings/${id}`),
      (id: string) => other.put(`/v1/bindings/${id}/status`, report),
    ]) {
      const [hidden, missing] = [await call(binding.id).expect(404), await call(nowhere).expect(404)];
      const { instance: _a, ...hiddenBody } = hidden.body;
      const { instance: _b, ...missingBody } = missing.body;
      expect(JSON.stringify(hiddenBody).replaceAll(binding.id, nowhere)).toBe(JSON.stringify(missingBody));
    }
    await other.release(binding.id);
    await other.delete(`/v1/bindings/${binding.id}?placement=1`).expect(204);
    const { body } = await other.get('/v1/bindings').expect(200);
    expect(body.items.map(({ id }: { id: string }) => id)).not.toContain(binding.id);
    expect((await portOf(port.id)).status).toBe('active');
  });

  it('list their bindings by pages, those to be taken down included', async () => {
    const agent = await stage.host();
    const made = [];
    for (let index = 0; index < 5; index++) {
      const { port, attachment } = await pluggedPort();
      made.push((await agent.claim(attachment)).id);
      if (index === 1) await user.unplug(port.id);
    }
    const first = await agent.get('/v1/bindings?limit=3').expect(200);
    const second = await agent.get(`/v1/bindings?limit=3&pageToken=${first.body.nextPageToken}`).expect(200);
    const items = [...first.body.items, ...second.body.items];
    expect(items.map(({ id }) => id)).toEqual(made);
    expect(items.map(({ desired }) => desired)).toEqual([
      'present',
      'absent',
      'present',
      'present',
      'present',
    ]);
    expect(items[0]).toEqual((await agent.get(`/v1/bindings/${made[0]}`).expect(200)).body);
    const junk = await agent.get('/v1/bindings?pageToken=junk').expect(400);
    expect(junk.body.code).toBe('invalid-page-token');
    const foreign = await other.get(`/v1/bindings?pageToken=${first.body.nextPageToken}`).expect(400);
    expect(foreign.body.code).toBe('invalid-page-token');
  });
});
