import type { Knex } from 'knex';
import { problem, invalidRequest } from '../problems.ts';
import { lockSubnetAddresses } from '../subnets/store.ts';
import {
  sortDemands,
  type AddressSource,
  type Refusal,
  type Slot,
  type SubnetDemand,
  type WantedAddress,
} from './demands.ts';
import { formatCidr, formatIp, type IpVersion } from './ip.ts';
import { takeAddresses, type Taking } from './ranges.ts';
import { applyRangeChange, findHolder, readFreeRanges, returnRested, type PortAddress } from './store.ts';

/** A refusal names at most so many places in the request. */
const placesShown = 100;

/** An address given to a port of the request. */
export interface GrantedAddress extends PortAddress {
  readonly port: number;
  readonly position: number;
}

export interface AllocationRequest {
  readonly projectId: string;
  /** The network's subnets, oldest first. */
  readonly sources: readonly AddressSource[];
  /** Per port: what it wants; undefined for the default. */
  readonly ports: readonly (readonly WantedAddress[] | undefined)[];
  readonly pointerOf: (port: number) => string;
}

/**
 * Takes addresses for ports out of the free ranges of their subnets, all or (by a problem that ends the transaction) none.
 *
 * Subnets are visited once, in ascending order of id, which is both the lock order and oldest first; what a full one can't
 * give of the default demand is left to the next. Chosen addresses go before automatic ones, so that a request does not
 * take its own. Cost depends on what is asked for, not on the size of a subnet or how full it is: the head of the free
 * ranges and the ranges around chosen addresses are found by index.
 */
export async function allocateAddresses(trx: Knex, request: AllocationRequest): Promise<GrantedAddress[]> {
  const demands = sortDemands(request.sources, request.ports, request.pointerOf);
  if ('kind' in demands) throw refusalProblem(demands);
  const granted: GrantedAddress[] = [];
  const anyOf: Record<IpVersion, Slot[]> = { 4: [...demands.anyOf[4]], 6: [...demands.anyOf[6]] };
  for (const source of request.sources) {
    const own = demands.ofSubnet.get(source.id) ?? { chosen: [], automatic: [] };
    const waiting = anyOf[source.cidr.version];
    if (own.chosen.length === 0 && own.automatic.length === 0 && waiting.length === 0) continue;
    if (!(await lockSubnetAddresses(trx, source.id))) {
      if (own.chosen.length > 0 || own.automatic.length > 0) throw vanished(source.id);
      continue;
    }
    const taking = await take(trx, source, own, waiting.length);
    if (taking.refused.length > 0) throw await inUse(trx, request.projectId, source, own, taking.refused);
    if (taking.automatic.length < own.automatic.length) throw exhausted([source]);
    granted.push(...own.chosen.map((slot) => grant(source, slot, slot.value)));
    for (const [index, value] of taking.automatic.entries()) {
      const slot = own.automatic[index] ?? waiting.shift();
      if (slot) granted.push(grant(source, slot, value));
    }
  }
  for (const version of [4, 6] as const) {
    if (anyOf[version].length === 0) continue;
    throw exhausted(request.sources.filter(({ cidr }) => cidr.version === version));
  }
  return granted;
}

async function take(trx: Knex, source: AddressSource, own: SubnetDemand, anyCount: number): Promise<Taking> {
  const subnet = { id: source.id, ipVersion: source.cidr.version };
  const chosen = own.chosen.map(({ value }) => value);
  const automaticCount = own.automatic.length + anyCount;
  await returnRested(trx, subnet);
  for (;;) {
    const free = await readFreeRanges(trx, subnet, { chosen, headCount: chosen.length + automaticCount });
    const taking = takeAddresses(free, chosen, automaticCount);
    const isShort = taking.refused.length > 0 || taking.automatic.length < automaticCount;
    // Rested addresses return in batches: look again as long as there are some.
    if (isShort && (await returnRested(trx, subnet))) continue;
    await applyRangeChange(trx, subnet, taking.change);
    return taking;
  }
}

function grant(source: AddressSource, slot: Slot, value: bigint): GrantedAddress {
  return {
    port: slot.port,
    position: slot.position,
    subnetId: source.id,
    ipVersion: source.cidr.version,
    value,
  };
}

function refusalProblem(refusal: Refusal): Error {
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
  }
}

async function inUse(
  trx: Knex,
  projectId: string,
  source: AddressSource,
  own: SubnetDemand,
  refused: readonly bigint[],
): Promise<Error> {
  // Of an address that is asked for twice it is the later one that can't be had.
  const places = [...new Set(refused)]
    .slice(0, placesShown)
    .map((value) => own.chosen.findLast((slot) => slot.value === value));
  const [first] = refused;
  const address = first === undefined ? '' : formatIp(source.cidr.version, first);
  const isRepeated = own.chosen.filter(({ value }) => value === first).length > 1;
  const holder = await findHolder(trx, source.id, address, projectId);
  const reason =
    holder !== undefined
      ? `is in use by port ${holder}`
      : isRepeated
        ? 'is asked for more than once'
        : 'is in use, or was until lately and still rests';
  return problem(
    'address-in-use',
    `${address} ${reason}. Choose another address, or let the service choose.`,
    {
      errors: places
        .filter((slot) => slot !== undefined)
        .map(({ pointer }) => ({ pointer, detail: 'is not free' })),
    },
  );
}

function exhausted(sources: readonly AddressSource[]): Error {
  const names = sources.map(({ id, cidr }) => `${formatCidr(cidr)} (${id})`).slice(0, 10);
  return problem(
    'subnet-exhausted',
    `No free address is left in ${names.join(', ')}. Delete ports, or give the network another subnet.`,
  );
}

function vanished(subnetId: string): Error {
  return problem('subnet-not-found', `There is no subnet ${subnetId} in the network.`);
}
