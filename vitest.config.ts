import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * The name of a test file says what it needs:
 * - `*.test.ts`: nothing (it may bring its own embedded database);
 * - `*.contract.test.ts`: a database engine; run once on each;
 * - `*.kernel.test.ts`: root on Linux; real namespaces and packets;
 * - `*.e2e.test.ts`, and `*.e2e.ts` in `tools/dev/e2e`: the whole stack, as root.
 */
const contract = ['**/*.contract.test.ts'];
const kernel = ['**/*.kernel.test.ts'];
const endToEnd = ['**/*.e2e.test.ts', 'tools/dev/e2e/**/*.e2e.ts'];
const never = ['**/node_modules/**', '**/dist/**', '.nx/**', '.cache/**'];

const second = 1000;

function project(
  name: string,
  include: string[],
  exclude: string[],
  { timeoutSeconds, env = {} }: { timeoutSeconds: number; env?: Record<string, string> },
): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      name,
      include,
      exclude: [...never, ...exclude],
      env,
      testTimeout: timeoutSeconds * second,
      hookTimeout: 2 * timeoutSeconds * second,
    },
  };
}

export default defineConfig({
  test: {
    retry: 0,
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    teardownTimeout: 20 * second,
    projects: [
      project('unit', ['**/*.test.ts'], [...contract, ...kernel, ...endToEnd], { timeoutSeconds: 30 }),
      project('contract-pglite', contract, [], {
        timeoutSeconds: 120,
        env: { PATCHPANEL_TEST_DB: 'pglite' },
      }),
      ...(process.env['PATCHPANEL_TEST_POSTGRES_URL'] === undefined
        ? []
        : [
            project('contract-postgres', contract, [], {
              timeoutSeconds: 120,
              env: { PATCHPANEL_TEST_DB: 'postgres' },
            }),
          ]),
      project('kernel', kernel, [], { timeoutSeconds: 60 }),
      project('e2e', endToEnd, [], { timeoutSeconds: 180 }),
    ],
  },
});
