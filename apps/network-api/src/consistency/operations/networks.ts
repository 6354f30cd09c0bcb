import { operation, refused, refusedFor, type Operation } from './operation.ts';

/** Few networks: what clients do should meet. */
const networksAtMost = 4;

const createNetwork = operation<{ name: string }>({
  name: 'createNetwork',
  role: 'user',
  weight: 2,
  isKeyed: true,
  draw: (dice, known, { projectId }) =>
    known.networksOf(projectId).length < networksAtMost ? { name: `network-${dice.below(1000)}` } : undefined,
  request: (ask) => ({ method: 'POST', path: '/v1/networks', body: ask }),
  judge: (model, { name }, { answer, projectId = '' }) => {
    const id: string = answer?.body.id;
    return {
      kind: 'done',
      statuses: [201],
      events: [{ resourceType: 'network', resourceId: id, revision: 1, change: 'created' }],
      check: ({ body }) =>
        body.projectId === projectId && body.name === name && body.revision === 1
          ? undefined
          : 'the network is not as asked for',
      apply: () => void model.networks.set(id, { id, projectId, name, revision: 1 }),
    };
  },
  learn: (known, _ask, { status, body }) => {
    if (status === 201) known.networks.set(body.id, { id: body.id, projectId: body.projectId, cidrs: [] });
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
      check: ({ body }) =>
        body.revision === network.revision && body.name === network.name
          ? undefined
          : `the network is of revision ${body.revision}, not ${network.revision}`,
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
    const isUsed = model.subnetsOf(networkId).length + model.portsOf(networkId).length > 0;
    return (
      refusedFor([isUsed && 'network-in-use']) ?? {
        kind: 'done',
        statuses: [204],
        events: [
          {
            resourceType: 'network',
            resourceId: networkId,
            revision: network.revision + 1,
            change: 'deleted',
          },
        ],
        apply: () => void model.networks.delete(networkId),
      }
    );
  },
  learn: (known, { networkId }, { status }) => {
    if (status === 204 || status === 404) known.networks.delete(networkId);
  },
});

export const networkOperations: readonly Operation[] = [createNetwork, getNetwork, deleteNetwork];
