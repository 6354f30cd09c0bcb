import { expect, test } from 'vitest';
import type { Entry } from './entries.ts';
import { findForbiddenInputs } from './reach.ts';

function entry(name: string): Entry {
  return { name, source: '', output: `dist/${name}.mjs` };
}

test.each([
  ['compute-host/main', 'libs/agent/core/src/index.ts'],
  ['compute-host/main', 'libs/providers/flat/src/host.ts'],
  ['compute-host/main', 'libs/contract/network-southbound/src/index.ts'],
  ['compute-api/main', 'libs/sdk/network/src/index.ts'],
  ['compute-api/main', 'openapi/dist/network.json'],
  ['network-api/main', 'libs/contract/compute/src/index.ts'],
  ['network-api/main', 'libs/agent/core/src/index.ts'],
  ['network-agent/main', 'libs/providers/flat/src/host.ts'],
  ['providers/flat/host', 'libs/agent/core/src/index.ts'],
  ['dev/main', 'libs/agent/core/src/index.ts'],
  ['network-api/main', 'tools/dev/src/tokens.ts'],
])('the bundle %s with %s in it is refused', (name, input) => {
  const problems = findForbiddenInputs(entry(name), ['node_modules/zod/index.js', input]);
  expect(problems).not.toEqual([]);
  expect(problems.every((problem) => problem.includes(input))).toBe(true);
});

test.each([
  ['compute-host/main', 'libs/agent/api/src/index.ts'],
  ['compute-host/main', 'libs/contract/agent/src/index.ts'],
  ['compute-api/main', 'libs/contract/compute-southbound/src/index.ts'],
  ['network-api/main', 'libs/provider/src/index.ts'],
  ['network-agent/main', 'libs/agent/core/src/index.ts'],
  ['providers/flat/server', 'libs/provider/src/index.ts'],
  ['dev/main', 'libs/sdk/network/src/index.ts'],
])('the bundle %s with %s in it is fine', (name, input) => {
  expect(findForbiddenInputs(entry(name), [input])).toEqual([]);
});
