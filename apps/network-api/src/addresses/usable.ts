import { formatIp, parseCidr, type Cidr, type Ip } from './ip.ts';
import type { Range } from './ranges.ts';

/** A block whose addresses mean the same everywhere, so that none of them is any host's on a link. */
interface KeptBlock {
  readonly block: Cidr;
  readonly name: string;
}

const linkLocal: KeptBlock = { block: block('fe80::/10'), name: 'the link-local block' };

/** What no host can be reached by from another: RFC 6890, RFC 4291. */
const unreachableBlocks: readonly KeptBlock[] = [
  { block: block('0.0.0.0/8'), name: 'the block "this network"' },
  { block: block('127.0.0.0/8'), name: 'the loopback block' },
  { block: block('224.0.0.0/4'), name: 'the multicast block' },
  { block: block('240.0.0.0/4'), name: 'the reserved block' },
  { block: block('::/32'), name: 'the block of loopback and IPv4-mapped addresses' },
  { block: block('ff00::/8'), name: 'the multicast block' },
];

/** The block that no subnet may touch, and this one does; by name. */
export function blockKeptFromSubnets(cidr: Cidr): string | undefined {
  return [...unreachableBlocks, linkLocal].find(({ block: kept }) => overlaps(cidr, kept))?.name;
}

/** The block in which an address, or all addresses of a prefix, can't be a host's; by name. */
export function unreachableBlock(range: Range & { readonly version: 4 | 6 }): string | undefined {
  return unreachableBlocks.find(
    ({ block: kept }) =>
      kept.version === range.version && kept.first <= range.first && range.last <= kept.last,
  )?.name;
}

/**
 * The addresses that a host can have. IPv4's network and broadcast addresses are left out, except in a /31 (RFC 3021) and a
 * /32; so is IPv6's subnet-router anycast address (RFC 4291 §2.6.1), except in a /127 (RFC 6164) and a /128.
 */
export function usableRange({ version, first, last, prefixLength }: Cidr): Range {
  if (prefixLength >= (version === 4 ? 31 : 127)) return { first, last };
  return version === 4 ? { first: first + 1n, last: last - 1n } : { first: first + 1n, last };
}

/** True for a subnet of one or two addresses (/31, /32, /127, /128): a point-to-point link keeps both ends for ports. */
export function isTiny({ first, last }: Cidr): boolean {
  return last - first < 2n;
}

/** True when a host of the subnet can have the address. */
export function isUsable(cidr: Cidr, ip: Ip): boolean {
  const { first, last } = usableRange(cidr);
  return ip.version === cidr.version && first <= ip.value && ip.value <= last;
}

/** The words for what an address of a subnet must be. */
export function describeUsable(cidr: Cidr): string {
  const { first, last } = usableRange(cidr);
  return `a usable address of the subnet, ${formatIp(cidr.version, first)} to ${formatIp(cidr.version, last)}`;
}

function overlaps(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

function block(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.isValid) throw new Error(`${text} ${parsed.reason}`);
  return parsed.value;
}
