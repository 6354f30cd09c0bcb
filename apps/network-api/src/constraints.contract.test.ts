import { randomUUID } from 'node:crypto';
import type { Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConstraints } from './constraints.ts';
import { openStage, type Stage, type TestUser } from './testing/stage.ts';

let stage: Stage;
let user: TestUser;

beforeAll(async () => {
  stage = await openStage();
  user = await stage.user();
});
afterAll(() => stage.close());

/** What the database itself says to a statement that no check has looked at before. */
async function refusalOf(statement: (knex: Knex) => PromiseLike<unknown>): Promise<unknown> {
  try {
    await withConstraints(() => statement(stage.database.knex));
    return 'nothing';
  } catch (error) {
    return isProblem(error) ? error.code : error;
  }
}

function isProblem(error: unknown): error is Problem {
  return error instanceof Error && error.name === 'Problem';
}

async function wiredNetwork() {
  const network = await user.network();
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  const [port, spare] = [await user.port(network.id), await user.port(network.id)];
  const attachment = await user.plug(port.id, randomUUID());
  return { network, subnet, port, spare, attachment };
}

describe('the database itself', () => {
  it('keeps the subnets of a network apart', async () => {
    const { network } = await wiredNetwork();
    const insert = (networkId: string, cidr: string) =>
      refusalOf((knex) =>
        knex('subnets').insert({
          id: randomUUID(),
          project_id: user.projectId,
          network_id: networkId,
          name: '',
          cidr,
          allocation_pools: '[]',
        }),
      );
    expect(await insert(network.id, '10.0.0.128/25')).toBe('subnet-overlap');
    expect(await insert(network.id, '10.0.0.0/8')).toBe('subnet-overlap');
    expect(await insert(network.id, '10.0.1.0/24')).toBe('nothing');
    expect(await insert((await user.network()).id, '10.0.0.0/24')).toBe('nothing');
  });

  it('gives an address of a subnet to one port', async () => {
    const { subnet, port, spare } = await wiredNetwork();
    const address = port.fixedIps[0]?.ipAddress;
    const insert = (knex: Knex) =>
      knex('port_addresses').insert({ subnet_id: subnet.id, address, port_id: spare.id, position: 1 });
    expect(await refusalOf(insert)).toBe('address-in-use');
  });

  it('has one plug per port, per vNIC of a project, and per MAC address of a network', async () => {
    const { network, port, spare, attachment } = await wiredNetwork();
    const plug = (changes: object) =>
      refusalOf((knex) =>
        knex('attachments').insert({
          port_id: spare.id,
          project_id: user.projectId,
          network_id: network.id,
          vnic_id: randomUUID(),
          mac_address: '02:00:5e:ff:00:01',
          generation: 1,
          ...changes,
        }),
      );
    expect(await plug({ port_id: port.id })).toBe('port-already-plugged');
    expect(await plug({ vnic_id: attachment.vnicId })).toBe('vnic-already-plugged');
    expect(await plug({ mac_address: attachment.macAddress.toUpperCase() })).toBe('mac-address-in-use');
    expect(await plug({})).toBe('nothing');
  });

  it('keeps what is in use from being deleted', async () => {
    const { network, subnet, port } = await wiredNetwork();
    const remove = (table: string, id: string) => refusalOf((knex) => knex(table).where({ id }).delete());
    expect(await remove('networks', network.id)).toBe('network-in-use');
    expect(await remove('subnets', subnet.id)).toBe('subnet-in-use');
    await stage.database.knex('port_addresses').where({ port_id: port.id }).delete();
    expect(await remove('ports', port.id)).toBe('port-in-use');
  });

  it('keeps security groups that ports and rules use, one default per project, and rules once', async () => {
    const { port } = await wiredNetwork();
    const newGroup = async () => (await user.post('/v1/security-groups', {}).expect(201)).body.id;
    const [used, remote] = [await newGroup(), await newGroup()];
    const { knex } = stage.database;
    await knex('port_security_groups').insert({ port_id: port.id, security_group_id: used });
    const rule = {
      security_group_id: used,
      project_id: user.projectId,
      direction: 'ingress',
      ether_type: 'ipv4',
    };
    const naming = { ...rule, remote_group_id: remote };
    await knex('security_group_rules').insert({ ...naming, id: randomUUID() });
    const remove = (id: string) => refusalOf(() => knex('security_groups').where({ id }).delete());
    expect(await remove(used)).toBe('security-group-in-use');
    expect(await remove(remote)).toBe('security-group-in-use');
    expect(
      await refusalOf(() => knex('security_group_rules').insert({ ...naming, id: randomUUID() })),
    ).toMatchObject({ constraint: 'security_group_rules_content' });
    expect(
      await refusalOf(() =>
        knex('security_groups').insert({
          id: randomUUID(),
          project_id: user.projectId,
          name: '',
          is_default: true,
        }),
      ),
    ).toMatchObject({ constraint: 'security_groups_default' });
    expect(
      await refusalOf(() => knex('quotas').where({ project_id: user.projectId }).update({ used_count: -1 })),
    ).toMatchObject({
      constraint: 'quotas_used_count_check',
    });
  });

  it('has one live binding per port and per vNIC, and one that a host sees per vNIC', async () => {
    const { network, port, attachment } = await wiredNetwork();
    const bind = (changes: object) =>
      refusalOf((knex) =>
        knex('bindings').insert({
          id: randomUUID(),
          project_id: user.projectId,
          vnic_id: attachment.vnicId,
          port_id: port.id,
          network_id: network.id,
          host_name: 'host-1',
          generation: 1,
          placement: 1,
          ...changes,
        }),
      );
    expect(await bind({})).toBe('nothing');
    expect(await bind({ host_name: 'host-2', vnic_id: randomUUID() })).toMatchObject({
      constraint: 'bindings_live',
    });
    expect(await bind({ host_name: 'host-2', port_id: randomUUID() })).toMatchObject({
      constraint: 'bindings_vnic_live',
    });
    expect(await bind({ desired: 'absent' })).toMatchObject({ constraint: 'bindings_vnic_on_host' });
    expect(await bind({ desired: 'absent', superseded_by: randomUUID() })).toBe('nothing');
    expect(await bind({ superseded_by: randomUUID(), port_id: randomUUID() })).toMatchObject({
      constraint: 'bindings_superseded_is_absent',
    });
  });
});
