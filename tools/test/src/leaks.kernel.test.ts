import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { findTraces, type Traces } from './leaks.ts';

const id = `r${randomBytes(4).toString('hex')}`;
const short = id.slice(1);

/** Kernel objects with our names and labels, made one at a time; each is taken away again. */
const objects: [trace: string, make: string, remove: string][] = [
  [`network namespace patchpanel-${id}`, `ip netns add patchpanel-${id}`, `ip netns del patchpanel-${id}`],
  [`link pp-${id}`, `ip link add pp-${id} type bridge`, `ip link del pp-${id}`],
  [
    `nft table inet patchpanel_e2e_${id}_1`,
    `nft add table inet patchpanel_e2e_${id}_1`,
    `nft delete table inet patchpanel_e2e_${id}_1`,
  ],
];

function execute(command: string): void {
  const [program = '', ...args] = command.split(' ');
  execFileSync(program, args);
}

function tracesOf(run: string): Traces {
  return findTraces({ id: run, scratch: '/nonexistent', marksFile: '/nonexistent' });
}

test.each(objects)('a forgotten %s is found, and told from that of another run', (trace, make, remove) => {
  execute(make);
  try {
    expect(tracesOf(id).own).toContain(trace);
    expect(tracesOf(id).unknown).not.toContain(trace);
    expect(tracesOf('r-another').own).not.toContain(trace);
    expect(tracesOf('r-another').unknown).toContain(trace);
  } finally {
    execute(remove);
  }
  expect(tracesOf(id).own).not.toContain(trace);
});

test('a link that only its label gives away is found', () => {
  const link = `zz${short}`;
  execute(`ip link add ${link} type bridge`);
  try {
    execute(`ip link set ${link} alias patchpanel:e2e-${id}-1:leak`);
    expect(tracesOf(id).own).toContain(`link ${link}`);
    expect(tracesOf('r-another').own).not.toContain(`link ${link}`);
  } finally {
    execute(`ip link del ${link}`);
  }
});
