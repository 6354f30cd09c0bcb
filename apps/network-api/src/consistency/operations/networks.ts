import type { Answer } from '../history/history.ts';
import type { NetworkState } from '../model/model.ts';
import type { Dice } from './dice.ts';
import type { Knowledge } from './knowledge.ts';
import {
  operation,
  refused,
  refusedFor,
  type Actor,
  type ExpectedEvent,
  type Operation,
} from './operation.ts';

/** Of the provider that the replicas run with. */
const defaultMtu = 1500;

/** Few networks: what clients do should meet. */
const networksAtMost = 5;

const createNetwork = operation<{ name: string }>({
  name: 'createNetwork',
  role: 'user',
  weight: 2,
  isKeyed: true,
  draw: (dice, known, { projectId }) =>
    known.networksOf(projectId).length < networksAtMost ? { name: `network-${dice.below(1000)}` } : undefined,
  request: (ask) => ({ method: 'POST', path: '/v1/networks', body: ask }),
  judge: (model, { name }, { answer, projectId = '' }) => {
    if (!model.hasRoomFor(projectId, 'networks', 1)) return refused('quota-exceeded');
    const id: string = answer?.body.id;
    return {
      kind: 'done',
      statuses: [201],
      events: [{ resourceType: 'network', resourceId: id, revision: 1, change: 'created' }],
      check: ({ body }) =>
        body.projectId === projectId && body.name === name && body.revision === 1
          ? undefined
          : 'the network is not as asked for',
      apply: () =>
        void model.networks.set(id, {
          id,
          projectId,
          name,
          mtu: defaultMtu,
          revision: 1,
          sharedWith: new Set(),
        }),
    };
  },
  learn: (known, _ask, { status, body }) => {
    if (status === 201) known.networks.set(body.id, { id: body.id, projectId: body.projectId });
  },
});

const getNetwork = operation<{ networkId: string }>({
  name: 'getNetwork',
  role: 'user',
  weight: 1,
  isRead: true,
  draw: (dice, known) => {
    const networkId = dice.pick([...known.networks.keys()]);
    return networkId === undefined ? undefined : { networkId };
  },
  drawAll: (known, { projectId }) => known.networksOf(projectId).map(({ id }) => ({ networkId: id })),
  request: ({ networkId }) => ({ method: 'GET', path: `/v1/networks/${networkId}` }),
  judge: (model, { networkId }, { projectId }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    return {
      kind: 'done',
      statuses: [200],
      events: [],
      check: ({ body }) => differenceOf(network, body),
    };
  },
});

const updateNetwork = operation<{ networkId: string; patch: { name?: string; mtu?: number } }>({
  name: 'updateNetwork',
  role: 'user',
  weight: 2,
  draw: (dice, known) => {
    const networkId = dice.pick([...known.networks.keys()]);
    if (networkId === undefined) return undefined;
    const patch = dice.oneIn(2) ? { name: `network-${dice.below(3)}` } : { mtu: 1500 - 50 * dice.below(3) };
    return { networkId, patch };
  },
  request: ({ networkId, patch }) => ({ method: 'PATCH', path: `/v1/networks/${networkId}`, body: patch }),
  judge: (model, { networkId, patch }, { projectId }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    if (network.projectId !== projectId) return refused('network-owner-required');
    const { name = network.name, mtu = network.mtu } = patch;
    const isChanged = name !== network.name || mtu !== network.mtu;
    const after = { ...network, name, mtu, revision: network.revision + (isChanged ? 1 : 0) };
    return {
      kind: 'done',
      statuses: [200],
      events: isChanged ? [networkEvent(network, 'updated')] : [],
      check: ({ body }) => differenceOf(after, body),
      apply: () => void Object.assign(network, { name, mtu, revision: after.revision }),
    };
  },
});

