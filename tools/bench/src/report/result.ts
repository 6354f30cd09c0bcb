import { writeFileSync } from 'node:fs';

/** One measured row: the shape that every bench writes with `--json`. */
export interface Result {
  readonly operation: string;
  readonly clients: number;
  /** In the operation's own unit: requests unless its name says otherwise. */
  readonly ratePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests per second as a share of the floor's at the same number of clients; null where no floor was measured. */
  readonly floorRatio: number | null;
  readonly errors: number;
}

/** A result with what people want to know beside it. */
export interface Row extends Result {
  /** What the rate counts: `requests`, `ports`, `pairs`. */
  readonly unit: string;
  /** The same rate in requests, where a unit takes more or less than one. */
  readonly requestsPerSecond: number;
  /** What went wrong, and how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** Processors kept busy while it was measured, by who kept them. */
  readonly processors?: Readonly<Record<string, number>>;
}

/** A claim with its target: whether it held is for the reader; a bench fails only when something could not be run. */
export interface Finding {
  readonly claim: string;
  readonly seen: string;
  readonly target?: string;
  readonly isHeld?: boolean;
}

/** Writes `{"results": […]}`. */
export function writeJson(file: string, rows: readonly Row[]): void {
  writeFileSync(file, `${JSON.stringify({ results: rows.map(toResult) }, undefined, 2)}\n`);
}

/** The row as others read it. */
export function toResult(row: Row): Result {
  return {
    operation: row.operation,
    clients: row.clients,
    ratePerSecond: rounded(row.ratePerSecond, 1),
    p50Ms: rounded(row.p50Ms, 3),
    p99Ms: rounded(row.p99Ms, 3),
    floorRatio: row.floorRatio === null ? null : rounded(row.floorRatio, 3),
    errors: row.errors,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
