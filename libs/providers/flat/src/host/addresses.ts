import { Address4, Address6 } from 'ip-address';

/** IPv6 multicast and IPv4 multicast, limited broadcast: groups that any port may be sent to. */
export const groupAddresses = { 4: ['224.0.0.0/4', '255.255.255.255'], 6: ['ff00::/8'] } as const;

/** 4 or 6. */
export function ipVersionOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** The spelling that the kernel prints: dotted quad, RFC 5952. */
export function canonical(address: string): string {
  return ipVersionOf(address) === 6
    ? new Address6(address).correctForm()
    : new Address4(address).correctForm();
}

/** The 128 bits of an IPv6 address as nft writes a raw payload. */
export function asHex(address: string): string {
  return `0x${new Address6(address).canonicalForm().replaceAll(':', '')}`;
}

/** The link-local address that belongs to a MAC address: modified EUI-64 (RFC 4291, appendix A). */
export function linkLocalOf(macAddress: string): string {
  const bytes = macAddress.split(':').map((part) => Number.parseInt(part, 16));
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = bytes;
  const group = (high: number, low: number) => ((high << 8) | low).toString(16);
  const groups = [group(first ^ 2, second), group(third, 0xff), group(0xfe, fourth), group(fifth, sixth)];
  return canonical(`fe80::${groups.join(':')}`);
}

/** The directed broadcast address of an IPv4 prefix; /31 and /32 have none (RFC 3021). */
export function broadcastOf(ipAddress: string, prefixLength: number): string | undefined {
  if (prefixLength > 30) return undefined;
  return new Address4(`${ipAddress}/${prefixLength}`).endAddress().correctForm();
}

/** True when the gateway can be reached without being told that it is on the link. */
export function isOnLink(gatewayIp: string, ipAddress: string, prefixLength: number): boolean {
  const subnet = `${ipAddress}/${prefixLength}`;
  return ipVersionOf(gatewayIp) === 6
    ? new Address6(gatewayIp).isInSubnet(new Address6(subnet)) || new Address6(gatewayIp).isLinkLocal()
    : new Address4(gatewayIp).isInSubnet(new Address4(subnet));
}
