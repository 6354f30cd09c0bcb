import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('without options everything stays up on the usual ports', () => {
  expect(readOptions([])).toEqual({
    once: false,
    simulated: false,
    dataDir: undefined,
    portBase: undefined,
    help: false,
  });
});

test('options are read', () => {
  const options = readOptions(['--once', '--data-dir', 'here', '--port-base=9000', '--simulated']);
  expect(options).toMatchObject({ once: true, dataDir: 'here', portBase: 9000, simulated: true });
});

test.each([[['--twice']], [['here']], [['--port-base', 'x']], [['--port-base', '65535']], [['--data-dir']]])(
  'a mistake is named: %j',
  (args) => {
    expect(() => readOptions(args)).toThrow(expect.objectContaining({ name: 'UsageError' }));
  },
);
