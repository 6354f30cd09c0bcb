import type { Answer } from '../history/history.ts';
import type { Model, PortState } from '../model/model.ts';
import type { Knowledge } from './knowledge.ts';
import { operation, refused, refusedFor, type Operation, type Verdict } from './operation.ts';
import { bindingChanged, portUpdated } from './wiring.ts';

interface Plug {
  readonly portId: string;
  readonly vnicId: string;
  readonly macAddress: string;
}

const plugVnic = operation<Plug>({
  name: 'plugVnic',
  role: 'user',
  weight: 10,
  draw: (dice, known, { projectId }) => {
    const port = dice.pick(known.portsOf(projectId));
    const vnic = dice.pick(known.vnicsOf(projectId));
    if (!port || !vnic) return undefined;
    return { portId: port.id, vnicId: vnic.vnicId, macAddress: vnic.macAddress };
  },
  request: ({ portId, vnicId, macAddress }) => ({
    method: 'PUT',
    path: `/v1/ports/${portId}/attachment`,
    body: { vnicId, macAddress },
  }),
  judge: (model, { portId, vnicId, macAddress }, { projectId }) => {
    const port = model.port(projectId, portId);
    if (!port) return refused('port-not-found');
    if (port.vnicId !== undefined) {
      const plug = model.vnic(port.projectId, port.vnicId).plug;
      if (port.vnicId !== vnicId || plug?.macAddress !== macAddress) return refused('port-already-plugged');
      return {
        kind: 'done',
        statuses: [200],
        events: [],
        check: ({ body }) => differenceOf(model, port, body),
      };
    }
    return judgePlug(model, port, vnicId, macAddress);
  },
  learn: learnPlug,
});

const plugVnicIntoAnyPort = operation<{ networkId: string; vnicId: string; macAddress: string }>({
  name: 'plugVnicIntoAnyPort',
  role: 'user',
  weight: 8,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const network = dice.pick(known.networksOf(projectId));
    const vnic = dice.pick(known.vnicsOf(projectId));
    if (!network || !vnic) return undefined;
    return { networkId: network.id, vnicId: vnic.vnicId, macAddress: vnic.macAddress };
  },
  request: ({ networkId, vnicId, macAddress }) => ({
    method: 'POST',
    path: `/v1/networks/${networkId}/attachments`,
    body: { vnicId, macAddress },
  }),
  judge: (model, { networkId, vnicId, macAddress }, { answer, projectId = '' }) => {
    if (!model.network(projectId, networkId)) return refused('network-not-found');
    const isAvailable = (port: PortState) =>
      port.projectId === projectId && port.vnicId === undefined && port.adminState === 'up';
    const refusal = refusedFor([
      ...reasonsAgainst(model, projectId, networkId, vnicId, macAddress),
      !model.portsOf(networkId).some(isAvailable) && 'no-available-port',
    ]);
    if (refusal) return refusal;
    // Any available port will do: which one it was, the answer tells.
    const chosen = model.port(projectId, answer?.body.portId);
    if (!chosen || chosen.networkId !== networkId || !isAvailable(chosen)) return refused();
    return judgePlug(model, chosen, vnicId, macAddress);
  },
  learn: learnPlug,
});

const unplugVnic = operation<{ portId: string }>({
  name: 'unplugVnic',
  role: 'user',
  weight: 14,
  draw: (dice, known, { projectId }) => {
    const ports = known.portsOf(projectId);
    const plugged = ports.filter(({ vnicId }) => vnicId !== undefined);
    const port = dice.pick(dice.oneIn(6) ? ports : plugged);
    return port && { portId: port.id };
  },
  request: ({ portId }) => ({ method: 'DELETE', path: `/v1/ports/${portId}/attachment` }),
  judge: (model, { portId }, { projectId }) => {
    const port = model.port(projectId, portId);
    if (!port) return refused('port-not-found');
    if (port.vnicId === undefined) return refused('attachment-not-found');
    const binding = model.liveBinding(portId);
    return {
      kind: 'done',
      statuses: [204],
      events: [portUpdated(port), ...(binding ? [bindingChanged(binding, 'updated')] : [])],
      apply: () => model.unplug(port),
    };
  },
  learn: (known, { portId }, { status }) => {
    const port = known.ports.get(portId);
    if (port && (status === 204 || status === 404)) port.vnicId = undefined;
  },
});

