import type { Port, PortInput, PortList, PortStatus } from '@patchpanel/contract-network';
import {
  appendEvents,
  checkIfMatch,
  created,
  createOnce,
  inTransaction,
  readPageRequest,
  toPage,
  type IdempotencyClaim,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { allocateAddresses, type GrantedAddress } from '../addresses/allocation.ts';
import { toSource } from '../addresses/demands.ts';
import { formatIp, storedCidr } from '../addresses/ip.ts';
import {
  deletePortAddresses,
  insertPortAddresses,
  insertRestingAddresses,
  returnToFree,
  type PortAddress,
} from '../addresses/store.ts';
import { hasBindings } from '../bindings/store.ts';
import { withConstraints } from '../constraints.ts';
import { lookUpNetwork } from '../networks/lookup.ts';
import { toNetworkContext, type NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { problem } from '../problems.ts';
import { refuseIssues } from '../providers/catalog.ts';
import { lockSubnetAddresses, selectSubnetsOf, toSubnetContext, type SubnetRow } from '../subnets/store.ts';
import { portEvent } from './events.ts';
import { lookUpPort } from './lookup.ts';
import { deletePortRow, insertPorts, selectPorts, toPort } from './store.ts';

/** Makes a port, which has its addresses from now on. */
export function createPort(
  parts: Parts,
  caller: UserCaller,
  networkId: string,
  input: PortInput,
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => {
    const [port] = await makePorts(parts, trx, caller, networkId, [input], () => '');
    if (!port) throw new Error('no port was made');
    return created(`/v1/ports/${port.id}`, port);
  });
}

/** Makes many ports, all or none. */
export function createPorts(
  parts: Parts,
  caller: UserCaller,
  networkId: string,
  inputs: readonly PortInput[],
  idempotency: IdempotencyClaim | undefined,
): Promise<OperationResponse> {
  return createOnce(parts, idempotency, async (trx) => ({
    status: 201,
    body: { items: await makePorts(parts, trx, caller, networkId, inputs, (index) => `/ports/${index}`) },
  }));
}

/** Lists the project's ports, oldest first. */
export async function listPorts(
  { database }: Parts,
  caller: UserCaller,
  query: {
    readonly limit?: number;
    readonly pageToken?: string;
    readonly networkId?: string;
    readonly vnicId?: string;
    readonly status?: PortStatus;
  },
): Promise<PortList> {
  const filters = {
    projectId: caller.projectId,
    ...(query.networkId === undefined ? {} : { networkId: query.networkId }),
    ...(query.vnicId === undefined ? {} : { vnicId: query.vnicId }),
    ...(query.status === undefined ? {} : { status: query.status }),
  };
  const page = readPageRequest(query, filters);
  return toPage(await selectPorts(database.knex, filters, page), page, toPort);
}

/** Gives one port. */
export async function getPort({ database }: Parts, caller: UserCaller, id: string): Promise<Port> {
  return toPort(await lookUpPort(database.knex, caller, 'read', id));
}

/**
 * Deletes a port that nothing is plugged into. Its addresses are free at once if no host ever had them; otherwise they
 * rest, and as long as a host has not confirmed that the wiring is gone, the rest has not even begun.
 */
export function deletePort(
  parts: Parts,
  caller: UserCaller,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  return inTransaction(parts.database, async (trx) => {
    const before = await lookUpPort(trx, caller, 'read', id);
    const subnetIds = [...new Set((before.fixed_ips ?? []).map(({ subnet_id: subnetId }) => subnetId))];
    for (const subnetId of subnetIds.toSorted()) await lockSubnetAddresses(trx, subnetId);
    const row = await lookUpPort(trx, caller, 'delete', id);
    checkIfMatch(ifMatch, row.revision);
    if (row.vnic_id !== null) {
      throw problem('port-in-use', `vNIC ${row.vnic_id} is plugged into the port. Unplug it first.`);
    }
    const released = await deletePortAddresses(trx, id);
    if (row.was_ever_bound) {
      const isAwaited = await hasBindings(trx, id);
      await insertRestingAddresses(trx, id, released, isAwaited ? undefined : parts.addressRestSeconds);
    } else {
      await freeAddresses(trx, released);
    }
    await withConstraints(() => deletePortRow(trx, id));
    await appendEvents(trx, [portEvent({ ...row, revision: row.revision + 1 }, 'deleted')]);
  });
}

async function makePorts(
  parts: Parts,
  trx: Knex.Transaction,
  caller: UserCaller,
  networkId: string,
  inputs: readonly PortInput[],
  pointerOf: (index: number) => string,
): Promise<Port[]> {
  const network = await lookUpNetwork(trx, caller, 'add-port', networkId);
  const subnets = await selectSubnetsOf(trx, [network.id]);
  const granted = await allocateAddresses(trx, {
    projectId: caller.projectId,
    sources: subnets.map(toSource),
    ports: inputs.map(({ fixedIps }) => fixedIps),
    pointerOf: (index) => `${pointerOf(index)}/fixedIps`,
  });
  const addressesOf = groupByPort(granted);
  const rows = inputs.map((input) => ({
    id: newId(),
    project_id: caller.projectId,
    network_id: network.id,
    name: input.name ?? '',
    admin_state: input.adminState ?? 'up',
  }));
  for (const [index, row] of rows.entries()) {
    checkWithProvider(
      parts,
      network,
      subnets,
      row,
      addressesOf.get(index) ?? [],
      (pointer) => `${pointerOf(index)}${deepestGiven(inputs[index], pointer)}`,
    );
  }
  const createdAt = await insertPorts(trx, rows);
  const portIds = rows.map(({ id }) => id);
  await withConstraints(() =>
    insertPortAddresses(
      trx,
      granted.flatMap((address) => {
        const portId = portIds[address.port];
        return portId === undefined ? [] : [{ ...address, portId }];
      }),
    ),
  );
  await appendEvents(
    trx,
    rows.map((row) => portEvent({ ...row, revision: 1 }, 'created')),
  );
  return rows.map((row, index) => ({
    id: row.id,
    projectId: row.project_id,
    networkId: row.network_id,
    name: row.name,
    description: '',
    tags: [],
    adminState: row.admin_state,
    status: 'available',
    portSecurity: 'on',
    allowedAddressPairs: [],
    securityGroupIds: [],
    fixedIps: (addressesOf.get(index) ?? []).map(({ subnetId, ipVersion, value }) => ({
      subnetId,
      ipAddress: formatIp(ipVersion, value),
    })),
    revision: 1,
    createdAt,
    updatedAt: createdAt,
  }));
}

function groupByPort(granted: readonly GrantedAddress[]): Map<number, GrantedAddress[]> {
  const byPort = Map.groupBy(granted, ({ port }) => port);
  for (const addresses of byPort.values()) addresses.sort((a, b) => a.position - b.position);
  return byPort;
}

function checkWithProvider(
  { providers }: Parts,
  network: NetworkRow,
  subnets: readonly SubnetRow[],
  port: { readonly id: string; readonly project_id: string; readonly admin_state: 'up' | 'down' },
  addresses: readonly PortAddress[],
  toRequest: (pointer: string) => string,
): void {
  const fixedIps = addresses.flatMap(({ subnetId, ipVersion, value }) => {
    const subnet = subnets.find(({ id }) => id === subnetId);
    if (!subnet) return [];
    const { gatewayIp } = toSubnetContext(subnet);
    return [
      {
        subnetId,
        ipAddress: formatIp(ipVersion, value),
        prefixLength: storedCidr(subnet.cidr).prefixLength,
        ...(gatewayIp === undefined ? {} : { gatewayIp }),
      },
    ];
  });
  refuseIssues(
    providers.ofNetwork(network).validatePort(
      {
        id: port.id,
        networkId: network.id,
        projectId: port.project_id,
        adminState: port.admin_state,
        fixedIps,
        allowedAddressPairs: [],
        portSecurity: 'on',
        securityGroupIds: [],
      },
      toNetworkContext(network),
    ),
    toRequest,
  );
}

/** As much of a pointer as the caller has written: the provider sees defaults and automatic addresses filled in. */
function deepestGiven(input: unknown, pointer: string): string {
  let given = '';
  let value = input;
  for (const key of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return given;
    value = Reflect.get(value, key);
    given += `/${key}`;
  }
  return given;
}

async function freeAddresses(trx: Knex, released: readonly PortAddress[]): Promise<void> {
  for (const [subnetId, addresses] of Map.groupBy(released, (address) => address.subnetId)) {
    const [first] = addresses;
    if (!first) continue;
    await returnToFree(
      trx,
      { id: subnetId, ipVersion: first.ipVersion },
      addresses.map(({ value }) => value),
    );
  }
}
