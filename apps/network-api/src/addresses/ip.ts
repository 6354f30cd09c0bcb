import { Address4, Address6 } from 'ip-address';

export type IpVersion = 4 | 6;

/** An address as a number, which is how everything but the wire sees it. */
export interface Ip {
  readonly version: IpVersion;
  readonly value: bigint;
}

/** A prefix without host bits. */
export interface Cidr {
  readonly version: IpVersion;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
}

/** Either what a text means, or why it is refused. */
export type Parsed<T> =
  { readonly isValid: true; readonly value: T } | { readonly isValid: false; readonly reason: string };

const bits = { 4: 32, 6: 128 } as const;
const plainOctets = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const mappedPrefix = 0xffffn;

/**
 * Reads an address. Only spellings that every reader understands alike are taken: no leading zeros in IPv4 (octal to
 * some), no IPv4 inside IPv6, no zone.
 */
export function parseIp(text: string): Parsed<Ip> {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The canonical text of an address: dotted decimal, or RFC 5952. */
export function formatIp(version: IpVersion, value: bigint): string {
  return version === 4 ? Address4.fromBigInt(value).correctForm() : Address6.fromBigInt(value).correctForm();
}

/** Reads a prefix such as `10.0.0.0/24`; the length must be there, and no bit behind it may be set. */
export function parseCidr(text: string): Parsed<Cidr> {
  const [address = '', length, ...rest] = text.split('/');
  if (length === undefined || rest.length > 0) {
    return refuse('must be an address, a slash and a prefix length, such as 10.0.0.0/24');
  }
  const ip = parseIp(address);
  if (!ip.isValid) return ip;
  const { version, value } = ip.value;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits[version]) {
    return refuse(`must have a prefix length from 0 to ${bits[version]}, without leading zeros`);
  }
  const cidr = cidrOf(version, value, Number(length));
  if (cidr.first !== value) {
    return refuse(`must not have host bits set; did you mean ${formatCidr(cidr)}?`);
  }
  return { isValid: true, value: cidr };
}

/** The canonical text of a prefix. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.version, cidr.first)}/${cidr.prefixLength}`;
}

/** Reads text that the database wrote: an address or prefix that was valid when it was stored. */
export function storedIp(text: string): Ip {
  const isIpv6 = text.includes(':');
  return isIpv6
    ? { version: 6, value: new Address6(text).bigInt() }
    : { version: 4, value: new Address4(text).bigInt() };
}

/** Reads a prefix that the database wrote. */
export function storedCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/');
  const { version, value } = storedIp(address);
  return cidrOf(version, value, Number(length));
}

/** True when the address lies in the prefix. */
export function contains(cidr: Cidr, ip: Ip): boolean {
  return ip.version === cidr.version && cidr.first <= ip.value && ip.value <= cidr.last;
}

function cidrOf(version: IpVersion, value: bigint, prefixLength: number): Cidr {
  const hostBits = BigInt(bits[version] - prefixLength);
  const first = (value >> hostBits) << hostBits;
  return { version, first, last: first + (1n << hostBits) - 1n, prefixLength };
}

function parseIpv4(text: string): Parsed<Ip> {
  if (!plainOctets.test(text) || !Address4.isValid(text)) {
    return refuse(
      'must be an IPv4 address of four numbers from 0 to 255 without leading zeros, or an IPv6 address',
    );
  }
  return { isValid: true, value: { version: 4, value: new Address4(text).bigInt() } };
}

function parseIpv6(text: string): Parsed<Ip> {
  if (text.includes('%')) return refuse('must not have a zone');
  if (text.includes('.')) return refuse('must be written without an IPv4 address inside');
  if (text.includes('/') || !Address6.isValid(text)) return refuse('must be an IPv6 address');
  const value = new Address6(text).bigInt();
  if (value >> 32n === mappedPrefix)
    return refuse('must not be an IPv4-mapped address: give the IPv4 address itself');
  return { isValid: true, value: { version: 6, value } };
}

function refuse(reason: string): { readonly isValid: false; readonly reason: string } {
  return { isValid: false, reason };
}
