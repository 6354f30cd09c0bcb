import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { copiedPackages } from './bundle.ts';
import type { Entry } from './entries.ts';
import { root } from './root.ts';

const pglite = 'node_modules/@electric-sql/pglite/dist';

/**
 * Puts beside a bundle what its code reads from disk at run time, so that a copy of `dist/` runs anywhere:
 * PGlite's WebAssembly and data next to the bundle itself, other packages' files in a `node_modules` of its own.
 */
export async function copyAssets({ output }: Entry, inputs: readonly string[]): Promise<void> {
  const folder = join(root, dirname(output));
  if (inputs.some((input) => input.startsWith(`${pglite}/`))) {
    for (const file of pgliteFiles(inputs)) cpSync(join(root, pglite, file), join(folder, file));
    writeFileSync(join(folder, 'pglite-template.tar.gz'), await databaseTemplate());
  }
  for (const name of copiedPackages) {
    if (!isNamed(name, inputs)) continue;
    const target = join(folder, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    cpSync(join(root, 'node_modules', name), target, { recursive: true, filter: (file) => !isBulk(file) });
  }
}

let template: Promise<Buffer> | undefined;

/** An empty embedded database, dumped: a first start that unpacks it takes a third of the time. */
function databaseTemplate(): Promise<Buffer> {
  template ??= (async () => {
    const engine = await PGlite.create({ extensions: { btree_gist } });
    try {
      return Buffer.from(await (await engine.dumpDataDir('gzip')).arrayBuffer());
    } finally {
      await engine.close();
    }
  })();
  return template;
}

/** Whether our own code in the bundle names a package: in an import, or to find its folder. */
function isNamed(name: string, inputs: readonly string[]): boolean {
  return inputs
    .filter((input) => !input.startsWith('node_modules/'))
    .some((input) => readFileSync(join(root, input), 'utf8').includes(`'${name}`));
}

/** The engine, and the archives of those extensions alone that the bundle uses. */
function pgliteFiles(inputs: readonly string[]): string[] {
  const extensions = new Set(
    inputs
      .filter((input) => input.startsWith(`${pglite}/contrib/`))
      .map((input) => `${basename(input, '.js')}.tar.gz`),
  );
  return readdirSync(join(root, pglite)).filter(
    (file) => /\.(wasm|data)$/.test(file) || extensions.has(file),
  );
}

/** Source maps and bundles for other module systems: most of a browser package's weight, and never served. */
function isBulk(file: string): boolean {
  return /\.map$|-es-bundle(-core)?\.js$/.test(file);
}
