/** Each step is a program of its own, run from the checkout's folder: silent and 0 when all is well. */
export const steps = {
  lint: [
    'node_modules/eslint/bin/eslint.js',
    '--cache',
    '--cache-strategy=content',
    '--cache-location=.cache/eslint/',
    '--max-warnings=0',
    '.',
  ],
  types: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
  format: [
    'node_modules/prettier/bin/prettier.cjs',
    '--check',
    '--log-level=warn',
    '--cache',
    '--cache-location=.cache/prettier.json',
    '.',
  ],
  boundaries: ['tools/check/src/boundaries/main.ts'],
  specs: ['tools/generate/src/main.ts', 'check'],
  hygiene: ['tools/check/src/hygiene/main.ts'],
} as const satisfies Record<string, readonly string[]>;

export type StepName = keyof typeof steps;

export const stepNames = Object.keys(steps).filter(isStepName);

export function isStepName(name: string): name is StepName {
  return Object.hasOwn(steps, name);
}
