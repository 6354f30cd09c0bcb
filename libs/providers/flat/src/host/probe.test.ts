import { expect, test } from 'vitest';
import { startTimeOf } from './machine.ts';
import { forwardDrops } from './probe.ts';

test('a foreign chain that silences bridged traffic is named', () => {
  const chain = (family: string, hook: string, policy: string) => ({
    chain: { family, table: 'filter', name: 'FORWARD', type: 'filter', hook, prio: 0, policy },
  });
  const listing = [
    { metainfo: { version: '1.0.6' } },
    chain('ip', 'forward', 'drop'),
    chain('ip6', 'forward', 'accept'),
    chain('inet', 'input', 'drop'),
    chain('bridge', 'forward', 'drop'),
    { chain: { family: 'ip', table: 'filter', name: 'DOCKER' } },
  ];
  const warnings = forwardDrops(JSON.stringify({ nftables: listing }));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^the chain ip filter FORWARD of other software drops/);
});

test('the start time of a process is found behind any name', () => {
  const rest = Array.from({ length: 30 }, (_, index) => index + 4).join(' ');
  expect(startTimeOf(`4711 (a (strange) name) S ${rest}`)).toBe(22);
});
