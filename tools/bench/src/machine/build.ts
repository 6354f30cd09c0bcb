import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundle } from '../../../build/src/bundle.ts';
import { root } from '../../../build/src/root.ts';

/** Brings the shipped bundles up to date: `network-api`, `providers/simulated`. */
export function buildShipped(names: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/build/src/main.ts', ...names], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

/** A shipped bundle: `network-api/main`. */
export function shippedBundle(name: string): string {
  return join(root, 'dist', `${name}.mjs`);
}

/** Bundles a program of the bench exactly as what ships is bundled, and gives its file. */
export async function buildOwn(name: string, source: string): Promise<string> {
  const output = `.cache/bench/${name}.mjs`;
  await bundle({ name, source, output });
  return join(root, output);
}

/** A package's files, for bundles that read them from disk. */
export function packageFolder(name: string): string {
  return join(root, 'node_modules', name);
}
