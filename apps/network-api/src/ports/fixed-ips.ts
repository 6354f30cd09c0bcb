import type { FixedIp, FixedIpInput } from '@patchpanel/contract-network';
import { formatIp, parseIp } from '../addresses/ip.ts';

/** What becomes of a port's addresses when others are wanted. */
export interface FixedIpChange {
  /** By place in what is wanted: the address that the port has already. */
  readonly kept: ReadonlyMap<number, FixedIp>;
  /** The places that the port has no address for yet. */
  readonly missing: readonly number[];
  /** What it is to give up. */
  readonly released: readonly FixedIp[];
}

/**
 * Holds what a port has against what is wanted. An address that is named again stays; an automatic one of a subnet is met by an
 * address that the port has there and that is not named. Each address meets one wish.
 */
export function compareFixedIps(had: readonly FixedIp[], wanted: readonly FixedIpInput[]): FixedIpChange {
  const free = new Set(had);
  const kept = new Map<number, FixedIp>();
  const meet = (place: number, fits: (fixedIp: FixedIp) => boolean) => {
    const found = [...free].find(fits);
    if (!found) return;
    free.delete(found);
    kept.set(place, found);
  };
  for (const [place, { subnetId, ipAddress }] of wanted.entries()) {
    if (ipAddress === undefined) continue;
    const address = canonical(ipAddress);
    meet(
      place,
      (fixedIp) => fixedIp.ipAddress === address && (subnetId === undefined || fixedIp.subnetId === subnetId),
    );
  }
  for (const [place, { subnetId, ipAddress }] of wanted.entries()) {
    if (ipAddress === undefined) meet(place, (fixedIp) => fixedIp.subnetId === subnetId);
  }
  return {
    kept,
    missing: [...wanted.keys()].filter((place) => !kept.has(place)),
    released: [...free],
  };
}

function canonical(text: string): string {
  const ip = parseIp(text);
  return ip.isValid ? formatIp(ip.value.version, ip.value.value) : text;
}
