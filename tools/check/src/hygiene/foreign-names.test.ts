import { expect, test } from 'vitest';
import { findForeignNames } from './foreign-names.ts';

// Put together from parts: this file is checked as well.
const slash = '/';

test.each([
  ['a path of a machine', 'docs/a.md', `see ${slash}work/main/x`],
  ['a home folder', 'docs/a.md', `run ${slash}home/somebody/bin/x`],
  ['where a package came from', 'package-lock.json', '"resolved": "https:' + `${slash}/example.com/x.tgz"`],
  ['a host of packages', 'docs/a.md', `https:${slash}/registry` + '.example.org/x'],
  ['a setting of the registry', '.npmrc', 'fund=false\nregistry=https:' + `${slash}/example.com`],
])('%s is found', (_what, path, text) => {
  expect(findForeignNames([{ path, text: `first line\n${text}\n` }])).toEqual([
    expect.stringMatching(/^[\w./-]+:[23] /),
  ]);
});

test('paths inside the checkout, system paths and workspace links pass', () => {
  const text =
    'apps/network-api/src/main.ts /usr/lib/postgresql /run/patchpanel libs/work/x "resolved": "libs/provider"';
  expect(findForeignNames([{ path: 'package-lock.json', text }])).toEqual([]);
});
