import { compareFences, type Fence } from './fence.ts';
import type { Difference } from './host.ts';

/** The ways in which a provider is expected to fail; a server half's lifecycle only in `fenced` and the last two. */
export type ProviderErrorCode =
  /** What is wired is newer than what was asked. */
  | 'fenced'
  /** The device isn't one that this agent may wire, or is gone. */
  | 'device-refused'
  /** The provider can't wire this kind of device. */
  | 'device-unsupported'
  /** The wiring document's version or content is not understood. */
  | 'wiring-invalid'
  /** A kernel name that is needed belongs to something else. */
  | 'name-taken'
  /** The kernel (or engine) refused a command, or did not answer in time. */
  | 'command-failed'
  /** Everything was applied, and yet what was read back departs from what is desired. */
  | 'not-converged'
  /** What realises the provider's networks can't be reached, or did not answer in time. */
  | 'engine-unavailable'
  /** What realises the provider's networks answered, and would not. */
  | 'engine-refused';

/**
 * An expected failure of a provider. The message is public: it becomes the `statusReason` of the port, or of the network.
 * Recognise it by `isProviderError`.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  /** What still departs, for `not-converged`. */
  readonly differences: readonly Difference[];

  constructor(
    code: ProviderErrorCode,
    message: string,
    options: ErrorOptions & { differences?: readonly Difference[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.differences = options.differences ?? [];
  }
}

/**
 * True for an expected failure of a provider. Not by `instanceof`: a provider that was bundled by itself brings a copy of the
 * class.
 */
export function isProviderError(error: unknown): error is ProviderError {
  return (
    error instanceof Error &&
    error.name === 'ProviderError' &&
    'code' in error &&
    typeof error.code === 'string'
  );
}

/** Throws `fenced` when `wanted` is older than `wired`. */
export function refuseOlder(wanted: Fence, wired: Fence): void {
  if (compareFences(wanted, wired) < 0) {
    const asText = (fence: Fence) =>
      `epoch ${fence.epoch}, generation ${fence.generation}, placement ${fence.placement}`;
    throw new ProviderError('fenced', `asked for ${asText(wanted)}, but ${asText(wired)} is wired and newer`);
  }
}
