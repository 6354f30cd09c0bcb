/**
 * Bundles every program and provider half into `dist/`, which then runs wherever it is copied to, and refuses bundles
 * that contain what a law forbids them. Skips what has not changed.
 *
 *     node tools/build/src/main.ts [name…]      (a name or its beginning: network-api, providers/flat)
 */
import type { Metafile } from 'esbuild';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyAssets } from './assets.ts';
import { bundle } from './bundle.ts';
import { entries, type Entry } from './entries.ts';
import { findForbiddenInputs } from './reach.ts';
import { FileHashes, hashInputs, isUpToDate, readRecord, writeRecord } from './record.ts';
import { root } from './root.ts';

const startedAt = performance.now();
const wanted = process.argv.slice(2);
const all = entries().filter(
  ({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)),
);
const missing = all.filter(({ source }) => !existsSync(join(root, source)));
const problems = missing.map(({ source, output }) => `${output} can't be built: there is no ${source}`);
if (all.length === 0) problems.push(`nothing is called ${wanted.join(' or ')}`);

const record = readRecord();
const hashes = new FileHashes();
const stale = all.filter((entry) => !missing.includes(entry) && !isUpToDate(entry, record, hashes));
await Promise.all(stale.map(make));
if (stale.length > 0) {
  writeRecord(record);
  console.log(
    `built ${stale.map(({ name }) => name).join(', ')} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  );
}
for (const problem of problems) console.error(`✗ ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function make(entry: Entry): Promise<void> {
  try {
    const { inputs, outputs } = await bundle(entry);
    const files = Object.keys(inputs);
    const forbidden = findForbiddenInputs(entry, files);
    if (forbidden.length > 0) {
      // Nobody must be able to run what we refuse.
      rmSync(join(root, entry.output), { force: true });
      problems.push(...forbidden);
      return;
    }
    await copyAssets(entry, Object.values(outputs).flatMap(usedInputs));
    record[entry.name] = { inputs: files, hash: hashInputs(files, hashes) };
  } catch (error) {
    problems.push(
      `${entry.output} can't be built: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** What is left of the inputs after unused modules were dropped. */
function usedInputs({ inputs }: Metafile['outputs'][string]): string[] {
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
}