const replugVnic = operation<{ portId: string; toPortId: string }>({
  name: 'replugVnic',
  role: 'user',
  weight: 6,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const ports = known.portsOf(projectId);
    const from = dice.pick(ports.filter(({ vnicId }) => vnicId !== undefined));
    const to = dice.pick(ports.filter(({ id }) => id !== from?.id));
    return from && to && { portId: from.id, toPortId: to.id };
  },
  request: ({ portId, toPortId }) => ({
    method: 'POST',
    path: `/v1/ports/${portId}/attachment/replug`,
    body: { toPortId },
  }),
  judge: (model, { portId, toPortId }, { projectId }) => {
    const [from, to] = [model.port(projectId, portId), model.port(projectId, toPortId)];
    if (!from || !to) return refused('port-not-found');
    if (from.vnicId === undefined) return refused('attachment-not-found');
    const vnic = model.vnic(from.projectId, from.vnicId);
    const macAddress = vnic.plug?.macAddress ?? '';
    const holder = model.holderOfMac(to.networkId, macAddress);
    const refusal = refusedFor([
      to.vnicId !== undefined && 'port-already-plugged',
      holder !== undefined && holder !== vnic && 'mac-address-in-use',
    ]);
    if (refusal) return refusal;
    const binding = model.liveBinding(portId);
    return {
      kind: 'done',
      statuses: [200],
      events: [portUpdated(from), portUpdated(to), ...(binding ? [bindingChanged(binding, 'updated')] : [])],
      check: ({ body }) =>
        body.portId === toPortId && body.generation === vnic.generation + 1 && body.vnicId === vnic.vnicId
          ? undefined
          : `the vNIC is plugged into port ${body.portId} with generation ${body.generation}, ` +
            `where it should be in ${toPortId} with ${vnic.generation + 1}`,
      apply: () => {
        model.unplug(from);
        model.plug(to, vnic.vnicId, macAddress);
      },
    };
  },
  learn: (known, { portId, toPortId }, { status, body }) => {
    const [from, to] = [known.ports.get(portId), known.ports.get(toPortId)];
    if (from && status === 200) from.vnicId = undefined;
    if (to && status === 200) to.vnicId = body.vnicId;
  },
});

export const attachmentOperations: readonly Operation[] = [
  plugVnic,
  plugVnicIntoAnyPort,
  unplugVnic,
  replugVnic,
];

function judgePlug(model: Model, port: PortState, vnicId: string, macAddress: string): Verdict {
  const { projectId, networkId } = port;
  return (
    refusedFor(reasonsAgainst(model, projectId, networkId, vnicId, macAddress)) ?? {
      kind: 'done',
      statuses: [201],
      events: [portUpdated(port)],
      check: ({ body }) => {
        const generation = model.vnic(projectId, vnicId).generation + 1;
        if (body.generation !== generation)
          return `the plug of vNIC ${vnicId} has generation ${body.generation}, where it should have ${generation}`;
        return body.portId === port.id && body.vnicId === vnicId && body.macAddress === macAddress
          ? undefined
          : 'the attachment is not as asked for';
      },
      apply: () => model.plug(port, vnicId, macAddress),
    }
  );
}

function reasonsAgainst(
  model: Model,
  projectId: string,
  networkId: string,
  vnicId: string,
  macAddress: string,
): (string | false)[] {
  const holder = model.holderOfMac(networkId, macAddress);
  return [
    model.vnic(projectId, vnicId).plug !== undefined && 'vnic-already-plugged',
    // One's own older plug is told as such.
    holder !== undefined &&
      !(holder.projectId === projectId && holder.vnicId === vnicId) &&
      'mac-address-in-use',
  ];
}

function differenceOf(model: Model, port: PortState, shown: Answer['body']): string | undefined {
  const { generation } = model.vnic(port.projectId, port.vnicId ?? '');
  return shown.generation === generation && shown.status === port.status
    ? undefined
    : `the attachment of port ${port.id} has generation ${shown.generation} and status ${shown.status}, ` +
        `where it should have ${generation} and ${port.status}`;
}

function learnPlug(known: Knowledge, ask: { readonly vnicId: string }, { status, body }: Answer): void {
  const port = status < 300 ? known.ports.get(body.portId) : undefined;
  if (port) port.vnicId = ask.vnicId;
}
