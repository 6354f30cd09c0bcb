import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import type { Vnic, VnicInput, VnicList, VnicPatch } from '@patchpanel/contract-compute';
import {
  appendEvents,
  checkIfMatch,
  commonProblem,
  created,
  createOnce,
  inTransaction,
  mapConstraint,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type NewEvent,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import { authorise } from '../authorisation.ts';
import { constraintProblems } from '../constraints.ts';
import { assignmentEvents, instanceEvent } from '../instances/representation.ts';
import { lockInstance, raiseAssignmentRevision } from '../instances/store.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { lookUpVnic } from './lookup.ts';
import { isUnicast } from './mac-address.ts';
import { presentVnic, vnicEvent } from './representation.ts';
import {
  deleteVnicRow,
  insertVnic,
  insertVnicIfAddressIsFree,
  selectVnics,
  updateVnicFields,
  type NewVnic,
  type VnicRow,
} from './store.ts';

/** With 2^40 addresses, even a service with a billion vNICs runs out of tries once in 10^24 calls. */
const addressTries = 8;

/** Makes a vNIC with the MAC address given, or a random one that no other vNIC of the service has. */
export async function createVnic(
  parts: Parts,
  caller: UserCaller,
  input: VnicInput,
  claim: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  authorise(caller, 'change');
  const macAddress = readMacAddress(input);
  return createOnce(parts, claim, async (trx) => {
    const vnic = {
      id: uuidv7(),
      project_id: caller.projectId,
      name: input.name ?? '',
      network_data: input.networkData ?? null,
    };
    const row =
      macAddress === undefined
        ? await insertWithRandomAddress(trx, parts, vnic)
        : await mapConstraint(constraintProblems, () =>
            insertVnic(trx, { ...vnic, mac_address: macAddress }),
          );
    await appendEvents(trx, [vnicEvent(row, 'created')]);
    return created(`/v1/vnics/${row.id}`, presentVnic(row));
  });
}

/** One page of the project's vNICs, oldest first. */
export async function listVnics(
  parts: Parts,
  caller: UserCaller,
  query: { limit?: number; pageToken?: string; instanceId?: string },
): Promise<VnicList> {
  authorise(caller, 'read');
  const filter = { projectId: caller.projectId, instanceId: query.instanceId };
  const page = readPageRequest(query, { list: 'vnics', ...filter });
  return toPage(await selectVnics(parts.database.knex, filter, page), page, presentVnic);
}

export async function getVnic(parts: Parts, caller: UserCaller, vnicId: string): Promise<Vnic> {
  return presentVnic(await lookUpVnic(parts.database.knex, caller, 'read', vnicId));
}

/** Changes name or network data. New network data of a placed machine's vNIC reaches its host by the feed. */
export async function updateVnic(
  parts: Parts,
  caller: UserCaller,
  vnicId: string,
  patch: VnicPatch,
  ifMatch: string | undefined,
): Promise<Vnic> {
  return inTransaction(parts.database, async (trx) => {
    // Lock order is instance, then vNIC. If an instance takes the vNIC just here, the order is the other way round this
    // once; the database ends a deadlock, and the transaction is tried again.
    const seen = await lookUpVnic(trx, caller, 'read', vnicId);
    if (seen.instance_id !== null) await lockInstance(trx, seen.instance_id);
    const vnic = await lookUpVnic(trx, caller, 'change', vnicId);
    checkIfMatch(ifMatch, vnic.revision);
    const name = patch.name ?? vnic.name;
    const networkData = patch.networkData === undefined ? vnic.network_data : patch.networkData;
    const hasNewContent = networkData !== vnic.network_data;
    if (name === vnic.name && !hasNewContent) return presentVnic(vnic);
    const updated = await updateVnicFields(trx, vnic.id, { name, network_data: networkData });
    const told = hasNewContent ? await tellHost(trx, vnic) : [];
    await appendEvents(trx, [vnicEvent(updated, 'updated'), ...told]);
    return presentVnic(updated);
  });
}

/** Deletes a vNIC that is in no instance. */
export async function deleteVnic(
  parts: Parts,
  caller: UserCaller,
  vnicId: string,
  ifMatch: string | undefined,
): Promise<void> {
  await inTransaction(parts.database, async (trx) => {
    const vnic = await lookUpVnic(trx, caller, 'change', vnicId);
    checkIfMatch(ifMatch, vnic.revision);
    if (vnic.instance_id !== null) {
      throw problem('vnic-in-use', `The vNIC belongs to instance ${vnic.instance_id}: delete that first.`);
    }
    await deleteVnicRow(trx, vnic.id);
    await appendEvents(trx, [vnicEvent(vnic, 'deleted')]);
  });
}

/** Raises what the host of the vNIC's instance is to know, if a host has it. Gives the events of that. */
async function tellHost(trx: Knex.Transaction, vnic: VnicRow): Promise<NewEvent[]> {
  if (vnic.instance_id === null) return [];
  const instance = await raiseAssignmentRevision(trx, vnic.instance_id);
  return instance ? [instanceEvent(instance, 'updated'), ...assignmentEvents(instance, 'updated')] : [];
}

async function insertWithRandomAddress(
  trx: Knex.Transaction,
  { randomMacAddress }: Parts,
  vnic: Omit<NewVnic, 'mac_address'>,
): Promise<VnicRow> {
  for (let attempt = 1; attempt <= addressTries; attempt++) {
    const row = await insertVnicIfAddressIsFree(trx, { ...vnic, mac_address: randomMacAddress() });
    if (row) return row;
  }
  throw new Error(`${addressTries} random MAC addresses in a row were in use: is the random source broken?`);
}

function readMacAddress(input: VnicInput): string | undefined {
  const macAddress = input.macAddress?.toLowerCase();
  if (macAddress === undefined || isUnicast(macAddress)) return macAddress;
  const detail = 'must be a unicast address: the first byte even, and not all bytes zero';
  throw commonProblem('invalid-request', `Correct the request: /macAddress ${detail}.`, {
    errors: [{ pointer: '/macAddress', detail }],
  });
}
