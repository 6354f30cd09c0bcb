import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry } from './entries.ts';
import { root } from './root.ts';

const file = join(root, 'dist', '.build.json');

/** What each bundle was made of, so that what has not changed is not made again. */
type BuildRecord = Record<string, { readonly inputs: readonly string[]; readonly hash: string }>;

export function readRecord(): BuildRecord {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BuildRecord;
  } catch {
    return {}; // no build yet, or an interrupted one: everything is made anew
  }
}

export function writeRecord(record: BuildRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(record));
}

export function isUpToDate(entry: Entry, record: BuildRecord, hashes: FileHashes): boolean {
  const previous = record[entry.name];
  return (
    previous !== undefined &&
    existsSync(join(root, entry.output)) &&
    hashInputs(previous.inputs, hashes) === previous.hash
  );
}

/** Hash over a bundle's sources, the installed packages' versions and the build tool itself. */
export function hashInputs(inputs: readonly string[], hashes: FileHashes): string {
  const hash = createHash('sha256');
  for (const input of [...inputs, 'package-lock.json', ...ownSources()].sort()) {
    hash.update(`${input}\0${hashes.of(input)}\n`);
  }
  return hash.digest('hex');
}

function ownSources(): string[] {
  return readdirSync(join(root, 'tools/build/src'))
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => `tools/build/src/${name}`);
}

/** Hashes of files' contents, each read once: bundles share most of what they are made of. */
export class FileHashes {
  readonly #known = new Map<string, string>();

  of(path: string): string {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const full = join(root, path);
    const hash = existsSync(full) ? createHash('sha256').update(readFileSync(full)).digest('hex') : 'absent';
    this.#known.set(path, hash);
    return hash;
  }
}
