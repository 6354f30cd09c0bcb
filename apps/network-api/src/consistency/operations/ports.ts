import { canonicalJson } from '@patchpanel/service-kit';
import type { Answer, Call } from '../history/history.ts';
import { allotments, checkGranted, type WantedIp } from '../model/demand.ts';
import type { FixedIp, Model, PortState } from '../model/model.ts';
import { drawAddress } from './addresses.ts';
import type { Dice } from './dice.ts';
import type { Knowledge } from './knowledge.ts';
import { operation, refused, refusedFor, type Operation, type Verdict } from './operation.ts';
import { learnPort } from './wiring.ts';

interface NewPort {
  readonly name: string;
  readonly adminState?: 'down';
  readonly fixedIps?: readonly WantedIp[];
  readonly securityGroupIds?: readonly string[];
}

interface NewPorts {
  readonly networkId: string;
  readonly ports: readonly NewPort[];
}

const createPort = operation<NewPorts>({
  name: 'createPort',
  role: 'user',
  weight: 14,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const networkId = drawNetwork(dice, known, projectId);
    if (networkId === undefined) return undefined;
    return { networkId, ports: [drawPort(dice, known, networkId, projectId)] };
  },
  request: ({ networkId, ports: [body] }) => ({
    method: 'POST',
    path: `/v1/networks/${networkId}/ports`,
    body,
  }),
  judge: (model, ask, call) => judgeNewPorts(model, ask, call, ({ body }) => [body]),
  learn: (known, _ask, { status, body }) => {
    if (status === 201) learnPort(known, body);
  },
});

const createPorts = operation<NewPorts>({
  name: 'createPorts',
  role: 'user',
  weight: 4,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const networkId = drawNetwork(dice, known, projectId);
    if (networkId === undefined) return undefined;
    const ports = Array.from({ length: 1 + dice.below(5) }, () =>
      drawPort(dice, known, networkId, projectId),
    );
    return { networkId, ports };
  },
  request: ({ networkId, ports }) => ({
    method: 'POST',
    path: `/v1/networks/${networkId}/ports/bulk`,
    body: { ports },
  }),
  judge: (model, ask, call) => judgeNewPorts(model, ask, call, ({ body }) => body.items),
  learn: (known, _ask, { status, body }) => {
    if (status === 201) for (const port of body.items) learnPort(known, port);
  },
});

const getPort = operation<{ portId: string }>({
  name: 'getPort',
  role: 'user',
  weight: 6,
  isRead: true,
  draw: (dice, known) => {
    const portId = dice.pick([...known.ports.keys()]);
    return portId === undefined ? undefined : { portId };
  },
  drawAll: (known, { projectId }) => known.portsOf(projectId).map(({ id }) => ({ portId: id })),
  request: ({ portId }) => ({ method: 'GET', path: `/v1/ports/${portId}` }),
  judge: (model, { portId }, { projectId }) => {
    const port = model.port(projectId, portId);
    if (!port) return refused('port-not-found');
    return {
      kind: 'done',
      statuses: [200],
      events: [],
      check: ({ body }) => differenceOf(model, port, body),
    };
  },
  learn: (known, { portId }, { status, body }) => {
    if (status === 200) learnPort(known, body);
    if (status === 404) known.ports.delete(portId);
  },
});

const listPorts = operation<{ networkId: string }>({
  name: 'listPorts',
  role: 'user',
  weight: 2,
  isRead: true,
  draw: (dice, known, { projectId }) => {
    const networkId = dice.pick(known.networksOf(projectId))?.id;
    return networkId === undefined ? undefined : { networkId };
  },
  drawAll: (known, { projectId }) => known.networksOf(projectId).map(({ id }) => ({ networkId: id })),
  request: ({ networkId }) => ({ method: 'GET', path: `/v1/ports?networkId=${networkId}&limit=200` }),
  judge: (model, { networkId }, { projectId }) => ({
    kind: 'done',
    statuses: [200],
    events: [],
    check: ({ body }) => {
      // A page is judged as far as it goes.
      const listed: { id: string }[] = body.items;
      const expected = model
        .portsOf(networkId)
        .filter((port) => port.projectId === projectId)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, 200);
      if (listed.map(({ id }) => id).join() !== expected.map(({ id }) => id).join())
        return `the list has ${listed.length} ports where there are ${expected.length}, or others`;
      return expected
        .map((port, index) => differenceOf(model, port, listed[index]))
        .find((difference) => difference !== undefined);
    },
  }),
});

