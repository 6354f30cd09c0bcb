import { join } from 'node:path';
import { createConfig, formatProblems, lint } from '@redocly/openapi-core';
import { apis, root } from './targets.ts';

/** House rules for the documents, on top of Redocly's recommended ones. */
const rules = {
  extends: ['recommended'],
  rules: {
    // The problem responses are added by the bundler, so the split documents do not have them.
    'operation-4xx-response': 'off',
    'info-license-strict': 'error',
    'no-server-example.com': 'off',
    'operation-description': 'error',
    'operation-summary': 'error',
    'operation-singular-tag': 'error',
    'operation-tag-defined': 'error',
    'operation-parameters-unique': 'error',
    'tag-description': 'error',
    'parameter-description': 'error',
    'no-ambiguous-paths': 'off',
    'no-unused-components': 'off',
    'no-invalid-schema-examples': 'error',
    'no-invalid-media-type-examples': 'error',
    'paths-kebab-case': 'off',
  },
} as const;

/** Lints the five documents; gives one line of words for each complaint. */
export async function lintApis(): Promise<string[]> {
  const config = await createConfig(JSON.stringify(rules));
  const found = await Promise.all(
    apis.map((api) => lint({ ref: join(root, `openapi/${api}/root.yaml`), config })),
  );
  const problems = found.flat();
  if (problems.length === 0) return [];
  formatProblems(problems, { format: 'stylish', totals: { errors: 0, warnings: 0, ignored: 0 } });
  return [`The OpenAPI documents have ${problems.length} lint problems.`];
}