const shareNetwork = operation<{ networkId: string; withProjectId: string }>({
  name: 'shareNetwork',
  role: 'user',
  weight: 1,
  draw: drawShare,
  request: ({ networkId, withProjectId }) => ({
    method: 'PUT',
    path: `/v1/networks/${networkId}/shares/${withProjectId}`,
  }),
  judge: (model, { networkId, withProjectId }, { projectId }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    if (network.projectId !== projectId) return refused('network-owner-required');
    if (network.sharedWith.has(withProjectId)) return { kind: 'done', statuses: [200], events: [] };
    return {
      kind: 'done',
      statuses: [201],
      events: [
        networkEvent(network, 'updated'),
        { ...networkEvent(network, 'created'), projectId: withProjectId },
      ],
      apply: () => {
        network.sharedWith.add(withProjectId);
        network.revision += 1;
      },
    };
  },
});

const unshareNetwork = operation<{ networkId: string; withProjectId: string }>({
  name: 'unshareNetwork',
  role: 'user',
  weight: 1,
  draw: drawShare,
  request: ({ networkId, withProjectId }) => ({
    method: 'DELETE',
    path: `/v1/networks/${networkId}/shares/${withProjectId}`,
  }),
  judge: (model, { networkId, withProjectId }, { projectId }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    if (network.projectId !== projectId) return refused('network-owner-required');
    if (!network.sharedWith.has(withProjectId)) return refused('share-not-found');
    if (model.portsOf(networkId).some((port) => port.projectId === withProjectId))
      return refused('share-in-use');
    return {
      kind: 'done',
      statuses: [204],
      events: [
        networkEvent(network, 'updated'),
        { ...networkEvent(network, 'deleted'), projectId: withProjectId },
      ],
      apply: () => {
        network.sharedWith.delete(withProjectId);
        network.revision += 1;
      },
    };
  },
});

const deleteNetwork = operation<{ networkId: string }>({
  name: 'deleteNetwork',
  role: 'user',
  weight: 1,
  draw: (dice, known, { projectId }) => {
    const networkId = dice.pick(known.networksOf(projectId))?.id;
    return networkId === undefined ? undefined : { networkId };
  },
  request: ({ networkId }) => ({ method: 'DELETE', path: `/v1/networks/${networkId}` }),
  judge: (model, { networkId }, { projectId }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    if (network.projectId !== projectId) return refused('network-owner-required');
    const isUsed = model.subnetsOf(networkId).length + model.portsOf(networkId).length > 0;
    return (
      refusedFor([isUsed && 'network-in-use']) ?? {
        kind: 'done',
        statuses: [204],
        events: [
          networkEvent(network, 'deleted'),
          ...[...network.sharedWith].map((withProjectId) => ({
            ...networkEvent(network, 'deleted'),
            projectId: withProjectId,
          })),
        ],
        apply: () => void model.networks.delete(networkId),
      }
    );
  },
  learn: (known, { networkId }, { status }) => {
    if (status === 204 || status === 404) known.networks.delete(networkId);
  },
});

export const networkOperations: readonly Operation[] = [
  createNetwork,
  getNetwork,
  updateNetwork,
  shareNetwork,
  unshareNetwork,
  deleteNetwork,
];

function drawShare(dice: Dice, known: Knowledge, { projectId }: Actor) {
  const networkId = dice.pick(known.networksOf(projectId))?.id;
  const withProjectId = dice.pick(known.projectIds.filter((other) => other !== projectId));
  return networkId === undefined || withProjectId === undefined ? undefined : { networkId, withProjectId };
}

function networkEvent(
  { id, projectId, revision }: NetworkState,
  change: ExpectedEvent['change'],
): ExpectedEvent {
  return { resourceType: 'network', resourceId: id, projectId, revision: revision + 1, change };
}

function differenceOf(
  { revision, name, mtu }: Pick<NetworkState, 'revision' | 'name' | 'mtu'>,
  shown: Answer['body'],
): string | undefined {
  return shown.revision === revision && shown.name === name && shown.mtu === mtu
    ? undefined
    : `the network has revision ${shown.revision}, name ${shown.name} and MTU ${shown.mtu}, ` +
        `where it should have ${revision}, ${name} and ${mtu}`;
}
