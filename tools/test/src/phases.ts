import { measureCoverage } from './coverage.ts';
import { noJava, noKernel, noPostgres, type Obstacle } from './requirements.ts';
import type { Run } from './run.ts';
import { oneFailed, onePassed, type Outcome } from './tally.ts';
import { readReport } from './vitest.ts';

export interface Phase {
  readonly name: string;
  readonly title: string;
  /** Whether it runs when paths of test files are given. */
  readonly takesPaths: boolean;
  readonly obstacle?: () => Obstacle;
  run(run: Run): Promise<Outcome>;
}

const buildProgram = ['tools/build/src/main.ts'];

/** Everything that `npm test` does, in order. */
export const phases: readonly Phase[] = [
  program('check', 'check (npm run check)', ['tools/check/src/main.ts']),
  program('regenerate', 'regenerating from the specs', ['tools/generate/src/main.ts', 'verify'], noJava),
  program('build', 'build', buildProgram),
  vitest('unit', 'unit tests'),
  vitest('contract-pglite', 'contract tests on PGlite'),
  vitest('contract-postgres', 'contract tests on PostgreSQL', { obstacle: noPostgres }),
  vitest('kernel', 'kernel tests', { obstacle: noKernel, isSerial: true }),
  vitest('e2e', 'end-to-end tests', { obstacle: noKernel, isSerial: true, isCounted: false }),
  {
    name: 'coverage',
    title: 'contract coverage',
    takesPaths: false,
    run: async ({ seenFile }) => {
      const { documented, missing } = measureCoverage(seenFile);
      console.log(`${documented - missing.length} of ${documented} documented answers were seen in a test`);
      for (const answer of missing) console.log(`  not seen: ${answer}`);
      return missing.length === 0 && documented > 0
        ? onePassed
        : oneFailed('every documented answer is tested');
    },
  },
];

/** A phase that is one program: it passes or fails as a whole. */
function program(name: string, title: string, args: readonly string[], obstacle?: () => Obstacle): Phase {
  return {
    name,
    title,
    takesPaths: false,
    ...(obstacle && { obstacle }),
    run: async ({ programs }) => ((await programs.node(args)) === 0 ? onePassed : oneFailed(title)),
  };
}

/** A phase that is a project of vitest.config.ts. `isCounted`: whether what it sees counts as contract coverage. */
function vitest(
  name: string,
  title: string,
  {
    obstacle,
    isSerial = false,
    isCounted = true,
  }: { obstacle?: () => Obstacle; isSerial?: boolean; isCounted?: boolean } = {},
): Phase {
  return {
    name,
    title,
    takesPaths: true,
    ...(obstacle && { obstacle }),
    run: async ({ programs, paths, reportFile, environment, seenFile }) => {
      // With paths there is no build phase, and the whole stack runs from its bundles.
      if (name === 'e2e' && paths.some((path) => path.includes('e2e'))) await programs.node(buildProgram);
      const report = reportFile(name);
      const code = await programs.node(
        [
          'node_modules/vitest/vitest.mjs',
          'run',
          `--project=${name}`,
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${report}`,
          ...(isSerial ? ['--no-file-parallelism'] : []),
          ...(paths.length > 0 ? ['--passWithNoTests'] : []),
          ...paths,
        ],
        { ...environment, ...(isCounted && { PATCHPANEL_COVERAGE_FILE: seenFile }) },
      );
      return readReport(name, report, code);
    },
  };
}
