import type { FieldError } from '@patchpanel/service-kit';
import { contains, formatIp, parseIp, storedCidr, storedIp, type Cidr, type IpVersion } from './ip.ts';
import type { Range } from './ranges.ts';

/** A subnet to take addresses from. */
export interface AddressSource {
  readonly id: string;
  readonly cidr: Cidr;
  readonly pools: readonly Range[];
  /** Addresses outside the pools that the network's owner may choose: the gateway's and the DHCP server's. */
  readonly reserved: readonly bigint[];
  /** False when no rest was over at the time of reading: then there is no hurry to look for such addresses. */
  readonly mayHaveRested: boolean;
}

/** An address that a port is to have, and where it goes: the port's and the address's place in the request. */
export interface Slot {
  readonly port: number;
  readonly position: number;
  /** Where in the request it was asked for. */
  readonly pointer: string;
}

/** What is wanted of one subnet. */
export interface SubnetDemand {
  readonly chosen: ChosenSlot[];
  /** Chosen ones that are in no pool, but reserved for whoever may choose them. */
  readonly reserved: ChosenSlot[];
  readonly automatic: Slot[];
}

export interface ChosenSlot extends Slot {
  readonly value: bigint;
}

/** All that one request wants. `anyOf` may come from any subnet of the IP version. */
export interface Demands {
  readonly ofSubnet: ReadonlyMap<string, SubnetDemand>;
  readonly anyOf: Readonly<Record<IpVersion, Slot[]>>;
}

/** One wanted address, as the caller said it. */
export interface WantedAddress {
  readonly subnetId?: string;
  readonly ipAddress?: string;
}

/** Why a demand can't even be tried. */
export type Refusal =
  | { readonly kind: 'invalid'; readonly error: FieldError }
  | { readonly kind: 'unknown-subnet'; readonly subnetId: string; readonly pointer: string }
  | { readonly kind: 'no-subnet' }
  | { readonly kind: 'outside'; readonly address: string; readonly pointer: string; readonly detail: string }
  | { readonly kind: 'reserved'; readonly address: string; readonly pointer: string };

const versions = [4, 6] as const;

/**
 * Sorts what the ports of a request want by the subnets that can give it. Ports without a list want one address of each IP
 * version that there is a subnet for.
 * @param sources the network's subnets, oldest first.
 * @param pointerOf where in the request a port's list of addresses is, or the address at a place of it.
 * @param mayTakeReserved whether the caller owns the network, and so may choose its gateway's or DHCP server's address.
 */
export function sortDemands(
  sources: readonly AddressSource[],
  ports: readonly (readonly WantedAddress[] | undefined)[],
  pointerOf: (port: number, position?: number) => string,
  mayTakeReserved = false,
): Demands | Refusal {
  const ofSubnet = new Map<string, SubnetDemand>(
    sources.map(({ id }) => [id, { chosen: [], reserved: [], automatic: [] }]),
  );
  const anyOf = { 4: [] as Slot[], 6: [] as Slot[] };
  const present = versions.filter((version) => sources.some(({ cidr }) => cidr.version === version));
  for (const [port, wanted] of ports.entries()) {
    if (wanted === undefined) {
      if (present.length === 0) return { kind: 'no-subnet' };
      for (const [position, version] of present.entries()) {
        anyOf[version].push({ port, position, pointer: pointerOf(port) });
      }
      continue;
    }
    for (const [position, address] of wanted.entries()) {
      const slot = { port, position, pointer: pointerOf(port, position) };
      const refusal = sortAddress(sources, ofSubnet, slot, address, mayTakeReserved);
      if (refusal) return refusal;
    }
  }
  return { ofSubnet, anyOf };
}

function sortAddress(
  sources: readonly AddressSource[],
  ofSubnet: ReadonlyMap<string, SubnetDemand>,
  slot: Slot,
  { subnetId, ipAddress }: WantedAddress,
  mayTakeReserved: boolean,
): Refusal | undefined {
  const named = subnetId === undefined ? undefined : sources.find(({ id }) => id === subnetId);
  if (subnetId !== undefined && !named) {
    return { kind: 'unknown-subnet', subnetId, pointer: `${slot.pointer}/subnetId` };
  }
  if (ipAddress === undefined) {
    if (named) ofSubnet.get(named.id)?.automatic.push(slot);
    return undefined;
  }
  const pointer = `${slot.pointer}/ipAddress`;
  const parsed = parseIp(ipAddress);
  if (!parsed.isValid) return { kind: 'invalid', error: { pointer, detail: parsed.reason } };
  const { version, value } = parsed.value;
  const address = formatIp(version, value);
  if (sources.length === 0) return { kind: 'no-subnet' };
  const source = named ?? sources.find(({ cidr }) => contains(cidr, parsed.value));
  if (!source || !contains(source.cidr, parsed.value)) {
    const detail = named ? 'is not in the subnet that is given with it' : 'is in no subnet of the network';
    return { kind: 'outside', address, pointer, detail };
  }
  const demand = ofSubnet.get(source.id);
  if (!isInPools(source, value)) {
    if (source.reserved.includes(value)) {
      if (!mayTakeReserved) return { kind: 'reserved', address, pointer };
      demand?.reserved.push({ ...slot, pointer, value });
      return undefined;
    }
    return { kind: 'outside', address, pointer, detail: 'is in none of the allocation pools of its subnet' };
  }
  demand?.chosen.push({ ...slot, pointer, value });
  return undefined;
}

/** Whether the address is one that the subnet gives out and takes back; others vanish when they are given up. */
export function isInPools({ pools }: Pick<AddressSource, 'pools'>, value: bigint): boolean {
  return pools.some(({ first, last }) => first <= value && value <= last);
}

/** A stored subnet as a source of addresses. */
export function toSource(row: {
  readonly id: string;
  readonly cidr: string;
  readonly allocation_pools: readonly { readonly first: string; readonly last: string }[];
  readonly gateway_ip?: string | null;
  readonly dhcp_server_ip?: string | null;
  readonly has_rested?: boolean;
}): AddressSource {
  const pools = row.allocation_pools.map(({ first, last }) => ({
    first: storedIp(first).value,
    last: storedIp(last).value,
  }));
  const reserved = [row.gateway_ip, row.dhcp_server_ip].flatMap((address) =>
    address === undefined || address === null ? [] : [storedIp(address).value],
  );
  return { id: row.id, cidr: storedCidr(row.cidr), pools, reserved, mayHaveRested: row.has_rested ?? true };
}
