import { readFileSync } from 'node:fs';
import { readDocument } from '../document.ts';
import { isRecord } from '../opaque.ts';
import type { CoverageRecord } from './recording-agent.ts';

export interface CoverageReport {
  readonly documented: number;
  readonly covered: number;
  /** Each `operationId status` that no test has seen. */
  readonly missing: readonly string[];
}

/** Compares what a document says can be answered with what was: every operation × every documented status. */
export function operationCoverage(
  api: string,
  document: unknown,
  records: readonly CoverageRecord[],
): CoverageReport {
  const { operations } = readDocument(document);
  const seen = new Set(
    records.filter((entry) => entry.api === api).map(({ operationId, status }) => `${operationId} ${status}`),
  );
  const documented = operations.flatMap((operation) => {
    const responses = operation.definition['responses'];
    return isRecord(responses)
      ? Object.keys(responses).map((status) => `${operation.operationId} ${status}`)
      : [];
  });
  const missing = documented.filter((pair) => !seen.has(pair));
  return { documented: documented.length, covered: documented.length - missing.length, missing };
}

/** Reads the records that tests appended to a coverage file. */
export function readCoverageRecords(file: string): CoverageRecord[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (!isRecord(value)) throw new Error(`${file}: not a record: ${line}`);
      return {
        api: String(value['api']),
        operationId: String(value['operationId']),
        status: Number(value['status']),
      };
    });
}
