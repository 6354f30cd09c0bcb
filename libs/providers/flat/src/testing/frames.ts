/** Builders of Ethernet frames, as hexadecimal text: what an honest stack would not send must be made by hand. */

export const broadcastMac = 'ff:ff:ff:ff:ff:ff';

/** An Ethernet frame. */
export function ethernet(destination: string, source: string, type: number, payload: string): string {
  return hexOfMac(destination) + hexOfMac(source) + hex16(type) + payload;
}

/** A frame with a VLAN tag (IEEE 802.1Q) before its type. */
export function tagged(frame: string, tagType: number, vlan: number): string {
  return frame.slice(0, 24) + hex16(tagType) + hex16(vlan) + frame.slice(24);
}

/** An ARP packet for Ethernet and IPv4 (RFC 826). */
export function arp(packet: {
  readonly operation: 1 | 2;
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetIp: string;
}): string {
  const { operation, senderMac, senderIp, targetIp } = packet;
  const header = `000108000604${hex16(operation)}`;
  return (
    header + hexOfMac(senderMac) + hexOfIpv4(senderIp) + hexOfMac('00:00:00:00:00:00') + hexOfIpv4(targetIp)
  );
}

/** An IPv4 packet with a UDP datagram. The header's checksum is right: the bridge may look at it. */
export function udp4(
  source: string,
  destination: string,
  ports: readonly [from: number, to: number],
  text = '',
): string {
  const datagram = udp(ports, text);
  const header =
    `4500${hex16(20 + datagram.length / 2)}000000004011` +
    '0000' +
    hexOfIpv4(source) +
    hexOfIpv4(destination);
  const sum = (header.match(/.{4}/g) ?? []).reduce((total, word) => total + Number.parseInt(word, 16), 0);
  const checksum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  return header.slice(0, 20) + hex16(checksum) + header.slice(24) + datagram;
}

/** An IPv6 packet. */
export function ipv6(source: string, destination: string, nextHeader: number, payload: string): string {
  return `60000000${hex16(payload.length / 2)}${hex8(nextHeader)}ff${hexOfIpv6(source)}${hexOfIpv6(destination)}${payload}`;
}

/** A UDP datagram without a checksum. */
export function udp([from, to]: readonly [from: number, to: number], text = ''): string {
  const data = Buffer.from(text).toString('hex');
  return hex16(from) + hex16(to) + hex16(8 + data.length / 2) + '0000' + data;
}

/** An ICMPv6 message: type, then what follows code and checksum. */
export function icmpv6(type: number, body: string): string {
  return `${hex8(type)}000000${body}`;
}

/** A neighbour solicitation (135) or advertisement (136) for an address (RFC 4861). */
export function neighbour(type: 135 | 136, target: string): string {
  return icmpv6(type, (type === 136 ? '20000000' : '00000000') + hexOfIpv6(target));
}

/** A fragment header (RFC 8200) before a payload. */
export function fragment(nextHeader: number, offset: number, hasMore: boolean, payload: string): string {
  return `${hex8(nextHeader)}00${hex16((offset << 3) | (hasMore ? 1 : 0))}00000001${payload}`;
}

/** The 128 bits of an IPv6 address. */
export function hexOfIpv6(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string) =>
    part
      .split(':')
      .filter((group) => group !== '')
      .map((group) => group.padStart(4, '0'));
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0000'), ...groups(tail)].join('');
}

function hexOfMac(mac: string): string {
  return mac.replaceAll(':', '');
}

function hexOfIpv4(address: string): string {
  return address
    .split('.')
    .map((part) => hex8(Number(part)))
    .join('');
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}
