/** The SPI version that this package defines. It goes up when a provider written for the previous one would break. */
export const spiVersion = 1;

/** The SPI versions, both ends included, that a provider half can work with. */
export interface SpiVersionRange {
  readonly min: number;
  readonly max: number;
}

/** True when a provider with this range can be loaded by this package. */
export function supportsSpi(range: SpiVersionRange): boolean {
  return range.min <= spiVersion && spiVersion <= range.max;
}
