import type { FieldError } from '@patchpanel/service-kit';

/**
 * Brings a MAC address that the document's pattern has let through to lower case. Group addresses (IEEE 802, the lowest bit of
 * the first byte) and the null address are no address of a network card.
 */
export function readMacAddress(text: string, pointer: string): { macAddress: string } | FieldError {
  const macAddress = text.toLowerCase();
  if ((Number.parseInt(macAddress.slice(0, 2), 16) & 1) === 1) {
    return { pointer, detail: 'must be a unicast address: the lowest bit of its first byte must not be set' };
  }
  if (macAddress === '00:00:00:00:00:00') return { pointer, detail: 'must not be the null address' };
  return { macAddress };
}
