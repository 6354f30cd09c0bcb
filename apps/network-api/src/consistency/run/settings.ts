import { randomInt } from 'node:crypto';

export interface Settings {
  /** Operations on PostgreSQL; the embedded database gets a tenth of them. */
  readonly operations: number;
  /** What all draws come from. */
  readonly seed: number;
  /** Which run of that seed, to repeat it alone. */
  readonly path: string | undefined;
  readonly postgresUrl: string | undefined;
  /** Where to write a history that breaks a promise, whole. */
  readonly historyFile: string | undefined;
}

/**
 * `PATCHPANEL_SEED=<seed>` or `<seed>:<run>`, and `PATCHPANEL_CONSISTENCY_OPERATIONS`, 10,000 unless given; `PATCHPANEL_CONSISTENCY_HISTORY=<file>` keeps the history of a failure. Throws on what can't be
 * read: a run from another seed than the one asked for would only look like a repetition.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const [seed, path] = environment['PATCHPANEL_SEED']?.split(':') ?? [];
  return {
    operations: readCount(environment['PATCHPANEL_CONSISTENCY_OPERATIONS'] ?? '3000', 'OPERATIONS'),
    seed: seed === undefined ? randomInt(2 ** 31) : readCount(seed, 'SEED'),
    path: path === undefined ? undefined : String(readCount(path, 'SEED')),
    postgresUrl: environment['PATCHPANEL_TEST_POSTGRES_URL'],
    historyFile: environment['PATCHPANEL_CONSISTENCY_HISTORY'],
  };
}

function readCount(text: string, name: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name} is "${text}", which is no whole number`);
  return Number(text);
}
