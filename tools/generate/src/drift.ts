import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatorVersion } from './code.ts';
import { apis, bundlePath, root, targets } from './targets.ts';

/** What was generated from what, as committed beside the bundles. */
export interface GenerationRecord {
  readonly generator: string;
  /** Hash of the code that drives the generator: other options make other code. */
  readonly recipe: string;
  readonly documents: Readonly<Record<string, string>>;
  readonly folders: Readonly<Record<string, string>>;
}

export const recordPath = 'openapi/dist/generation.json';

const hash = (parts: readonly (string | Buffer)[]): string => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
};

/** Hash over the names and contents of all files of a folder. */
async function hashFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const parts = await Promise.all(
    paths.map(async (path) => [path.slice(folder.length), await readFile(path)]),
  );
  return hash(parts.flat());
}

/** The record as the files stand now, under `base` (the repository, or a scratch copy of the generated folders). */
export async function currentRecord(base = root): Promise<GenerationRecord> {
  const documents = await Promise.all(
    apis.map(async (api) => [api, hash([await readFile(join(root, bundlePath(api)))])] as const),
  );
  const folders = await Promise.all(
    targets.map(async ({ folder }) => [folder, await hashFolder(join(base, folder))] as const),
  );
  const recipe = await Promise.all(
    ['code.ts', 'erasable.ts', 'targets.ts'].map((name) => readFile(join(import.meta.dirname, name))),
  );
  return {
    generator: await generatorVersion(),
    recipe: hash(recipe),
    documents: Object.fromEntries(documents),
    folders: Object.fromEntries(folders),
  };
}

/** In words, where `actual` differs from what was recorded. */
export function differences(recorded: GenerationRecord, actual: GenerationRecord): string[] {
  const found: string[] = [];
  if (recorded.generator !== actual.generator) {
    found.push(`the generator is ${actual.generator}, the code was generated with ${recorded.generator}`);
  }
  if (recorded.recipe !== actual.recipe) found.push('tools/generate changed since the code was generated');
  for (const api of apis) {
    if (recorded.documents[api] !== actual.documents[api])
      found.push(`${bundlePath(api)} changed since code was generated from it`);
  }
  for (const [folder, value] of Object.entries(actual.folders)) {
    if (recorded.folders[folder] !== value)
      found.push(`${folder} differs from what was generated: it was edited by hand`);
  }
  return found;
}
