import type { Answer } from '../history/history.ts';
import type { BindingState, Model, PortState } from '../model/model.ts';
import type { Knowledge } from './knowledge.ts';
import { operation, refused, refusedFor, type Operation } from './operation.ts';
import { bindingChanged, portUpdated } from './wiring.ts';

interface Claim {
  readonly projectId: string;
  readonly vnicId: string;
  readonly macAddress: string;
  readonly placement: number;
}

const claimBinding = operation<Claim>({
  name: 'claimBinding',
  role: 'agent',
  weight: 6,
  draw: (dice, known) => {
    const plugged = new Set([...known.ports.values()].map(({ vnicId }) => vnicId));
    const vnic = dice.pick(known.vnics.filter(({ vnicId }) => plugged.has(vnicId) || dice.oneIn(10)));
    if (!vnic) return undefined;
    // Mostly a newer placement or the newest again, now and then one that is out of date.
    const placement = Math.max(1, vnic.placement + 1 - dice.below(3));
    vnic.placement = Math.max(vnic.placement, placement);
    const { projectId, vnicId, macAddress } = vnic;
    return { projectId, vnicId, macAddress: dice.oneIn(20) ? '02:00:5e:ff:ff:ff' : macAddress, placement };
  },
  request: (ask) => ({ method: 'POST', path: '/v1/bindings', body: ask }),
  judge: (model, { projectId, vnicId, macAddress, placement }, { answer, host = '' }) => {
    const vnic = model.vnic(projectId, vnicId);
    const port = vnic.plug && model.port(projectId, vnic.plug.portId);
    if (!port || !vnic.plug) return refused('attachment-not-found');
    const live = model.liveBinding(port.id);
    const { relieved } = vnic;
    const wasRelieved =
      relieved?.host === host && relieved.generation === vnic.generation && relieved.placement >= placement;
    const refusal = refusedFor([
      !live && wasRelieved && 'attachment-not-found',
      placement < vnic.placement && 'stale-placement',
      live && live.host !== host && 'bound-elsewhere',
      macAddress !== vnic.plug.macAddress && 'mac-mismatch',
    ]);
    if (refusal) return refusal;
    const check = ({ body }: Answer) => {
      const { generation } = vnic;
      return body.generation === generation && body.placement === placement && body.desired === 'present'
        ? undefined
        : `the binding has generation ${body.generation}, placement ${body.placement} and is ${body.desired}, ` +
            `where it should have ${generation}, ${placement} and be present`;
    };
    if (live?.placement === placement) return { kind: 'done', statuses: [200], events: [], check };
    const older = live ? undefined : model.bindingOfVnic(projectId, vnicId, host);
    return {
      kind: 'done',
      statuses: [live ? 200 : 201],
      events: [
        portUpdated(port),
        // The new binding's id is the service's choice: only an answer tells it before the feed does.
        {
          resourceType: 'binding',
          resourceId: live ? live.id : answer?.body.id,
          revision: live ? live.revision + 1 : 1,
          change: live ? 'updated' : 'created',
        },
        ...(older ? [bindingChanged(older, 'deleted')] : []),
      ],
      check,
      apply: ([, found]) => {
        vnic.placement = placement;
        changePort(port, 'building');
        port.wasEverBound = true;
        const id = found?.resourceId ?? '';
        if (older) supersede(model, older, id);
        if (live) {
          const revision = live.revision + 1;
          Object.assign(live, { placement, status: 'building', statusReason: undefined, revision });
        } else
          model.bindings.set(id, {
            id,
            projectId,
            vnicId,
            portId: port.id,
            host,
            generation: vnic.generation,
            placement,
            desired: 'present',
            status: 'building',
            statusReason: undefined,
            supersededBy: undefined,
            revision: 1,
          });
      },
    };
  },
  learn: (known, ask, { status, body }, { host = '' }) => {
    if (status >= 300) return;
    const { id, generation, epoch } = body;
    for (const older of known.bindingsOf(host).filter(({ vnicId }) => vnicId === ask.vnicId))
      known.bindings.delete(older.id);
    known.bindings.set(id, { id, host, ...ask, generation, epoch });
  },
});

interface Report {
  readonly bindingId: string;
  readonly status: 'building' | 'active' | 'error';
  readonly statusReason?: string;
  readonly generation: number;
  readonly epoch: number;
}

