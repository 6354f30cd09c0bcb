import type { Database } from '@patchpanel/service-kit';

/** What it takes to place instances on hosts. */
export interface PlacementParts {
  readonly database: Database;
  /** How often a host is to be heard, in seconds. */
  readonly heartbeatSeconds: number;
}

/** What every room of the service works with. */
export interface Parts extends PlacementParts {
  /** A new MAC address; it may be in use already. */
  readonly randomMacAddress: () => string;
  /** Has instances that wait for a host looked at soon; for after the commit of what may have made room. */
  readonly wakePlacement: () => void;
}

/** A host not heard for so long has missed three heartbeats and is silent. */
export function silentAfterSeconds({ heartbeatSeconds }: PlacementParts): number {
  return 3 * heartbeatSeconds;
}