const deletePort = operation<{ portId: string; ifMatch: number | undefined }>({
  name: 'deletePort',
  role: 'user',
  weight: 12,
  draw: (dice, known, { projectId }) => {
    const port = dice.pick(known.portsOf(projectId));
    return port && { portId: port.id, ifMatch: dice.oneIn(4) ? port.revision : undefined };
  },
  request: ({ portId, ifMatch }) => ({
    method: 'DELETE',
    path: `/v1/ports/${portId}`,
    ifMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
  }),
  judge: (model, { portId, ifMatch }, { projectId }) => {
    const port = model.port(projectId, portId);
    if (!port) return refused('port-not-found');
    return (
      refusedFor([
        ifMatch !== undefined && ifMatch !== port.revision && 'precondition-failed',
        port.vnicId !== undefined && 'port-in-use',
      ]) ?? {
        kind: 'done',
        statuses: [204],
        events: [
          { resourceType: 'port', resourceId: portId, revision: port.revision + 1, change: 'deleted' },
        ],
        apply: () => model.removePort(port),
      }
    );
  },
  learn: (known, { portId }, { status }) => {
    if (status === 204 || status === 404) known.ports.delete(portId);
  },
});

export const portOperations: readonly Operation[] = [createPort, createPorts, getPort, listPorts, deletePort];

/** Says in what a port as it was shown differs from what it should be. */
export function differenceOf(model: Model, port: PortState, shown: Answer['body']): string | undefined {
  const vnic = port.vnicId === undefined ? undefined : model.vnic(port.projectId, port.vnicId);
  const wanted = {
    revision: port.revision,
    name: port.name,
    adminState: port.adminState,
    status: port.status,
    addresses: addressesOf(port.fixedIps),
    groups: port.securityGroupIds.toSorted().join(),
    vnicId: vnic?.vnicId,
    macAddress: vnic?.plug?.macAddress,
    generation: vnic?.generation,
    host: model.liveBinding(port.id)?.host,
  };
  const got: typeof wanted = {
    revision: shown.revision,
    name: shown.name,
    adminState: shown.adminState,
    status: shown.status,
    addresses: addressesOf(shown.fixedIps),
    groups: shown.securityGroupIds.toSorted().join(),
    vnicId: shown.attachment?.vnicId,
    macAddress: shown.attachment?.macAddress,
    generation: shown.attachment?.generation,
    host: shown.attachment?.binding?.hostName,
  };
  for (const [field, value] of Object.entries(wanted)) {
    const other: unknown = Reflect.get(got, field);
    if (other !== value)
      return `port ${port.id} has ${field} ${String(other)}, where it should have ${value}`;
  }
  return undefined;
}

