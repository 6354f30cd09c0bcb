import { expect, test } from 'vitest';
import { readOptions, usage, type SubjectSummary } from './options.ts';

const subjects: readonly SubjectSummary[] = [
  {
    name: 'network',
    summary: 'a service',
    parts: ['createPort', 'getPort', 'fill', 'race'],
    groups: { scale: ['fill', 'race'] },
    notQuick: ['fill'],
  },
];

test('a subject alone is measured whole, at 1, 8 and 32 clients', () => {
  expect(readOptions(['network'], subjects)).toEqual({
    subject: 'network',
    help: false,
    parts: ['createPort', 'getPort', 'fill', 'race'],
    clients: [1, 8, 32],
    seconds: 5,
    quick: false,
    jsonFile: undefined,
    cpu: false,
    profileFolder: undefined,
    nodeOptions: ['--max-old-space-size=256', '--max-semi-space-size=8'],
  });
});

test('options are read', () => {
  const args = [
    'network',
    '--only',
    'createPort,scale',
    '--clients=32',
    '--seconds',
    '2.5',
    '--json',
    'x.json',
  ];
  expect(
    readOptions([...args, '--cpu', '--profile', 'p', '--node-options=--a  --b'], subjects),
  ).toMatchObject({
    parts: ['createPort', 'fill', 'race'],
    clients: [32],
    seconds: 2.5,
    jsonFile: 'x.json',
    cpu: true,
    profileFolder: 'p',
    nodeOptions: ['--a', '--b'],
  });
});

test('a quick run leaves out what takes long, unless it is asked for by name', () => {
  expect(readOptions(['network', '--quick'], subjects).parts).toEqual(['createPort', 'getPort', 'race']);
  expect(readOptions(['network', '--quick', '--only', 'fill'], subjects).parts).toEqual(['fill']);
  expect(readOptions(['network', '--quick'], subjects).seconds).toBeLessThan(1);
});

test.each([
  [[]],
  [['networks']],
  [['network', 'network']],
  [['network', '--only', 'nothing']],
  [['network', '--only', 'toString']],
  [['network', '--clients', '0']],
  [['network', '--clients', '1,x']],
  [['network', '--seconds', '']],
  [['network', '--seconds', '0']],
  [['network', '--fast']],
])('a mistake is named: %j', (args) => {
  expect(() => readOptions(args, subjects)).toThrow(expect.objectContaining({ name: 'UsageError' }));
});

test('help needs no subject, and lists subjects, parts and groups', () => {
  expect(readOptions(['--help'], subjects).help).toBe(true);
  const text = usage(subjects);
  for (const word of ['network', 'createPort', 'scale (fill, race)']) expect(text).toContain(word);
});
