/** What belongs in no tracked file, and imports that no package.json declares. */
import { findForeignNames } from './foreign-names.ts';
import { findUndeclaredImports } from './imports.ts';
import { trackedFiles } from './tracked.ts';

const files = trackedFiles();
const problems = [...findForeignNames(files), ...findUndeclaredImports(files)];
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
