import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapConstraint, Problem, violatedConstraint } from '@patchpanel/service-kit';
import { testEngine } from '@patchpanel/service-kit/testing';
import type { Knex } from 'knex';
import { constraintProblems } from './constraints.ts';
import { startComputeService, type ComputeService, type UserClient } from './testing/compute-service.ts';

let service: ComputeService;
let user: UserClient;
beforeAll(async () => {
  service = await startComputeService();
  user = await service.user();
  await (await service.host('host-1')).register();
});
afterAll(() => service.close());

/** What the database itself says to a statement that no check has looked at before. */
async function refusalOf(statement: (knex: Knex) => PromiseLike<unknown>): Promise<unknown> {
  try {
    await mapConstraint(constraintProblems, () => statement(service.database.knex));
    return 'nothing';
  } catch (error) {
    return error instanceof Problem ? error.code : (violatedConstraint(error) ?? error);
  }
}

describe(`the database itself, on ${testEngine()}`, () => {
  it('has one vNIC per MAC address, however it is spelt, and only those that a vNIC can have', async () => {
    const { macAddress } = await user.makeVnic({ macAddress: '02:00:00:00:0a:0b' });
    const insert = (mac_address: string) =>
      refusalOf((knex) =>
        knex('vnics').insert({ id: uuidv7(), project_id: uuidv7(), name: '', mac_address }),
      );
    expect(await insert(macAddress)).toBe('mac-address-in-use');
    expect(await insert('0200.0000.0A0B')).toBe('mac-address-in-use');
    expect(await insert('01:00:5e:00:00:01')).toBe('vnics_mac_address_unicast');
    expect(await insert('00:00:00:00:00:00')).toBe('vnics_mac_address_unicast');
    expect(await insert('02:00:00:00:0a:0c')).toBe('nothing');
  });

  it('has one vNIC per slot, in an instance that exists, and keeps an instance that has vNICs', async () => {
    const [first, second] = [await user.makeVnic(), await user.makeVnic()];
    const instance = await user.makeInstance({ vnicIds: [first.id] });
    const put = (changes: object) =>
      refusalOf((knex) => knex('vnics').where({ id: second.id }).update(changes));
    expect(await put({ instance_id: instance.id, slot: 0 })).toBe('vnics_slot_unique');
    expect(await put({ instance_id: uuidv7(), slot: 0 })).toBe('vnics_instance');
    expect(await put({ instance_id: instance.id })).toBe('vnics_slot_in_instance');
    const remove = (knex: Knex) => knex('instances').where({ id: instance.id }).delete();
    expect(await refusalOf(remove)).toBe('vnics_instance');
    expect(await put({ instance_id: instance.id, slot: 1 })).toBe('nothing');
  });

  it('keeps what an instance says of itself in accord', async () => {
    const { id } = await user.makeInstance();
    const change = (changes: object) => refusalOf((knex) => knex('instances').where({ id }).update(changes));
    expect(await change({ placement: 0 })).toBe('instances_placed');
    expect(await change({ host_name: 'nowhere' })).toBe('instances_host');
    expect(await change({ host_name: null, is_deleting: true })).toBe('instances_deleting_has_host');
    expect(await change({ host_name: null, reported_status: 'running' })).toBe('instances_report_has_host');
    expect(await change({ assignment_revision: 9 })).toBe('instances_revisions');
    expect(await change({ power_state: 'asleep' })).toBe('instances_power_state');
  });

  it('knows hosts by names that can be ones, and keeps those that have instances', async () => {
    await user.makeInstance();
    const change = (changes: object) =>
      refusalOf((knex) => knex('hosts').where({ name: 'host-1' }).update(changes));
    expect(await change({ name: 'Host 1' })).toBe('hosts_name_form');
    expect(await change({ instance_count: -1 })).toBe('hosts_count_range');
    expect(await change({ instance_capacity: -1 })).toBe('hosts_capacity_range');
    expect(await refusalOf((knex) => knex('hosts').where({ name: 'host-1' }).delete())).toBe(
      'instances_host',
    );
  });
});
