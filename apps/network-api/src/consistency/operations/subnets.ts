import { parseCidr } from '../../addresses/ip.ts';
import { operation, refused, refusedFor, type Operation } from './operation.ts';

/** Small ones, so that they fill up; some overlap each other. */
const shapes: readonly object[] = [
  { cidr: '10.0.0.0/28' },
  { cidr: '10.0.0.0/27', allocationPools: [{ first: '10.0.0.10', last: '10.0.0.16' }] },
  { cidr: '10.0.1.0/29', gatewayIp: null },
  {
    cidr: '10.0.2.0/28',
    allocationPools: [
      { first: '10.0.2.3', last: '10.0.2.5' },
      { first: '10.0.2.9', last: '10.0.2.12' },
    ],
  },
  { cidr: '2001:db8::/124' },
  { cidr: '2001:db8:1::/64' },
];

interface NewSubnet {
  readonly networkId: string;
  readonly body: { readonly cidr: string };
}

const createSubnet = operation<NewSubnet>({
  name: 'createSubnet',
  role: 'user',
  weight: 3,
  isKeyed: true,
  draw: (dice, known, { projectId }) => {
    const networkId = dice.pick(known.networksOf(projectId))?.id;
    const body = dice.pick(shapes);
    // Each shape has a CIDR; the type of the list leaves it open.
    return networkId === undefined ? undefined : { networkId, body: body as NewSubnet['body'] };
  },
  request: ({ networkId, body }) => ({ method: 'POST', path: `/v1/networks/${networkId}/subnets`, body }),
  judge: (model, { networkId, body: asked }, { answer, projectId = '', endedAt }) => {
    if (!model.network(projectId, networkId)) return refused('network-not-found');
    const cidr = parseCidr(asked.cidr);
    const isTaken = cidr.isValid && model.subnetsOf(networkId).some((subnet) => subnet.overlaps(cidr.value));
    if (isTaken) return refused('subnet-overlap');
    const id: string = answer?.body.id;
    return {
      kind: 'done',
      statuses: [201],
      events: [{ resourceType: 'subnet', resourceId: id, revision: 1, change: 'created' }],
      check: ({ body }) =>
        body.networkId === networkId && body.cidr === asked.cidr && body.revision === 1
          ? undefined
          : 'the subnet is not as asked for',
      apply: () => {
        const { allocationPools } = answer?.body ?? {};
        model.addSubnet({
          id,
          projectId,
          networkId,
          cidr: asked.cidr,
          allocationPools,
          knownFrom: endedAt,
        });
      },
    };
  },
  learn: (known, { networkId, body: { cidr } }, { status, body }) => {
    if (status === 201)
      known.subnets.set(body.id, { id: body.id, projectId: body.projectId, networkId, cidr });
  },
});

const deleteSubnet = operation<{ subnetId: string }>({
  name: 'deleteSubnet',
  role: 'user',
  weight: 2,
  draw: (dice, known, { projectId }) => {
    const subnetId = dice.pick(known.subnetsOf(projectId))?.id;
    return subnetId === undefined ? undefined : { subnetId };
  },
  request: ({ subnetId }) => ({ method: 'DELETE', path: `/v1/subnets/${subnetId}` }),
  judge: (model, { subnetId }, { projectId }) => {
    const subnet = model.subnet(projectId, subnetId);
    if (!subnet) return refused('subnet-not-found');
    return (
      refusedFor([subnet.isUsed && 'subnet-in-use']) ?? {
        kind: 'done',
        statuses: [204],
        events: [
          {
            resourceType: 'subnet',
            resourceId: subnetId,
            revision: subnet.revision + 1,
            change: 'deleted',
          },
        ],
        apply: () => void model.subnets.delete(subnetId),
      }
    );
  },
  learn: (known, { subnetId }, { status }) => {
    if (status === 204 || status === 404) known.subnets.delete(subnetId);
  },
});

export const subnetOperations: readonly Operation[] = [createSubnet, deleteSubnet];
