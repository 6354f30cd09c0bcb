import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { boundaries, noAppImports } from './tools/check/src/boundaries/rules.ts';

const tests = [
  '**/*.test.ts',
  '**/*.e2e.ts',
  '**/e2e/**/*.ts',
  '**/testing/**/*.ts',
  '**/consistency/**/*.ts',
  '**/*conformance*.ts',
  '**/conformance/**/*.ts',
  '**/fixtures/**/*.ts',
];
const tools = ['tools/**/*.{ts,mjs}', 'examples/**/*.ts', '*.{ts,mjs}'];

/** Each ban names its reason and the alternative. */
const bannedSyntax = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'A default export gets another name at each import: export by name.',
  },
  {
    selector: 'TSEnumDeclaration',
    message:
      "Node runs our TypeScript by stripping types, which can't strip an enum: use a union of string literals.",
  },
  {
    selector: 'TSParameterProperty',
    message: "Node's type stripping can't strip a parameter property: declare the field and assign it.",
  },
  {
    selector: 'TSModuleDeclaration[declare!=true]',
    message: "Node's type stripping can't strip a namespace: use a module.",
  },
  {
    selector: 'ExportAllDeclaration[source.value=/^[^.]/]',
    message:
      "Re-exporting another package's whole surface hides who depends on what: export what is needed by name.",
  },
];

const noEnvironment = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message:
    'Configuration is read and validated once, in config.ts: take what you need as a parameter instead of reading the environment here.',
};

const shellBan = {
  group: ['node:child_process', 'child_process'],
  importNames: ['exec', 'execSync'],
  message: 'A shell in between needs quoting: spawn the program itself with its arguments (tinyexec, spawn).',
};

const bareBuiltins = {
  regex:
    '^(assert|buffer|child_process|crypto|dns|events|fs|http|https|net|os|path|stream|timers|url|util|worker_threads)(/.*)?$',
  message: 'Write node: in front of built-in modules, so that no package can take their place.',
};

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/dist/**',
      '**/generated/**',
      'libs/contract/*/src/**',
      '.nx/**',
      '.cache/**',
      '.patchpanel/**',
      'coverage/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // `return next(error)` in a handler is clear enough.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `void | Promise<void>` is what "may be asynchronous" looks like.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Takes an AbortSignal that was open before an `await` to be open after it: our loops look twice, rightly.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // An implementation of an asynchronous interface need not wait for anything itself.
      '@typescript-eslint/require-await': 'off',
      // Slow, and about enums, which are banned, and about classes posing as each other, which happens at no edge of ours.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-restricted-syntax': ['error', ...bannedSyntax],
      'no-restricted-imports': ['error', { patterns: [shellBan, bareBuiltins, noAppImports] }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': ['error', boundaries] },
  },
  {
    // Law 1: an API service calls nobody.
    files: ['apps/network-api/**/*.ts', 'apps/compute-api/**/*.ts', 'libs/service-kit/**/*.ts'],
    ignores: tests,
    rules: {
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'An API service calls no other service (law 1). Key sets are fetched by jose.',
        },
        {
          name: 'EventSource',
          message: 'An API service calls no other service (law 1).',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            bareBuiltins,
            noAppImports,
            {
              group: ['node:child_process', 'tinyexec', 'undici', 'axios', 'got'],
              message:
                'An API service starts no programs and calls no other service (law 1): kernel work belongs to the agent or compute-host.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'libs/*/*/src/**/*.ts'],
    ignores: [...tests, '**/config.ts', '**/config/**', '**/main.ts'],
    rules: { 'no-restricted-syntax': ['error', ...bannedSyntax, noEnvironment] },
  },
  {
    // A store is the checked boundary to the database: rows have the type of what its SQL selects.
    files: ['**/store.ts', '**/*-store.ts', '**/*.store.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: tests,
    rules: {
      // Bodies of HTTP answers are untyped in tests: their shape is what the test asserts.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // A measurement made in a test is worth printing.
      'no-console': 'off',
    },
  },
  {
    files: tools,
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.config.{ts,mjs}'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  prettier,
);
