import { randomBytes } from 'node:crypto';

/**
 * A random address of the locally administered, unicast range 02:xx:xx:xx:xx:xx (IEEE 802-2014 §8.4), from a
 * cryptographic source: 2^40 of them.
 */
export function randomMacAddress(): string {
  return formatMac([0x02, ...randomBytes(5)]);
}

/** Whether a frame can have the address as its source: no group address, and not all zeros (RFC 9542 §2.1). */
export function isUnicast(macAddress: string): boolean {
  const bytes = macAddress.split(':').map((byte) => Number.parseInt(byte, 16));
  return ((bytes[0] ?? 1) & 1) === 0 && bytes.some((byte) => byte !== 0);
}

function formatMac(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
