import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { boundaries, foreignDocuments, noAppImports } from './rules.ts';

/** The import boundaries alone: without types, and without a way for a comment to switch them off. */
export default [
  { ignores: ['**/node_modules/**', '**/dist/**', '.nx/**', '.cache/**', '.patchpanel/**'] },
  {
    files: ['**/*.ts'],
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'off' },
    languageOptions: { parser: tseslint.parser },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', boundaries],
      'no-restricted-imports': ['error', { patterns: [noAppImports] }],
    },
  },
  ...foreignDocuments.map(({ files, regex, message }) => ({
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: [noAppImports, { regex, message }] }] },
  })),
];
