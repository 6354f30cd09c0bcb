import type { AddressSource, ChosenSlot, Demands, Slot } from './demands.ts';
import type { IpVersion } from './ip.ts';
import { takeAddresses, type Range } from './ranges.ts';

/** An address of a port. */
export interface PortAddress {
  readonly subnetId: string;
  readonly ipVersion: IpVersion;
  readonly value: bigint;
}

/** An address given to a port of a request. */
export interface GrantedAddress extends PortAddress {
  readonly port: number;
  readonly position: number;
}

/** What is free of one subnet, as far as it was read: disjoint ranges in ascending order. */
export interface FreeAddresses {
  readonly pooled: readonly Range[];
  readonly reserved: readonly Range[];
}

/** What is free, by subnet. */
export type FreeSpace = ReadonlyMap<string, FreeAddresses>;

/** What a request gets: everything it wants, or nothing and the reason. */
export type Allotment =
  | { readonly kind: 'granted'; readonly addresses: readonly GrantedAddress[]; readonly left: FreeSpace }
  /** What is free of the subnet must be read before this can be decided. */
  | { readonly kind: 'unread'; readonly source: AddressSource }
  | { readonly kind: 'in-use'; readonly source: AddressSource; readonly slots: readonly ChosenSlot[] }
  | { readonly kind: 'exhausted'; readonly sources: readonly AddressSource[] };

const versions = [4, 6] as const;

/**
 * Takes all that one request wants out of what is free.
 *
 * Subnets are visited oldest first; what a full one can't give of the default demand is left to the next. Chosen addresses go
 * before automatic ones, so that a request does not take its own.
 * @param sources the network's subnets, oldest first.
 */
export function allot(space: FreeSpace, sources: readonly AddressSource[], demands: Demands): Allotment {
  const addresses: GrantedAddress[] = [];
  const left = new Map(space);
  const anyOf: Record<IpVersion, Slot[]> = { 4: [...demands.anyOf[4]], 6: [...demands.anyOf[6]] };
  for (const source of sources) {
    const own = demands.ofSubnet.get(source.id) ?? { chosen: [], reserved: [], automatic: [] };
    const waiting = anyOf[source.cidr.version];
    const chosen = [...own.chosen, ...own.reserved];
    if (chosen.length + own.automatic.length + waiting.length === 0) continue;
    const free = space.get(source.id);
    if (!free) return { kind: 'unread', source };
    const pooled = takeAddresses(free.pooled, valuesOf(own.chosen), own.automatic.length + waiting.length);
    const reserved = takeAddresses(free.reserved, valuesOf(own.reserved), 0);
    const refused = new Set([...pooled.refused, ...reserved.refused]);
    if (refused.size > 0) return { kind: 'in-use', source, slots: lastOfEach(chosen, refused) };
    if (pooled.automatic.length < own.automatic.length) return { kind: 'exhausted', sources: [source] };
    left.set(source.id, { pooled: pooled.left, reserved: reserved.left });
    addresses.push(...chosen.map((slot) => grant(source, slot, slot.value)));
    for (const [index, value] of pooled.automatic.entries()) {
      const slot = own.automatic[index] ?? waiting.shift();
      if (slot) addresses.push(grant(source, slot, value));
    }
  }
  for (const version of versions) {
    if (anyOf[version].length === 0) continue;
    return { kind: 'exhausted', sources: sources.filter(({ cidr }) => cidr.version === version) };
  }
  return { kind: 'granted', addresses, left };
}

function valuesOf(slots: readonly ChosenSlot[]): bigint[] {
  return slots.map(({ value }) => value);
}

/** Of an address that is asked for twice it is the later one that can't be had. */
function lastOfEach(chosen: readonly ChosenSlot[], refused: ReadonlySet<bigint>): ChosenSlot[] {
  return [...refused].flatMap((value) => chosen.findLast((slot) => slot.value === value) ?? []);
}

function grant(source: AddressSource, { port, position }: Slot, value: bigint): GrantedAddress {
  return { port, position, subnetId: source.id, ipVersion: source.cidr.version, value };
}
