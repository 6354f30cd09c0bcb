import { Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { allot, type FreeAddresses, type GrantedAddress } from './allotment.ts';
import { sortDemands, type AddressSource, type Demands, type WantedAddress } from './demands.ts';
import { changeBetween } from './ranges.ts';
import { explainShortages, refusalProblem, type Shortage } from './refusals.ts';
import { applyChanges, readFreeAddresses, type SubnetChange } from './free-store.ts';
import { returnRestedOf } from './store.ts';

/** What one request wants of one network. */
export interface AllocationRequest {
  readonly projectId: string;
  /** The network's subnets, oldest first, their rows locked. */
  readonly sources: readonly AddressSource[];
  /** Per port: what it wants; undefined for the default. */
  readonly ports: readonly (readonly WantedAddress[] | undefined)[];
  /** Where in the request a port's list of addresses is, or the address at a place of it. */
  readonly pointerOf: (port: number, position?: number) => string;
  readonly mayTakeReserved: boolean;
  /** Looks at what the request would get, and throws the problem with it if there is one. */
  readonly accept: (addresses: readonly GrantedAddress[]) => void;
}

/** What a request got: all the addresses that it wants, or none and why. */
export type Allocation = readonly GrantedAddress[] | Problem;

/**
 * Takes addresses for the ports of many requests out of the free ranges of their subnets. The requests are served in their
 * order, as if one came after the other. What is granted is written: refuse a request for any other reason before.
 *
 * Cost depends on what is asked for, not on the size of a subnet or how full it is: the head of the free ranges and the ranges
 * around chosen addresses are found by index. Rested addresses come back first.
 */
export async function allocateAddresses(
  trx: Knex,
  requests: readonly AllocationRequest[],
): Promise<Map<AllocationRequest, Allocation>> {
  const results = new Map<AllocationRequest, Allocation>();
  const wishes: Wish[] = [];
  for (const request of requests) {
    const demands = sortDemands(request.sources, request.ports, request.pointerOf, request.mayTakeReserved);
    if ('kind' in demands) results.set(request, refusalProblem(demands));
    else wishes.push({ request, demands });
  }
  const space = new Map<string, FreeAddresses>();
  const read = async (sources: readonly AddressSource[]) => {
    const found = await readFreeAddresses(
      trx,
      sources.map((source) => wantedOf(source, wishes)),
    );
    for (const [id, free] of found) space.set(id, free);
  };
  const returnRested = (sources: readonly AddressSource[]) =>
    returnRestedOf(
      trx,
      sources.map(({ id }) => id),
    );

  const sources = firstSources(wishes);
  await returnRested(sources.filter(({ mayHaveRested }) => mayHaveRested));
  await read(sources);
  for (;;) {
    const round = serveAll(wishes, space);
    const lacking = [...new Set([...round.unread, ...round.short])];
    // Rested addresses return in batches: look again as long as there are some.
    const replenished = await returnRested(lacking);
    if (round.unread.length === 0 && replenished.size === 0) {
      await applyChanges(trx, changesOf(round, wishes, space));
      for (const [wish, allocation] of round.served) results.set(wish.request, allocation);
      const problems = await explainShortages(trx, round.shortages);
      for (const [request, problem] of problems) results.set(request, problem);
      return results;
    }
    await read(lacking);
  }
}

interface Wish {
  readonly request: AllocationRequest;
  readonly demands: Demands;
}

interface Round {
  readonly served: ReadonlyMap<Wish, Allocation>;
  readonly left: ReadonlyMap<string, FreeAddresses>;
  readonly unread: readonly AddressSource[];
  readonly short: readonly AddressSource[];
  readonly shortages: readonly Shortage[];
}

/** Serves one request after the other, each with what the ones before it have left. */
function serveAll(wishes: readonly Wish[], space: ReadonlyMap<string, FreeAddresses>): Round {
  const served = new Map<Wish, Allocation>();
  const unread: AddressSource[] = [];
  const shortages: Shortage[] = [];
  let left = space;
  for (const wish of wishes) {
    const { request, demands } = wish;
    const allotment = allot(left, request.sources, demands);
    if (allotment.kind === 'unread') unread.push(allotment.source);
    else if (allotment.kind !== 'granted') shortages.push({ request, allotment });
    else {
      const objection = objectionTo(() => request.accept(allotment.addresses));
      served.set(wish, objection ?? allotment.addresses);
      if (!objection) left = allotment.left;
    }
  }
  return {
    served,
    left,
    unread,
    shortages,
    short: shortages.flatMap(({ allotment }) => sourcesOf(allotment)),
  };
}

function objectionTo(accept: () => void): Problem | undefined {
  try {
    accept();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function sourcesOf(allotment: Shortage['allotment']): readonly AddressSource[] {
  return allotment.kind === 'exhausted' ? allotment.sources : [allotment.source];
}

/** Those that are asked first: the ones that are named, and the oldest of each IP version for who leaves the choice to us. */
function firstSources(wishes: readonly Wish[]): AddressSource[] {
  const first = new Map<string, AddressSource>();
  for (const { request, demands } of wishes) {
    for (const source of request.sources) {
      const own = demands.ofSubnet.get(source.id);
      const isNamed = own && own.chosen.length + own.reserved.length + own.automatic.length > 0;
      const isFirst = request.sources.find(({ cidr }) => cidr.version === source.cidr.version) === source;
      if (isNamed || (isFirst && demands.anyOf[source.cidr.version].length > 0)) first.set(source.id, source);
    }
  }
  return [...first.values()];
}

/** All that the requests together might take of a subnet. */
function wantedOf(source: AddressSource, wishes: readonly Wish[]) {
  const chosen: bigint[] = [];
  const reserved: bigint[] = [];
  let headCount = 0;
  for (const { request, demands } of wishes) {
    if (!request.sources.some(({ id }) => id === source.id)) continue;
    const own = demands.ofSubnet.get(source.id);
    chosen.push(...(own?.chosen ?? []).map(({ value }) => value));
    reserved.push(...(own?.reserved ?? []).map(({ value }) => value));
    headCount += (own?.automatic.length ?? 0) + demands.anyOf[source.cidr.version].length;
  }
  const subnet = { id: source.id, ipVersion: source.cidr.version };
  return { subnet, chosen, reserved, headCount: headCount + chosen.length };
}

function changesOf(
  { served, left }: Round,
  wishes: readonly Wish[],
  space: ReadonlyMap<string, FreeAddresses>,
): SubnetChange[] {
  const changes = new Map<string, SubnetChange>();
  for (const wish of wishes) {
    const allocation = served.get(wish);
    if (allocation === undefined || allocation instanceof Problem) continue;
    for (const { subnetId, ipVersion } of allocation) {
      if (changes.has(subnetId)) continue;
      const [before, after] = [space.get(subnetId)?.pooled ?? [], left.get(subnetId)?.pooled ?? []];
      const change = changeBetween(before, after);
      const used = Number(sizeOf(before) - sizeOf(after));
      changes.set(subnetId, { subnet: { id: subnetId, ipVersion }, change, used, resting: 0 });
    }
  }
  return [...changes.values()];
}

function sizeOf(ranges: readonly { readonly first: bigint; readonly last: bigint }[]): bigint {
  return ranges.reduce((size, { first, last }) => size + last - first + 1n, 0n);
}
