/**
 * The import boundaries (`rules.ts`) over the whole tree, without ESLint's cache: what a file may
 * import depends on what others import. Then each law is broken on purpose, to prove that the rule still bites.
 */
import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import { createRequire } from 'node:module';
import { root } from '../root.ts';
import { findUnprovenLaws } from './breaches.ts';

// The rule keeps the project graph that it has read only when it believes to be run by ESLint's own command.
process.argv[1] = createRequire(import.meta.url)
  .resolve('eslint/package.json')
  .replace('package.json', 'bin/eslint.js');
process.chdir(root);

// The rule reads the graph from nx's cache, and would skip itself if there were none.
await createProjectGraphAsync({ exitOnError: true });
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: 'tools/check/src/boundaries/eslint.config.mjs',
  errorOnUnmatchedPattern: false,
});

const results = await eslint.lintFiles(['apps', 'libs', 'tools']);
const formatter = await eslint.loadFormatter('stylish');
const crossings = await formatter.format(ESLint.getErrorResults(results));
if (crossings !== '') console.log(crossings);

const unproven = await findUnprovenLaws(eslint);
for (const problem of unproven) console.log(problem);

process.exitCode = crossings === '' && unproven.length === 0 ? 0 : 1;