const reportBindingStatus = operation<Report>({
  name: 'reportBindingStatus',
  role: 'agent',
  weight: 8,
  draw: (dice, known, { host }) => {
    const binding = dice.pick(known.bindingsOf(host));
    if (!binding) return undefined;
    const status = dice.oneIn(3) ? (dice.oneIn(2) ? 'error' : 'building') : 'active';
    return {
      bindingId: binding.id,
      status,
      ...(status === 'error' ? { statusReason: 'the device is missing' } : {}),
      generation: binding.generation + (dice.oneIn(15) ? 1 : 0),
      epoch: binding.epoch,
    };
  },
  request: ({ bindingId, ...body }) => ({ method: 'PUT', path: `/v1/bindings/${bindingId}/status`, body }),
  judge: (model, { bindingId, status, statusReason, generation }, { host, endedAt }) => {
    const binding = bindingOf(model, host, bindingId);
    if (!binding) return refused('binding-not-found');
    if (binding.supersededBy !== undefined || binding.generation !== generation)
      return refused('stale-generation');
    const check = ({ body }: Answer) =>
      body.status === status && body.desired === binding.desired
        ? undefined
        : `the binding is ${body.status} and to be ${body.desired}, where it should be ${status} and ${binding.desired}`;
    if (binding.status === status && binding.statusReason === statusReason)
      return { kind: 'done', statuses: [200], events: [], check };
    const port = binding.desired === 'present' ? model.ports.get(binding.portId) : undefined;
    return {
      kind: 'done',
      statuses: [200],
      events: [bindingChanged(binding, 'updated'), ...(port ? [portUpdated(port)] : [])],
      check,
      apply: () => {
        if (status === 'active') model.confirmGone(model.supersededBy(binding.id), endedAt);
        Object.assign(binding, { status, statusReason, revision: binding.revision + 1 });
        if (port) changePort(port, status);
      },
    };
  },
  learn: forgetIfUnknown,
});

const releaseBinding = operation<{ bindingId: string; placement: number | undefined }>({
  name: 'releaseBinding',
  role: 'agent',
  weight: 5,
  draw: (dice, known, { host }) => {
    const binding = dice.pick(known.bindingsOf(host));
    return (
      binding && {
        bindingId: binding.id,
        placement: dice.oneIn(2) ? Math.max(1, binding.placement - dice.below(2)) : undefined,
      }
    );
  },
  request: ({ bindingId, placement }) => ({
    method: 'DELETE',
    path: `/v1/bindings/${bindingId}${placement === undefined ? '' : `?placement=${placement}`}`,
  }),
  judge: (model, { bindingId, placement }, { host, endedAt }) => {
    const binding = bindingOf(model, host, bindingId);
    if (!binding) return { kind: 'done', statuses: [204], events: [] };
    if (placement !== undefined && placement < binding.placement) return refused('stale-placement');
    const port = binding.desired === 'present' ? model.ports.get(binding.portId) : undefined;
    const isTold = binding.supersededBy === undefined;
    return {
      kind: 'done',
      statuses: [204],
      events: [...(isTold ? [bindingChanged(binding, 'deleted')] : []), ...(port ? [portUpdated(port)] : [])],
      apply: () => {
        model.confirmGone([binding, ...model.supersededBy(binding.id)], endedAt);
        if (port) changePort(port, 'plugged');
      },
    };
  },
  learn: (known, { bindingId }, { status }) => {
    if (status === 204) known.bindings.delete(bindingId);
  },
});

const listBindings = operation<object>({
  name: 'listBindings',
  role: 'agent',
  weight: 1,
  isRead: true,
  draw: () => ({}),
  drawAll: () => [{}],
  request: () => ({ method: 'GET', path: '/v1/bindings?limit=200' }),
  judge: (model, _ask, { host }) => ({
    kind: 'done',
    statuses: [200],
    events: [],
    check: ({ body }) => {
      const listed: { id: string; revision: number; desired: string; status: string }[] = body.items;
      const expected = [...model.bindings.values()]
        .filter((binding) => binding.host === host && binding.supersededBy === undefined)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const lines = (
        bindings: readonly { id: string; revision: number; desired: string; status: string }[],
      ) =>
        bindings
          .map(({ id, revision, desired, status }) => `${id} ${revision} ${desired} ${status}`)
          .join('\n');
      return lines(listed) === lines(expected)
        ? undefined
        : `host ${host} is shown the bindings\n${lines(listed)}\nwhere it has\n${lines(expected)}`;
    },
  }),
});

export const bindingOperations: readonly Operation[] = [
  claimBinding,
  reportBindingStatus,
  releaseBinding,
  listBindings,
];

function bindingOf(model: Model, host: string | undefined, id: string): BindingState | undefined {
  const binding = model.bindings.get(id);
  return binding?.host === host ? binding : undefined;
}

function supersede(model: Model, older: BindingState, by: string): void {
  for (const inherited of model.supersededBy(older.id)) inherited.supersededBy = by;
  older.supersededBy = by;
  older.revision += 1;
}

function changePort(port: PortState, status: PortState['status']): void {
  port.status = status;
  port.revision += 1;
}

function forgetIfUnknown(known: Knowledge, { bindingId }: Report, { status }: Answer): void {
  if (status === 404) known.bindings.delete(bindingId);
}
