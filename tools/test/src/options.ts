import { parseArgs } from 'node:util';
import { phases, type Phase } from './phases.ts';

/** What to run: everything, the phases that `--only` names (or begins to name), or the test files at given paths. */
export interface Options {
  readonly chosen: readonly Phase[];
  readonly paths: readonly string[];
}

/** Throws when `--only` names what does not exist. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', multiple: true } },
    allowPositionals: true,
  });
  const only = (values.only ?? []).flatMap((list) => list.split(','));
  for (const prefix of only) {
    if (!phases.some(({ name }) => name.startsWith(prefix))) {
      throw new Error(`no phase ${prefix}: there are ${phases.map(({ name }) => name).join(', ')}`);
    }
  }
  const chosen = phases
    .filter(({ name }) => only.length === 0 || only.some((prefix) => name.startsWith(prefix)))
    .filter(({ takesPaths }) => takesPaths || positionals.length === 0);
  return { chosen, paths: positionals };
}
