/**
 * The import boundaries (`rules.ts`) over the whole tree, without ESLint's cache: what a file may
 * import depends on what others import. Then each law is broken on purpose, to prove that the rule still bites.
 */
import { createProjectGraphAsync, type ProjectGraph } from '@nx/devkit';
import { ESLint } from 'eslint';
import { createRequire } from 'node:module';
import { root } from '../root.ts';
import { findUnprovenLaws } from './breaches.ts';
import { boundaries } from './rules.ts';

// The rule keeps the project graph that it has read only when it believes to be run by ESLint's own command.
process.argv[1] = createRequire(import.meta.url)
  .resolve('eslint/package.json')
  .replace('package.json', 'bin/eslint.js');
process.chdir(root);

// The rule reads the graph from nx's cache, and would skip itself if there were none.
const graph = await createProjectGraphAsync({ exitOnError: true });
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: 'tools/check/src/boundaries/eslint.config.mjs',
  errorOnUnmatchedPattern: false,
});

const results = await eslint.lintFiles(['apps', 'libs', 'tools']);
const formatter = await eslint.loadFormatter('stylish');
const crossings = await formatter.format(ESLint.getErrorResults(results));
if (crossings !== '') console.log(crossings);

const problems = [...findUntagged(graph), ...(await findUnprovenLaws(eslint))];
for (const problem of problems) console.log(problem);

process.exitCode = crossings === '' && problems.length === 0 ? 0 : 1;

/** Projects that no rule of direction would bind, for want of a tag that the rules know. */
function findUntagged({ nodes }: ProjectGraph): string[] {
  const known = new Set(boundaries.depConstraints.map(({ sourceTag }) => sourceTag));
  return Object.values(nodes).flatMap(({ name, data }) => {
    const tags = data.tags ?? [];
    const hasType = tags.some((tag) => tag.startsWith('type:') && known.has(tag));
    const hasScope = tags.some((tag) => tag.startsWith('scope:'));
    return hasType && hasScope
      ? []
      : [`${name} needs a known type: tag and a scope: tag in package.json, under nx.tags`];
  });
}