function judgeNewPorts(
  model: Model,
  { networkId, ports }: NewPorts,
  { answer, projectId = '', startedAt }: Call,
  portsOf: (answer: Answer) => Answer['body'][],
): Verdict {
  const network = model.network(projectId, networkId);
  const isOverQuota = !model.hasRoomFor(projectId, 'ports', ports.length);
  // One's own quota is looked at first, and says nothing of the network.
  if (!network) return refused('network-not-found', ...(isOverQuota ? ['quota-exceeded'] : []));
  const ways = allotments(
    model,
    networkId,
    ports.map(({ fixedIps }) => fixedIps),
    { startedAt, isOwner: network.projectId === projectId },
  );
  const groupIds = ports.flatMap(({ securityGroupIds = [] }) => securityGroupIds);
  const reasons = [
    isOverQuota && 'quota-exceeded',
    groupIds.some((id) => !model.group(projectId, id)) && 'security-group-not-found',
  ].filter((reason) => reason !== false);
  const codes = [...reasons, ...ways.flatMap((way) => ('refused' in way ? way.refused : []))];
  const isRefused = reasons.length > 0 || (answer && answer.status >= 400 && codes.length > 0);
  if (isRefused === true || ways.every((way) => 'refused' in way)) return refused(...codes);
  const made = answer && answer.status < 300 ? portsOf(answer) : [];
  // Ports that name no groups are in the project's default one.
  const defaultId = model.defaultGroup(projectId)?.id;
  return {
    kind: 'done',
    statuses: [201],
    events: [
      ...made.map(({ id }) => ({
        resourceType: 'port',
        resourceId: id,
        revision: 1,
        change: 'created' as const,
      })),
    ],
    check: () => {
      if (made.length !== ports.length) return `${made.length} ports were made, not ${ports.length}`;
      const other = made.find(
        (port, index) =>
          port.revision !== 1 ||
          port.name !== ports[index]?.name ||
          port.adminState !== (ports[index]?.adminState ?? 'up') ||
          port.status !== 'available' ||
          port.networkId !== networkId,
      );
      if (other) return `port ${other.id} is not as asked for`;
      const isElsewhere = made.some(({ securityGroupIds }, index) => {
        const wanted = ports[index]?.securityGroupIds ?? (defaultId === undefined ? [] : [defaultId]);
        return canonicalJson(wanted.toSorted()) !== canonicalJson(securityGroupIds.toSorted());
      });
      if (isElsewhere) return 'the ports are in other security groups than they should be';
      const granted: FixedIp[][] = made.map(({ fixedIps }) => fixedIps);
      const wrong = ways.map((way) => ('refused' in way ? '' : checkGranted(model, way, granted)));
      return wrong.includes(undefined) ? undefined : wrong.find((reason) => reason !== '');
    },
    apply: () => {
      for (const { id, name, adminState, fixedIps, securityGroupIds } of made)
        model.addPort({
          id,
          projectId,
          networkId,
          name,
          adminState,
          fixedIps,
          securityGroupIds,
          revision: 1,
          status: 'available',
          wasEverBound: false,
          vnicId: undefined,
        });
    },
  };
}

/** Mostly one of the project's own, at times one of another's, which it may see or not. */
function drawNetwork(dice: Dice, known: Knowledge, projectId: string | undefined): string | undefined {
  const networks = dice.oneIn(6) ? [...known.networks.values()] : known.networksOf(projectId);
  return dice.pick(networks)?.id;
}

function drawPort(dice: Dice, known: Knowledge, networkId: string, projectId: string | undefined): NewPort {
  const subnets = [...known.subnets.values()].filter((subnet) => subnet.networkId === networkId);
  const fixedIps = dice.oneIn(3)
    ? Array.from({ length: dice.below(3) }, () => drawWantedIp(dice, subnets)).filter(
        (address) => address !== undefined,
      )
    : undefined;
  const group = dice.oneIn(5) ? dice.pick(known.groupsOf(projectId)) : undefined;
  return {
    ...(group ? { securityGroupIds: [group.id] } : {}),
    name: `port-${dice.below(1000)}`,
    ...(dice.oneIn(6) ? { adminState: 'down' as const } : {}),
    ...(fixedIps ? { fixedIps } : {}),
  };
}

/** An address of a subnet: automatic, or chosen, with or without its subnet. */
function drawWantedIp(
  dice: Dice,
  subnets: readonly { readonly id: string; readonly cidr: string }[],
): WantedIp | undefined {
  const subnet = dice.pick(subnets);
  if (!subnet) return undefined;
  if (dice.oneIn(2)) return { subnetId: subnet.id };
  const ipAddress = drawAddress(dice, [subnet]);
  return dice.oneIn(2) ? { ipAddress } : { subnetId: subnet.id, ipAddress };
}

function addressesOf(fixedIps: readonly FixedIp[]): string {
  return fixedIps
    .map(({ subnetId, ipAddress }) => `${subnetId} ${ipAddress}`)
    .toSorted()
    .join(', ');
}
