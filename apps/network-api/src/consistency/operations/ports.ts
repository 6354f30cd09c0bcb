import { formatIp, storedCidr } from '../../addresses/ip.ts';
import type { Answer, Call } from '../history/history.ts';
import { allotments, checkGranted, type WantedIp } from '../model/demand.ts';
import type { FixedIp, Model, PortState } from '../model/model.ts';
import type { Dice } from './dice.ts';
import type { Knowledge } from './knowledge.ts';
import { operation, refused, refusedFor, type Operation, type Verdict } from './operation.ts';

interface NewPort {
  readonly name: string;
  readonly adminState?: 'down';
  readonly fixedIps?: readonly WantedIp[];
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
    const networkId = dice.pick(known.networksOf(projectId))?.id;
    if (networkId === undefined) return undefined;
    return { networkId, ports: [drawPort(dice, known, networkId)] };
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
    const networkId = dice.pick(known.networksOf(projectId))?.id;
    if (networkId === undefined) return undefined;
    const ports = Array.from({ length: 1 + dice.below(5) }, () => drawPort(dice, known, networkId));
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
  if (!model.network(projectId, networkId)) return refused('network-not-found');
  const ways = allotments(
    model,
    networkId,
    ports.map(({ fixedIps }) => fixedIps),
    startedAt,
  );
  const codes = ways.flatMap((way) => ('refused' in way ? way.refused : []));
  const isRefused = answer && answer.status >= 400 && codes.length > 0;
  if (isRefused || ways.every((way) => 'refused' in way)) return refused(...codes);
  const made = answer && answer.status < 300 ? portsOf(answer) : [];
  return {
    kind: 'done',
    statuses: [201],
    events: made.map(({ id }) => ({
      resourceType: 'port',
      resourceId: id,
      revision: 1,
      change: 'created',
    })),
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
      const granted: FixedIp[][] = made.map(({ fixedIps }) => fixedIps);
      const wrong = ways.map((way) => ('refused' in way ? '' : checkGranted(model, way, granted)));
      return wrong.includes(undefined) ? undefined : wrong.find((reason) => reason !== '');
    },
    apply: () => {
      for (const { id, name, adminState, fixedIps } of made)
        model.addPort({
          id,
          projectId,
          networkId,
          name,
          adminState,
          fixedIps,
          revision: 1,
          status: 'available',
          wasEverBound: false,
          vnicId: undefined,
        });
    },
  };
}

function drawPort(dice: Dice, known: Knowledge, networkId: string): NewPort {
  const subnets = [...known.subnets.values()].filter((subnet) => subnet.networkId === networkId);
  const fixedIps = dice.oneIn(3)
    ? Array.from({ length: dice.below(3) }, () => drawAddress(dice, subnets)).filter(
        (address) => address !== undefined,
      )
    : undefined;
  return {
    name: `port-${dice.below(1000)}`,
    ...(dice.oneIn(6) ? { adminState: 'down' as const } : {}),
    ...(fixedIps ? { fixedIps } : {}),
  };
}

/** An address of a subnet: automatic, or chosen among its first sixteen, whether it can be had or not. */
function drawAddress(
  dice: Dice,
  subnets: readonly { readonly id: string; readonly cidr: string }[],
): WantedIp | undefined {
  const subnet = dice.pick(subnets);
  if (!subnet) return undefined;
  if (dice.oneIn(2)) return { subnetId: subnet.id };
  const { version, first } = storedCidr(subnet.cidr);
  const ipAddress = formatIp(version, first + BigInt(dice.below(16)));
  return dice.oneIn(2) ? { ipAddress } : { subnetId: subnet.id, ipAddress };
}

function learnPort(known: Knowledge, port: Answer['body']): void {
  known.ports.set(port.id, {
    id: port.id,
    projectId: port.projectId,
    networkId: port.networkId,
    revision: port.revision,
    vnicId: port.attachment?.vnicId,
  });
}

function addressesOf(fixedIps: readonly FixedIp[]): string {
  return fixedIps
    .map(({ subnetId, ipAddress }) => `${subnetId} ${ipAddress}`)
    .toSorted()
    .join(', ');
}
