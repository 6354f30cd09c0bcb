import { expect, test } from 'vitest';
import { findUndeclaredImports } from './imports.ts';

const top = { path: 'package.json', text: '{"name":"top","devDependencies":{"vitest":"4","@types/pg":"8"}}' };
const library = { path: 'libs/a/package.json', text: '{"name":"@patchpanel/a","dependencies":{"zod":"^4"}}' };

function findIn(path: string, text: string): string[] {
  return findUndeclaredImports([top, library, { path, text }]);
}

test('an import that the workspace does not declare is found, however it is written', () => {
  const found = ['libs/a/package.json', 'pino'].every((part) =>
    findIn('libs/a/src/x.ts', "import { pino } from 'pino';")[0]?.includes(part),
  );
  expect(found).toBe(true);
  expect(findIn('libs/a/src/x.ts', "export { pino } from 'pino/browser';")).toHaveLength(1);
  expect(findIn('libs/a/src/x.ts', "const it = await import('@patchpanel/b/server');")).toHaveLength(1);
  expect(findIn('libs/a/src/x.ts', "import type { Pool } from 'vitest';")).toHaveLength(1);
});

test('what is declared, built in or relative passes, and tests may use the root’s development tools', () => {
  expect(findIn('libs/a/src/x.ts', "import { z } from 'zod';\nimport 'node:fs';\nimport './y.ts';")).toEqual(
    [],
  );
  expect(findIn('libs/a/src/x.test.ts', "import { test } from 'vitest';")).toEqual([]);
  expect(findIn('tools/check/x.ts', "import { test } from 'vitest';")).toEqual([]);
});
