import type { Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { invalidRequest, problem } from '../problems.ts';
import type { AllocationRequest } from './allocation.ts';
import type { Allotment } from './allotment.ts';
import type { AddressSource, Refusal } from './demands.ts';
import { formatCidr, formatIp } from './ip.ts';
import { findHolders } from './store.ts';

/** A refusal names at most so many places in the request. */
const placesShown = 100;

/** A request that can't be given all that it wants. */
export interface Shortage {
  readonly request: AllocationRequest;
  readonly allotment: Extract<Allotment, { readonly kind: 'in-use' | 'exhausted' }>;
}

/** Why a demand can't even be tried, in words. */
export function refusalProblem(refusal: Refusal): Problem {
  switch (refusal.kind) {
    case 'invalid':
      return invalidRequest([refusal.error]);
    case 'unknown-subnet':
      return problem('subnet-not-found', `There is no subnet ${refusal.subnetId} in the network.`, {
        errors: [{ pointer: refusal.pointer, detail: 'must be a subnet of the network' }],
      });
    case 'no-subnet':
      return problem(
        'no-subnet',
        'The network has no subnet. Create one, or make the port with an empty list of fixedIps.',
      );
    case 'outside':
      return problem('address-outside-pools', `${refusal.address} ${refusal.detail}.`, {
        errors: [{ pointer: refusal.pointer, detail: refusal.detail }],
      });
    case 'reserved':
      return problem(
        'network-owner-required',
        `${refusal.address} is the subnet's gateway or DHCP server: only the network's owner may have it. Choose another address.`,
        { errors: [{ pointer: refusal.pointer, detail: "is for the network's owner" }] },
      );
  }
}

/** Why requests could not be served, in words: who has an address is said only to their own project. */
export async function explainShortages(
  trx: Knex,
  shortages: readonly Shortage[],
): Promise<Map<AllocationRequest, Problem>> {
  const taken = shortages.flatMap(({ request, allotment }) => {
    if (allotment.kind === 'exhausted') return [];
    const { source, slots } = allotment;
    return slots.slice(0, 1).map(({ value }) => ({
      subnetId: source.id,
      address: formatIp(source.cidr.version, value),
      projectId: request.projectId,
    }));
  });
  const holders = await findHolders(trx, taken);
  return new Map(
    shortages.map(({ request, allotment }) => [
      request,
      allotment.kind === 'exhausted'
        ? subnetExhausted(allotment.sources)
        : addressInUse(allotment, (address) =>
            holders.get(`${request.projectId} ${allotment.source.id} ${address}`),
          ),
    ]),
  );
}

function addressInUse(
  { source, slots }: Extract<Allotment, { readonly kind: 'in-use' }>,
  holderOf: (address: string) => string | undefined,
): Problem {
  const [first] = slots;
  const address = first === undefined ? '' : formatIp(source.cidr.version, first.value);
  const holder = holderOf(address);
  const reason =
    holder === undefined
      ? 'is in use or asked for more than once, or was in use until lately and still rests'
      : `is in use by port ${holder}`;
  return problem(
    'address-in-use',
    `${address} ${reason}. Choose another address, or let the service choose.`,
    {
      errors: slots.slice(0, placesShown).map(({ pointer }) => ({ pointer, detail: 'is not free' })),
    },
  );
}

function subnetExhausted(sources: readonly AddressSource[]): Problem {
  const names = sources.map(({ id, cidr }) => `${formatCidr(cidr)} (${id})`).slice(0, 10);
  return problem(
    'subnet-exhausted',
    `No free address is left in ${names.join(', ')}. Delete ports, or give the network another subnet.`,
  );
}
