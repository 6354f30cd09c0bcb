/**
 * What orders two instructions about the same (project, vNIC) pair. Compared part by part, in this order: a restored
 * database raises the epoch, a plug or a take-over raises the generation, compute raises the placement.
 */
export interface Fence {
  /** Epoch of the network service's database. */
  readonly epoch: number;
  /** Generation of the (project, vNIC) pair within that epoch. */
  readonly generation: number;
  /** Compute's placement number; only its order means anything here. */
  readonly placement: number;
}

/** Negative when `left` is older than `right`, positive when it is newer, 0 when they are the same. */
export function compareFences(left: Fence, right: Fence): number {
  return left.epoch - right.epoch || left.generation - right.generation || left.placement - right.placement;
}
