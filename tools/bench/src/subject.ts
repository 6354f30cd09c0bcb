import type { Options, SubjectSummary } from './options.ts';
import type { Finding, Row } from './report/result.ts';

/** Something that can be measured: a folder of its own, and a line in `main.ts`. */
export interface Subject extends SubjectSummary {
  run(bench: Bench): Promise<void>;
}

/** What a subject works with. */
export interface Bench {
  readonly options: Options;
  /** A folder of this run alone, removed afterwards. */
  readonly folder: string;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Whether a part is to be run. */
  isWanted(part: string): boolean;
  /** Says what is under way. */
  progress(text: string): void;
  /** Adds to the table. */
  addRow(row: Row): void;
  /** Adds to the list of claims. */
  addFinding(finding: Finding): void;
  /** Adds lines that stand below the tables. */
  addReport(title: string, lines: readonly string[]): void;
  /** Has something done at the end, however it comes: the last thing first. */
  atEnd(step: () => Promise<void> | void): void;
}
