import { canonicalJson } from '@patchpanel/service-kit';
import { parseCidr } from '../../addresses/ip.ts';
import type { SubnetState } from '../model/subnet.ts';
import { operation, refused, refusedFor, type ExpectedEvent, type Operation } from './operation.ts';

type Pools = readonly { readonly first: string; readonly last: string }[];

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
    const networks = dice.oneIn(8) ? [...known.networks.values()] : known.networksOf(projectId);
    const networkId = dice.pick(networks)?.id;
    const body = dice.pick(shapes);
    // Each shape has a CIDR; the type of the list leaves it open.
    return networkId === undefined ? undefined : { networkId, body: body as NewSubnet['body'] };
  },
  request: ({ networkId, body }) => ({ method: 'POST', path: `/v1/networks/${networkId}/subnets`, body }),
  judge: (model, { networkId, body: asked }, { answer, projectId = '', endedAt }) => {
    const network = model.network(projectId, networkId);
    if (!network) return refused('network-not-found');
    if (network.projectId !== projectId) return refused('network-owner-required');
    const cidr = parseCidr(asked.cidr);
    const isTaken = cidr.isValid && model.subnetsOf(networkId).some((subnet) => subnet.overlaps(cidr.value));
    const refusal = refusedFor([
      isTaken && 'subnet-overlap',
      !model.hasRoomFor(projectId, 'subnets', 1) && 'quota-exceeded',
    ]);
    if (refusal) return refusal;
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
        const { allocationPools, gatewayIp, dhcpServerIp } = answer?.body ?? {};
        model.addSubnet({
          id,
          projectId,
          networkId,
          cidr: asked.cidr,
          allocationPools,
          reserved: [gatewayIp, dhcpServerIp].filter((address) => address !== undefined),
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

/** Other pools for some of the shapes, by CIDR: without gateway and DHCP server, which are first and last. */
const poolsOf: Readonly<Record<string, readonly Pools[]>> = {
  '10.0.0.0/28': [
    [{ first: '10.0.0.2', last: '10.0.0.13' }],
    [{ first: '10.0.0.2', last: '10.0.0.9' }],
    [{ first: '10.0.0.5', last: '10.0.0.12' }],
  ],
  '10.0.1.0/29': [[{ first: '10.0.1.1', last: '10.0.1.5' }], [{ first: '10.0.1.3', last: '10.0.1.5' }]],
  '2001:db8::/124': [
    [{ first: '2001:db8::2', last: '2001:db8::e' }],
    [{ first: '2001:db8::2', last: '2001:db8::8' }],
  ],
};

interface SubnetChange {
  readonly subnetId: string;
  readonly patch: { readonly name?: string; readonly allocationPools?: Pools };
}

const updateSubnet = operation<SubnetChange>({
  name: 'updateSubnet',
  role: 'user',
  weight: 4,
  draw: (dice, known) => {
    const subnet = dice.pick([...known.subnets.values()]);
    if (!subnet) return undefined;
    const allocationPools = dice.oneIn(3) ? undefined : dice.pick(poolsOf[subnet.cidr] ?? []);
    const patch = allocationPools ? { allocationPools } : { name: `subnet-${dice.below(3)}` };
    return { subnetId: subnet.id, patch };
  },
  request: ({ subnetId, patch }) => ({ method: 'PATCH', path: `/v1/subnets/${subnetId}`, body: patch }),
  judge: (model, { subnetId, patch }, { projectId }) => {
    const subnet = model.subnet(projectId, subnetId);
    if (!subnet) return refused('subnet-not-found');
    if (subnet.projectId !== projectId) return refused('network-owner-required');
    const { name = subnet.name, allocationPools = subnet.allocationPools } = patch;
    if (subnet.wouldLoseHeld(allocationPools)) return refused('pools-in-use');
    const pools = canonicalJson(allocationPools);
    const isChanged = name !== subnet.name || pools !== canonicalJson(subnet.allocationPools);
    const revision = subnet.revision + (isChanged ? 1 : 0);
    return {
      kind: 'done',
      statuses: [200],
      events: isChanged ? [subnetEvent(subnet, 'updated')] : [],
      check: ({ body }) =>
        body.revision === revision && body.name === name && canonicalJson(body.allocationPools) === pools
          ? undefined
          : `the subnet has revision ${body.revision}, name ${body.name} and pools ${canonicalJson(body.allocationPools)}, ` +
            `where it should have ${revision}, ${name} and ${pools}`,
      apply: () => void Object.assign(subnet, { name, allocationPools, revision }),
    };
  },
});

const getSubnetUsage = operation<{ subnetId: string }>({
  name: 'getSubnetUsage',
  role: 'user',
  weight: 5,
  isRead: true,
  draw: (dice, known) => {
    const subnetId = dice.pick([...known.subnets.keys()]);
    return subnetId === undefined ? undefined : { subnetId };
  },
  drawAll: (known, { projectId }) => known.subnetsOf(projectId).map(({ id }) => ({ subnetId: id })),
  request: ({ subnetId }) => ({ method: 'GET', path: `/v1/subnets/${subnetId}/usage` }),
  judge: (model, { subnetId }, { projectId }) => {
    const subnet = model.subnet(projectId, subnetId);
    if (!subnet) return refused('subnet-not-found');
    return {
      kind: 'done',
      statuses: [200],
      events: [],
      check: ({ body }) => {
        const { total, used, resting } = subnet;
        const shown = { total: BigInt(body.total), used: Number(body.used), resting: Number(body.resting) };
        // What has rested long enough counts as resting until the subnet is next asked for an address.
        const isRight = shown.total === total && shown.used === used && shown.resting >= resting;
        const sum = shown.total - BigInt(shown.used + shown.resting);
        if (isRight && sum === BigInt(body.free)) return undefined;
        return (
          `of subnet ${subnetId} ${body.total} addresses, ${body.used} used, ${body.resting} resting and ${body.free} free are shown, ` +
          `where there are ${total}, ${used} and at least ${resting}`
        );
      },
    };
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
    if (subnet.projectId !== projectId) return refused('network-owner-required');
    return (
      refusedFor([subnet.isUsed && 'subnet-in-use']) ?? {
        kind: 'done',
        statuses: [204],
        events: [subnetEvent(subnet, 'deleted')],
        apply: () => void model.subnets.delete(subnetId),
      }
    );
  },
  learn: (known, { subnetId }, { status }) => {
    if (status === 204 || status === 404) known.subnets.delete(subnetId);
  },
});

export const subnetOperations: readonly Operation[] = [
  createSubnet,
  updateSubnet,
  getSubnetUsage,
  deleteSubnet,
];

function subnetEvent({ id, revision }: SubnetState, change: ExpectedEvent['change']): ExpectedEvent {
  return { resourceType: 'subnet', resourceId: id, revision: revision + 1, change };
}
