import type { Port, PortInput } from '@patchpanel/contract-network';
import {
  appendEvents,
  created,
  createTogether,
  Problem,
  type Batch,
  type IdempotencyClaim,
  type NewEvent,
  type OperationResponse,
  type Outcome,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { ServerProvider } from '@patchpanel/provider';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { allocateAddresses, type Allocation, type AllocationRequest } from '../addresses/allocation.ts';
import type { GrantedAddress } from '../addresses/allotment.ts';
import { recoveryProblem } from '../agents/recovery.ts';
import { withConstraints } from '../constraints.ts';
import { lookUpNetworks } from '../networks/lookups.ts';
import type { Parts } from '../parts.ts';
import { holdQuota } from '../quotas/hold.ts';
import { defaultGroupsOf, findGroupProjects, joinGroups } from '../security-groups/membership.ts';
import { lockSubnetsOf } from '../subnets/store.ts';
import { writeTags } from '../tags/store.ts';
import { checkGroups, checkPort, membershipOf, readPort, type PortWords } from './content.ts';
import { portEvent } from './events.ts';
import { deepestGiven, openSite, toFixedIp, type Site } from './site.ts';
import { insertPorts, type MadePort, type PortContent } from './store.ts';
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
    const defaults = await defaultGroupsOf(trx, projectsWithDefaults(parts, covered));
    const drafts = await draftPorts(parts, trx, batch, covered, defaults.groupIds);
    await allocate(parts, trx, batch, drafts);

    const made = new Map([...drafts].filter(([request]) => batch.pending.includes(request)));
    const givenUp = await quota.settle(new Set(made.keys()));
    for (const [request, shortage] of quota.shortages) {
      // What another request has given up after all may be enough: it is asked again.
      if (givenUp.has(request.caller.projectId)) batch.postpone(request);
      else batch.refuse(request, shortage);
    }
    await write(trx, batch, made, defaults.events);
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

/** The projects of which the default group may be wanted: no network is known yet, only whether any could have groups. */
function projectsWithDefaults({ providers }: Parts, requests: readonly PortCreation[]): string[] {
  const haveGroups = providers.names.some((provider) => hasGroups(providers.ofNetwork({ provider })));
  const wantDefault = ({ portSecurity, securityGroupIds }: PortInput) =>
    portSecurity !== 'off' && securityGroupIds === undefined;
  const asking = haveGroups ? requests.filter(({ inputs }) => inputs.some(wantDefault)) : [];
  return [...new Set(asking.map(({ caller }) => caller.projectId))];
}

function hasGroups(provider: ServerProvider): boolean {
  return provider.capabilities().features.includes('security-groups');
}

/** Locks networks and subnets, and refuses what can be refused without addresses. */
async function draftPorts(
  parts: Parts,
  trx: Knex,
  batch: CreationBatch,
  requests: readonly PortCreation[],
  defaultGroups: ReadonlyMap<string, string>,
): Promise<Drafts> {
  const named = requests.flatMap(({ inputs }) =>
    inputs.flatMap(({ securityGroupIds }) => securityGroupIds ?? []),
  );
  const groupProjects = await findGroupProjects(trx, named);
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
      request.inputs.map((input, index) => {
        const pointer = request.isForOne ? '' : `/ports/${index}`;
        const port = draft(site, request.caller, input, pointer, defaultGroups);
        checkGroups(request.caller.projectId, port.words.security_group_ids, groupProjects, pointer);
        return port;
      }),
    );
  });
  return drafts;
}

function draft(
  site: Site,
  caller: UserCaller,
  input: PortInput,
  pointer: string,
  defaultGroups: ReadonlyMap<string, string>,
): Draft {
  const words = readPort(input, pointer);
  const isGuarded = words.port_security !== 'off' && hasGroups(site.provider);
  const defaultGroup = isGuarded ? defaultGroups.get(caller.projectId) : undefined;
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
    security_group_ids: words.security_group_ids ?? (defaultGroup === undefined ? [] : [defaultGroup]),
    lease_seconds: words.lease_seconds ?? null,
  };
  checkPort(site, content, words, pointer);
  return { site, words, input, pointer, content, addresses: [] };
}

/** Gives drafts their addresses, or refuses their requests. */
async function allocate(parts: Parts, trx: Knex, batch: CreationBatch, drafts: Drafts): Promise<void> {
  const recovering = await recoveryProblem(trx);
  const wanted = [...drafts].flatMap(([request, ports]): [PortCreation, AllocationRequest][] => {
    const [first] = ports;
    if (!first) return [];
    if (recovering && request.inputs.some(({ fixedIps }) => fixedIps?.length !== 0)) {
      batch.refuse(request, recovering);
      return [];
    }
    const { network, sources } = first.site;
    return [
      [
        request,
        {
          projectId: request.caller.projectId,
          sources,
          ports: request.inputs.map(({ fixedIps }) => fixedIps),
          pointerOf: (port, position) =>
            `${ports[port]?.pointer ?? ''}/fixedIps${position === undefined ? '' : `/${position}`}`,
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

/** Writes all that was not refused, and answers it. */
async function write(
  trx: Knex.Transaction,
  batch: CreationBatch,
  made: Drafts,
  told: readonly NewEvent[],
): Promise<void> {
  const ports = [...made.values()].flat();
  if (ports.length === 0) {
    await appendEvents(trx, told);
    return;
  }
  const written = await withConstraints(() =>
    insertPorts(
      trx,
      ports.map(({ content }) => content),
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
  const joined = await joinGroups(
    trx,
    ports.map(({ content }) => ({ portId: content.id, ...membershipOf(content) })),
  );
  await appendEvents(trx, [
    ...told,
    ...ports.map(({ content }) => portEvent({ ...content, revision: 1 }, 'created')),
    ...joined,
  ]);
  for (const [request, drafts] of made) {
    const items = drafts.map(({ content, site }) => describe(content, site, written.get(content.id)));
    const [first] = items;
    if (request.isForOne && first) batch.answer(request, created(`/v1/ports/${first.id}`, first));
    else batch.answer(request, { status: 201, body: { items } });
  }
}

function describe(
  { id, name, admin_state }: PortContent,
  { network }: Site,
  made: MadePort | undefined,
): Port {
  if (!made) throw new Error('a port was not written');
  return toPort({
    ...nothingPlugged,
    ...made,
    id,
    name,
    admin_state,
    status: 'available',
    status_reason: null,
    revision: 1,
    updated_at: made.created_at,
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
