import { storedCidr, storedIp, type Cidr } from '../../addresses/ip.ts';

export interface SubnetShape {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly cidr: string;
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
  revision = 1;
  #pools: readonly { readonly first: bigint; readonly last: bigint }[];
  readonly #users = new Map<string, string>();
  readonly #resting = new Map<string, string>();

  constructor(shape: SubnetShape) {
    this.id = shape.id;
    this.projectId = shape.projectId;
    this.networkId = shape.networkId;
    this.cidr = storedCidr(shape.cidr);
    this.version = this.cidr.version;
    this.knownFrom = shape.knownFrom;
    this.#pools = rangesOf(shape.allocationPools);
  }

  overlaps(other: Cidr): boolean {
    return other.version === this.version && other.first <= this.cidr.last && this.cidr.first <= other.last;
  }

  contains(address: string): boolean {
    const { version, value } = storedIp(address);
    return version === this.version && this.cidr.first <= value && value <= this.cidr.last;
  }

  isInPools(address: string): boolean {
    const { value } = storedIp(address);
    return this.#pools.some(({ first, last }) => first <= value && value <= last);
  }

  /** Who has the address, or why nobody can have it now. */
  holderOf(address: string): string | undefined {
    const resting = this.#resting.get(address);
    return this.#users.get(address) ?? (resting === undefined ? undefined : `the rest of port ${resting}`);
  }

  get total(): bigint {
    return this.#pools.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  }

  get used(): number {
    return this.#users.size;
  }

  get resting(): number {
    return this.#resting.size;
  }

  get available(): bigint {
    return this.total - BigInt(this.used + this.resting);
  }

  get isUsed(): boolean {
    return this.used + this.resting > 0;
  }

  take(address: string, portId: string): void {
    this.#users.set(address, portId);
  }

  free(address: string): void {
    this.#users.delete(address);
  }

  rest(address: string, portId: string): void {
    this.#users.delete(address);
    this.#resting.set(address, portId);
  }

  freeRestingOf(portId: string): void {
    for (const [address, owner] of this.#resting) if (owner === portId) this.#resting.delete(address);
  }
}

function rangesOf(pools: SubnetShape['allocationPools']): { first: bigint; last: bigint }[] {
  return pools.map(({ first, last }) => ({ first: storedIp(first).value, last: storedIp(last).value }));
}
