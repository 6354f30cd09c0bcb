import { canonicalJson } from '@patchpanel/service-kit';
import type { Call } from '../history/history.ts';
import { allotments } from '../model/demand.ts';
import type { FixedIp, Model, PortState } from '../model/model.ts';
import { drawAddress } from './addresses.ts';
import { operation, refused, refusedFor, type Operation } from './operation.ts';
import { bindingChanged, learnPort, portUpdated } from './wiring.ts';

interface PortChange {
  readonly portId: string;
  readonly patch: {
    readonly name?: string;
    readonly adminState?: 'up' | 'down';
    /** All chosen: what the service chose itself would be known from an answer only, which may be lost. */
    readonly fixedIps?: readonly { readonly ipAddress: string }[];
  };
}

const updatePort = operation<PortChange>({
  name: 'updatePort',
  role: 'user',
  weight: 8,
  draw: (dice, known, { projectId }) => {
    const port = dice.pick(known.portsOf(projectId));
    if (!port) return undefined;
    const subnets = [...known.subnets.values()].filter(({ networkId }) => networkId === port.networkId);
    const more = dice.oneIn(2) ? drawAddress(dice, subnets) : undefined;
    const fixedIps = [...port.ipAddresses.filter(() => !dice.oneIn(4)), ...(more ? [more] : [])];
    const patch = dice.pick([
      { name: `port-${dice.below(3)}` },
      { adminState: dice.oneIn(2) ? ('up' as const) : ('down' as const) },
      { fixedIps: [...new Set(fixedIps)].map((ipAddress) => ({ ipAddress })) },
    ]);
    return patch && { portId: port.id, patch };
  },
  request: ({ portId, patch }) => ({ method: 'PATCH', path: `/v1/ports/${portId}`, body: patch }),
  judge: (model, { portId, patch }, call) => {
    const port = model.port(call.projectId, portId);
    if (!port) return refused('port-not-found');
    const moved = moveAddresses(model, port, patch.fixedIps, call);
    if ('refused' in moved) return refused(...moved.refused);
    const { name = port.name, adminState = port.adminState } = patch;
    const isRewired =
      adminState !== port.adminState || canonicalJson(moved.fixedIps) !== canonicalJson(port.fixedIps);
    const isChanged = isRewired || name !== port.name;
    const binding = isRewired ? model.liveBinding(portId) : undefined;
    const revision = port.revision + (isChanged ? 1 : 0);
    return {
      kind: 'done',
      statuses: [200],
      events: [
        ...(isChanged ? [portUpdated(port)] : []),
        ...(binding ? [bindingChanged(binding, 'updated')] : []),
      ],
      check: ({ body }) =>
        body.revision === revision && canonicalJson(body.fixedIps) === canonicalJson(moved.fixedIps)
          ? undefined
          : `port ${portId} has revision ${body.revision} and addresses ${canonicalJson(body.fixedIps)}, ` +
            `where it should have ${revision} and ${canonicalJson(moved.fixedIps)}`,
      apply: () => {
        const had = port.fixedIps;
        Object.assign(port, { name, adminState, revision, fixedIps: moved.fixedIps });
        const isIn = (list: readonly FixedIp[], { subnetId, ipAddress }: FixedIp) =>
          list.some((one) => one.subnetId === subnetId && one.ipAddress === ipAddress);
        model.releaseAddresses(
          port,
          had.filter((address) => !isIn(moved.fixedIps, address)),
        );
        for (const { subnetId, ipAddress } of moved.fixedIps)
          model.subnets.get(subnetId)?.take(ipAddress, portId);
        if (!binding) return;
        if (port.status === 'active') port.status = 'building';
        if (binding.status === 'active') binding.status = 'building';
        binding.revision += 1;
      },
    };
  },
  learn: (known, { portId }, { status, body }) => {
    if (status === 200) learnPort(known, body);
    if (status === 404) known.ports.delete(portId);
  },
});

const releasePortBinding = operation<{ portId: string }>({
  name: 'releasePortBinding',
  role: 'user',
  weight: 2,
  draw: (dice, known, { projectId }) => {
    const port = dice.pick(known.portsOf(projectId).filter(({ vnicId }) => vnicId !== undefined));
    return port && { portId: port.id };
  },
  request: ({ portId }) => ({ method: 'DELETE', path: `/v1/ports/${portId}/attachment/binding` }),
  judge: (model, { portId }, { projectId }) => {
    const port = model.port(projectId, portId);
    if (!port) return refused('port-not-found');
    const binding = model.liveBinding(portId);
    const refusal = refusedFor([
      port.vnicId === undefined ? 'attachment-not-found' : !binding && 'binding-not-found',
    ]);
    if (refusal || !binding) return refusal ?? refused();
    return {
      kind: 'done',
      statuses: [204],
      events: [portUpdated(port), bindingChanged(binding, 'updated')],
      apply: () => {
        const vnic = model.vnic(port.projectId, port.vnicId ?? '');
        vnic.generation += 1;
        const { host, placement } = binding;
        vnic.relieved = { host, placement, generation: vnic.generation };
        binding.desired = 'absent';
        binding.revision += 1;
        port.status = 'plugged';
        port.revision += 1;
      },
    };
  },
});

export const portChangeOperations: readonly Operation[] = [updatePort, releasePortBinding];

/** The addresses that a port has when it is to have these: those that it has already stay its own. */
function moveAddresses(
  model: Model,
  port: PortState,
  wanted: PortChange['patch']['fixedIps'],
  { startedAt, answer }: Call,
): { readonly fixedIps: readonly FixedIp[] } | { readonly refused: readonly string[] } {
  if (!wanted) return { fixedIps: port.fixedIps };
  const isRefused = answer !== undefined && answer.status >= 400;
  const kept = ({ ipAddress }: { readonly ipAddress: string }) =>
    port.fixedIps.find((address) => address.ipAddress === ipAddress);
  const missing = wanted.filter((address) => !kept(address));
  const isOwner = model.networks.get(port.networkId)?.projectId === port.projectId;
  const ways = allotments(
    model,
    port.networkId,
    missing.map((address) => [address]),
    { startedAt, isOwner },
  );
  const way = ways.find((candidate) => !('refused' in candidate));
  const refusals = ways.flatMap((candidate) => ('refused' in candidate ? candidate.refused : []));
  if (!way || 'refused' in way || (isRefused && refusals.length > 0)) return { refused: refusals };
  const taken = way.chosen.flat();
  return {
    fixedIps: wanted.flatMap(
      (address) => kept(address) ?? taken.find(({ ipAddress }) => ipAddress === address.ipAddress) ?? [],
    ),
  };
}
