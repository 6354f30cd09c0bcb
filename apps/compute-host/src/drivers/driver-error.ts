/**
 * Why a driver could not do as asked.
 * - `unsupported-host`: this machine lacks what the driver needs; retrying helps only after an operator acted (see `probe`).
 * - `invalid-machine`: the description can't be realised by this driver; retrying the same one never helps.
 * - `stale-placement`: a newer placement of the instance is on record; the caller's wish is obsolete and must be dropped.
 * - `not-prepared`: `start` came without a living `prepare`; prepare and wire again.
 * - `launch-failed`: the machine's process did not come up; the detail ends with what it said.
 * - `timed-out`: the kernel or the engine did not get there within the driver's deadline.
 * - `closed`: the driver was closed while the call was under way; the machine is as it was.
 */
export type DriverErrorCode =
  | 'unsupported-host'
  | 'invalid-machine'
  | 'stale-placement'
  | 'not-prepared'
  | 'launch-failed'
  | 'timed-out'
  | 'closed';

/** The expected failure of a machine driver. Anything else a driver throws is a defect. */
export class DriverError extends Error {
  readonly code: DriverErrorCode;

  constructor(code: DriverErrorCode, detail: string, options?: { readonly cause?: unknown }) {
    super(detail, options);
    this.name = 'DriverError';
    this.code = code;
  }
}
