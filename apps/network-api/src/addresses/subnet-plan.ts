import { formatIp, parseCidr, parseIp, type Cidr, type Ip, type IpVersion } from './ip.ts';
import { withoutAddress, type Range } from './ranges.ts';

/** What a caller says about a subnet's addresses. */
export interface SubnetAddressing {
  readonly cidr: string;
  /** Absent: chosen here. Null: none. */
  readonly gatewayIp?: string | null;
  readonly allocationPools?: readonly { readonly first: string; readonly last: string }[];
}

/** A subnet's addresses, checked. Pools are disjoint, ascending, and have neither gateway nor reserved addresses. */
export interface SubnetPlan {
  readonly cidr: Cidr;
  readonly gateway: bigint | undefined;
  readonly pools: readonly Range[];
}

/** One wrong place in what the caller said. */
export interface PlanIssue {
  readonly pointer: string;
  readonly detail: string;
}

export type PlanResult =
  | { readonly isValid: true; readonly plan: SubnetPlan }
  | { readonly isValid: false; readonly issues: readonly PlanIssue[] };

/** Blocks that no subnet may touch: what hosts and the protocols keep for themselves (RFC 6890, RFC 4291). */
const keptBlocks: readonly { readonly block: Cidr; readonly name: string }[] = [
  { block: block('0.0.0.0/8'), name: 'the block "this network"' },
  { block: block('127.0.0.0/8'), name: 'the loopback block' },
  { block: block('224.0.0.0/4'), name: 'the multicast block' },
  { block: block('240.0.0.0/4'), name: 'the reserved block' },
  { block: block('::/32'), name: 'the block of loopback and IPv4-mapped addresses' },
  { block: block('fe80::/10'), name: 'the link-local block' },
  { block: block('ff00::/8'), name: 'the multicast block' },
];

/**
 * Works out a subnet's gateway and pools. The default gateway is the first usable address; a subnet of one or two
 * addresses (/31, /32, /127, /128) has none by default, so that a point-to-point link keeps both ends for ports.
 */
export function planSubnet(input: SubnetAddressing): PlanResult {
  const parsed = parseCidr(input.cidr);
  if (!parsed.isValid) return refuse({ pointer: '/cidr', detail: parsed.reason });
  const cidr = parsed.value;
  const kept = keptBlocks.find(({ block: other }) => overlaps(cidr, other));
  if (kept) return refuse({ pointer: '/cidr', detail: `must not overlap ${kept.name}` });
  const usable = usableRange(cidr);
  const gateway = planGateway(input.gatewayIp, cidr, usable);
  if ('detail' in gateway) return refuse(gateway);
  if (input.allocationPools === undefined) {
    const pools = gateway.value === undefined ? [usable] : withoutAddress(usable, gateway.value);
    if (pools.length === 0) return refuse({ pointer: '/gatewayIp', detail: 'leaves no address for a port' });
    return { isValid: true, plan: { cidr, gateway: gateway.value, pools } };
  }
  const { pools, issues } = planPools(input.allocationPools, cidr.version, usable, gateway.value);
  return issues.length > 0
    ? refuse(...issues)
    : { isValid: true, plan: { cidr, gateway: gateway.value, pools } };
}

/**
 * The addresses that a host can have. IPv4's network and broadcast addresses are left out, except in a /31 (RFC 3021) and a
 * /32; so is IPv6's subnet-router anycast address (RFC 4291 §2.6.1), except in a /127 (RFC 6164) and a /128.
 */
export function usableRange({ version, first, last, prefixLength }: Cidr): Range {
  if (prefixLength >= (version === 4 ? 31 : 127)) return { first, last };
  return version === 4 ? { first: first + 1n, last: last - 1n } : { first: first + 1n, last };
}

/** True when the address is in one of the pools. */
export function isInPools(pools: readonly Range[], address: bigint): boolean {
  return pools.some(({ first, last }) => first <= address && address <= last);
}

function planGateway(
  input: string | null | undefined,
  cidr: Cidr,
  usable: Range,
): { readonly value: bigint | undefined } | PlanIssue {
  if (input === null) return { value: undefined };
  if (input === undefined) {
    return { value: isTiny(cidr) ? undefined : usable.first };
  }
  const parsed = parseIp(input);
  if (!parsed.isValid) return { pointer: '/gatewayIp', detail: parsed.reason };
  if (!isUsable(usable, cidr.version, parsed.value)) {
    return { pointer: '/gatewayIp', detail: `must be ${describe(usable, cidr.version)}` };
  }
  return { value: parsed.value.value };
}

function planPools(
  input: readonly { readonly first: string; readonly last: string }[],
  version: IpVersion,
  usable: Range,
  gateway: bigint | undefined,
): { pools: Range[]; issues: PlanIssue[] } {
  const issues: PlanIssue[] = [];
  const accepted: { range: Range; pointer: string }[] = [];
  for (const [index, pool] of input.entries()) {
    const pointer = `/allocationPools/${index}`;
    const first = readEnd(pool.first, `${pointer}/first`, version, usable);
    const last = readEnd(pool.last, `${pointer}/last`, version, usable);
    if ('detail' in first) issues.push(first);
    if ('detail' in last) issues.push(last);
    if ('detail' in first || 'detail' in last) continue;
    const range = { first: first.value, last: last.value };
    const other = accepted.find(
      (earlier) => earlier.range.first <= range.last && range.first <= earlier.range.last,
    );
    if (range.last < range.first) issues.push({ pointer, detail: 'must not end before it begins' });
    else if (gateway !== undefined && isInPools([range], gateway)) {
      issues.push({ pointer, detail: `must not contain the gateway ${formatIp(version, gateway)}` });
    } else if (other) issues.push({ pointer, detail: `must not overlap ${other.pointer}` });
    else accepted.push({ range, pointer });
  }
  const pools = accepted.map(({ range }) => range);
  return { pools: pools.toSorted((a, b) => (a.first < b.first ? -1 : 1)), issues };
}

function readEnd(
  text: string,
  pointer: string,
  version: IpVersion,
  usable: Range,
): { readonly value: bigint } | PlanIssue {
  const parsed = parseIp(text);
  if (!parsed.isValid) return { pointer, detail: parsed.reason };
  if (!isUsable(usable, version, parsed.value))
    return { pointer, detail: `must be ${describe(usable, version)}` };
  return { value: parsed.value.value };
}

function isUsable(usable: Range, version: IpVersion, ip: Ip): boolean {
  return ip.version === version && isInPools([usable], ip.value);
}

function isTiny({ first, last }: Cidr): boolean {
  return last - first < 2n;
}

function describe(usable: Range, version: IpVersion): string {
  return `a usable address of the subnet, ${formatIp(version, usable.first)} to ${formatIp(version, usable.last)}`;
}

function overlaps(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

function refuse(...issues: PlanIssue[]): PlanResult {
  return { isValid: false, issues };
}

function block(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.isValid) throw new Error(`${text} ${parsed.reason}`);
  return parsed.value;
}
