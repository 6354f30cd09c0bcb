import { build, type Metafile, type Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import type { Entry } from './entries.ts';
import { root } from './root.ts';

/** knex's other dialects and pg's optional parts: required by name, never installed here. */
const absent = [
  'better-sqlite3',
  'mariadb',
  'mariadb/callback',
  'mysql',
  'mysql2',
  'oracledb',
  'pg-native',
  'pg-query-stream',
  'sqlite3',
  'tedious',
];

/** Packages whose files are read from disk as they are: `assets.ts` puts a copy beside the bundle. */
export const copiedPackages = ['swagger-ui-dist'];

/** What CommonJS dependencies expect to find around them. */
const banner = `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __fileURLToPath(new URL('.', import.meta.url));`;

/** PGlite's extensions look for their archives one folder up; in a bundle there is no such folder. */
const archivesBeside: Plugin = {
  name: 'pglite-archives-beside',
  setup(bundler) {
    bundler.onLoad({ filter: /@electric-sql\/pglite\/dist\/contrib\/\w+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/"\.\.\/(\w+\.tar\.gz)"/, '"./$1"'),
      loader: 'js',
    }));
  },
};

/** Bundles one entry to one ESM file with its source map. What went in is in the result. */
export async function bundle({ source, output }: Entry): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile: output,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    keepNames: true,
    legalComments: 'none',
    banner: { js: banner },
    external: [...absent, ...copiedPackages],
    plugins: [archivesBeside],
    logLevel: 'warning',
    metafile: true,
  });
  return metafile;
}
