import { storedCidr, storedIp, type Cidr } from '../../addresses/ip.ts';

export interface SubnetShape {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly cidr: string;
  /** The gateway's address and the DHCP server's, which are in no pool. */
  readonly reserved: readonly string[];
  readonly allocationPools: readonly { readonly first: string; readonly last: string }[];
  /** When its maker was told of it: whoever began earlier may not have seen it. */
  readonly knownFrom: number;
}

/** A subnet and who has which of its addresses. */
export class SubnetState {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly cidr: Cidr;
  readonly version: 4 | 6;
  readonly knownFrom: number;
  readonly reserved: readonly string[];
  name = '';
  revision = 1;
  allocationPools: SubnetShape['allocationPools'];
  readonly #users = new Map<string, string>();
  readonly #resting = new Map<string, string>();
  /** Addresses whose rest has ended, and when whoever ended it was told so. */
  readonly #returned = new Map<string, number>();

  constructor(shape: SubnetShape) {
    this.id = shape.id;
    this.projectId = shape.projectId;
    this.networkId = shape.networkId;
    this.cidr = storedCidr(shape.cidr);
    this.version = this.cidr.version;
    this.knownFrom = shape.knownFrom;
    this.reserved = shape.reserved;
    this.allocationPools = shape.allocationPools;
  }

  overlaps(other: Cidr): boolean {
    return other.version === this.version && other.first <= this.cidr.last && this.cidr.first <= other.last;
  }

  contains(address: string): boolean {
    const { version, value } = storedIp(address);
    return version === this.version && this.cidr.first <= value && value <= this.cidr.last;
  }

  isInPools(address: string): boolean {
    return isIn(this.allocationPools, address);
  }

  /** Who has the address, or why nobody can have it now. */
  holderOf(address: string): string | undefined {
    const resting = this.#resting.get(address);
    return this.#users.get(address) ?? (resting === undefined ? undefined : `the rest of port ${resting}`);
  }

  get total(): bigint {
    return rangesOf(this.allocationPools).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  }

  /** Addresses of the pools that ports have: the owner may have chosen one that is reserved, which is in none. */
  get used(): number {
    return [...this.#users.keys()].filter((address) => this.isInPools(address)).length;
  }

  get resting(): number {
    return [...this.#resting.keys()].filter((address) => this.isInPools(address)).length;
  }

  get available(): bigint {
    return this.total - BigInt(this.used + this.resting);
  }

  /** Whether a port has, or a host may have, any of its addresses. */
  get isUsed(): boolean {
    return this.#users.size + this.#resting.size > 0;
  }

  /** Whether other pools would leave out an address that is not free. */
  wouldLoseHeld(pools: SubnetShape['allocationPools']): boolean {
    const held = [...this.#users.keys(), ...this.#resting.keys()];
    return held.some((address) => this.isInPools(address) && !isIn(pools, address));
  }

  take(address: string, portId: string): void {
    this.#users.set(address, portId);
    this.#returned.delete(address);
  }

  free(address: string): void {
    this.#users.delete(address);
  }

  rest(address: string, portId: string): void {
    this.#users.delete(address);
    this.#resting.set(address, portId);
  }

  /** Ends the rest of a gone port's addresses, by a call that is answered at that tick. */
  freeRestingOf(portId: string, answeredAt: number): void {
    for (const [address, owner] of this.#resting) {
      if (owner !== portId) continue;
      this.#resting.delete(address);
      this.#returned.set(address, answeredAt);
    }
  }

  /**
   * Free addresses that a call which began then may still have taken for resting ones: a host ends a rest without the subnet's
   * lock, so that who takes addresses meanwhile may see it or not.
   */
  returnedSince(startedAt: number): string[] {
    return [...this.#returned].flatMap(([address, answeredAt]) =>
      answeredAt > startedAt && this.isInPools(address) ? [address] : [],
    );
  }
}

function isIn(pools: SubnetShape['allocationPools'], address: string): boolean {
  const { value } = storedIp(address);
  return rangesOf(pools).some(({ first, last }) => first <= value && value <= last);
}

function rangesOf(pools: SubnetShape['allocationPools']): { first: bigint; last: bigint }[] {
  return pools.map(({ first, last }) => ({ first: storedIp(first).value, last: storedIp(last).value }));
}
