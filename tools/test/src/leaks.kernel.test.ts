import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { findTraces } from './leaks.ts';

/** Kernel objects with our names and labels, made one at a time; each is taken away again. */
const objects: [trace: string, make: string, remove: string][] = [
  ['network namespace patchpanel-leak', 'ip netns add patchpanel-leak', 'ip netns del patchpanel-leak'],
  ['link pp-leak0', 'ip link add pp-leak0 type bridge', 'ip link del pp-leak0'],
  [
    'nft table inet patchpanel-leak',
    'nft add table inet patchpanel-leak',
    'nft delete table inet patchpanel-leak',
  ],
];

function execute(command: string): void {
  const [program = '', ...args] = command.split(' ');
  execFileSync(program, args);
}

test.each(objects)('a forgotten %s is found', (trace, make, remove) => {
  execute(make);
  try {
    expect([...findTraces('none', '/nonexistent')]).toContain(trace);
  } finally {
    execute(remove);
  }
  expect([...findTraces('none', '/nonexistent')]).not.toContain(trace);
});

test('a link that only its label gives away is found', () => {
  execute('ip link add zz-leak0 type bridge');
  try {
    execute('ip link set zz-leak0 alias patchpanel:test:leak');
    expect([...findTraces('none', '/nonexistent')]).toContain('link zz-leak0');
  } finally {
    execute('ip link del zz-leak0');
  }
});
