import { expect, test } from 'vitest';
import { typical } from './buffers.ts';

const statement = (text: string, buffers: number) => ({ text, buffers, milliseconds: 1 });

test('what is typical is the median of each statement over runs of the usual length', () => {
  const run = (buffers: number) => [
    statement('update free_ranges set first = $1', buffers),
    statement('insert into ports', 2 * buffers),
  ];
  expect(typical([run(5), run(4), run(900), run(5), [statement('select 1', 1)]])).toEqual({
    statements: [
      { text: 'update free_ranges set first = $1', buffers: 5 },
      { text: 'insert into ports', buffers: 10 },
    ],
    total: 15,
    allocation: 5,
  });
});

test('a statement is part of the allocation by the tables that it names', () => {
  const run = [statement('select from resting_addresses', 1), statement('select from port_addresses', 10)];
  expect(typical([run]).allocation).toBe(1);
});
