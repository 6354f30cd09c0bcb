/** What a phase found out. Skipped and failed tests are named: nothing of that kind happens silently. */
export interface Outcome {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

export const onePassed: Outcome = { passed: 1, failed: [], skipped: [] };

export function oneFailed(name: string): Outcome {
  return { passed: 0, failed: [name], skipped: [] };
}

export function oneSkipped(name: string): Outcome {
  return { passed: 0, failed: [], skipped: [name] };
}

export function sum(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((total, { passed }) => total + passed, 0),
    failed: outcomes.flatMap(({ failed }) => failed),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
  };
}

/** The last line of a test run. */
export function lastLine({ passed, failed, skipped }: Outcome): string {
  const line = `${passed} passed, ${failed.length} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}

/** Only a run in which something passed and nothing failed is a good one. */
export function isGood({ passed, failed }: Outcome): boolean {
  return passed > 0 && failed.length === 0;
}
