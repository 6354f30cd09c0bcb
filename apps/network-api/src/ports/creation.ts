import type { Port, PortInput } from '@patchpanel/contract-network';
import {
  appendEvents,
  created,
  createTogether,
  Problem,
  type Batch,
  type IdempotencyClaim,
  type OperationResponse,
  type Outcome,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { allocateAddresses, type Allocation, type AllocationRequest } from '../addresses/allocation.ts';
import type { GrantedAddress } from '../addresses/allotment.ts';
import { insertPortAddresses } from '../addresses/store.ts';
import { withConstraints } from '../constraints.ts';
import { lookUpNetworks } from '../networks/lookups.ts';
import type { Parts } from '../parts.ts';
import { holdQuota } from '../quotas/hold.ts';
import { lockSubnetsOf } from '../subnets/store.ts';
import { writeTags } from '../tags/store.ts';
import { checkPort, readPort, type PortWords } from './content.ts';
import { portEvent } from './events.ts';
import { openSite, toFixedIp, type Site } from './site.ts';
import { insertPorts, type PortContent, type PortRow } from './store.ts';
import { toPort } from './wire.ts';

/** A request for ports in a network: all of them, or none. */
export interface PortCreation {
  readonly caller: UserCaller;
  readonly networkId: string;
  readonly inputs: readonly PortInput[];
  /** Whether it asked for one port, and gets that, or for a list. */
  readonly isForOne: boolean;
  readonly idempotency: IdempotencyClaim | undefined;
}

type CreationBatch = Batch<PortCreation, OperationResponse>;

/** Makes the ports of many requests, which have their addresses from now on. */
export function makePorts(
  parts: Parts,
  requests: readonly PortCreation[],
): Promise<Outcome<OperationResponse>[]> {
  return createTogether(parts.database, requests, async (trx, batch) => {
    const quota = await holdQuota(trx, parts, 'ports', batch.pending, ({ caller, inputs }) => ({
      projectId: caller.projectId,
      count: inputs.length,
    }));
    const covered = batch.pending.filter((request) => !quota.shortages.has(request));
    const drafts = await draftPorts(parts, trx, batch, covered);
    await allocate(trx, batch, drafts);

    const made = new Map([...drafts].filter(([request]) => batch.pending.includes(request)));
    const givenUp = await quota.settle(new Set(made.keys()));
    for (const [request, shortage] of quota.shortages) {
      // What another request has given up after all may be enough: it is asked again.
      if (givenUp.has(request.caller.projectId)) batch.postpone(request);
      else batch.refuse(request, shortage);
    }
    await write(trx, batch, made);
  });
}

/** A port in the making. */
interface Draft {
  readonly site: Site;
  readonly words: PortWords;
  readonly input: PortInput;
  /** Where in the request it is asked for. */
  readonly pointer: string;
  content: PortContent;
  addresses: readonly GrantedAddress[];
}

type Drafts = ReadonlyMap<PortCreation, readonly Draft[]>;

/** Locks networks and subnets, and refuses what can't be told to be possible without addresses. */
async function draftPorts(
  parts: Parts,
  trx: Knex,
  batch: CreationBatch,
  requests: readonly PortCreation[],
): Promise<Drafts> {
  const networkOf = await lookUpNetworks(trx, requests, 'add-port');
  const networkIds = [...new Set(requests.map(({ networkId }) => networkId))];
  const subnets = Map.groupBy(await lockSubnetsOf(trx, networkIds), (subnet) => subnet.network_id);
  const sites = new Map<string, Site>();
  const drafts = new Map<PortCreation, readonly Draft[]>();
  batch.check((request) => {
    if (!requests.includes(request)) return;
    const network = networkOf(request);
    const site = sites.get(network.id) ?? openSite(parts, network, subnets.get(network.id) ?? []);
    sites.set(network.id, site);
    drafts.set(
      request,
      request.inputs.map((input, index) => draft(site, request, input, index)),
    );
  });
  return drafts;
}

function draft(site: Site, { caller, isForOne }: PortCreation, input: PortInput, index: number): Draft {
  const pointer = isForOne ? '' : `/ports/${index}`;
  const words = readPort(input, pointer);
  const content: PortContent = {
    id: newId(),
    project_id: caller.projectId,
    network_id: site.network.id,
    name: words.name ?? '',
    description: words.description ?? '',
    tags: words.tags ?? [],
    admin_state: words.admin_state ?? 'up',
    fixed_ips: [],
    port_security: words.port_security ?? 'on',
    allowed_address_pairs: words.allowed_address_pairs ?? [],
    security_group_ids: words.security_group_ids ?? [],
    lease_seconds: words.lease_seconds ?? null,
  };
  checkPort(site, content, words, pointer);
  return { site, words, input, pointer, content, addresses: [] };
}

/** Gives drafts their addresses, or refuses their requests. */
async function allocate(trx: Knex, batch: CreationBatch, drafts: Drafts): Promise<void> {
  const wanted = [...drafts].flatMap(([request, ports]): [PortCreation, AllocationRequest][] => {
    const [first] = ports;
    if (!first) return [];
    const { network, sources } = first.site;
    return [
      [
        request,
        {
          projectId: request.caller.projectId,
          sources,
          ports: request.inputs.map(({ fixedIps }) => fixedIps),
          pointerOf: (port) => `${ports[port]?.pointer ?? ''}/fixedIps`,
          mayTakeReserved: network.project_id === request.caller.projectId,
          accept: (addresses) => addAddresses(ports, addresses),
        },
      ],
    ];
  });
  const allocations: Map<AllocationRequest, Allocation> = await allocateAddresses(
    trx,
    wanted.map(([, request]) => request),
  );
  for (const [request, allocationRequest] of wanted) {
    const allocation = allocations.get(allocationRequest);
    if (allocation instanceof Problem) batch.refuse(request, allocation);
  }
}

/** Puts addresses into drafts, and holds each port as it would be against its provider. */
function addAddresses(ports: readonly Draft[], addresses: readonly GrantedAddress[]): void {
  const byPort = Map.groupBy(addresses, ({ port }) => port);
  for (const [index, port] of ports.entries()) {
    port.addresses = (byPort.get(index) ?? []).toSorted((a, b) => a.position - b.position);
    port.content = { ...port.content, fixed_ips: port.addresses.map(toFixedIp) };
    port.site.check(port.content, (pointer) => `${port.pointer}${deepestGiven(port.input, pointer)}`);
  }
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

/** Writes all that was not refused, and answers it. */
async function write(trx: Knex.Transaction, batch: CreationBatch, made: Drafts): Promise<void> {
  const ports = [...made.values()].flat();
  if (ports.length === 0) return;
  const times = await withConstraints(() =>
    insertPorts(
      trx,
      ports.map(({ content }) => content),
    ),
  );
  await withConstraints(() =>
    insertPortAddresses(
      trx,
      ports.flatMap(({ content, addresses }) =>
        addresses.map((address, position) => ({ ...address, position, portId: content.id })),
      ),
    ),
  );
  for (const [projectId, contents] of Map.groupBy(
    ports.map(({ content }) => content),
    (port) => port.project_id,
  )) {
    await writeTags(trx, 'port', projectId, contents);
  }
  await appendEvents(
    trx,
    ports.map(({ content }) => portEvent({ ...content, revision: 1 }, 'created')),
  );
  for (const [request, drafts] of made) {
    const items = drafts.map(({ content, site }) => describe(content, site, times.get(content.id)));
    const [first] = items;
    if (request.isForOne && first) batch.answer(request, created(`/v1/ports/${first.id}`, first));
    else batch.answer(request, { status: 201, body: { items } });
  }
}

function describe(
  content: PortContent,
  { network }: Site,
  times: Pick<PortRow, 'created_at' | 'lease_expires_at'> | undefined,
): Port {
  if (!times) throw new Error('a port was not written');
  return toPort({
    ...content,
    ...times,
    ...nothingPlugged,
    status: 'available',
    status_reason: null,
    was_ever_bound: false,
    revision: 1,
    updated_at: times.created_at,
    network_admin_state: network.admin_state,
  });
}

const nothingPlugged = {
  vnic_id: null,
  mac_address: null,
  generation: null,
  attachment_revision: null,
  attachment_created_at: null,
  attachment_updated_at: null,
  host_name: null,
  device_name: null,
  bound_at: null,
} as const;
