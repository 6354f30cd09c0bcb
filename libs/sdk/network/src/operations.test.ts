import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operations } from './operations.ts';

interface SpecOperation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[];
}

test('the table names exactly the operations of the specification, and which of them take an idempotency key', () => {
  const file = new URL('../../../../openapi/dist/network.json', import.meta.url);
  const document = JSON.parse(readFileSync(file, 'utf8')) as {
    paths: Record<string, Record<string, SpecOperation>>;
  };
  const wanted = Object.fromEntries(
    Object.entries(document.paths).flatMap(([path, item]) =>
      ['get', 'post', 'put', 'patch', 'delete'].flatMap((method) => {
        const operation = item[method];
        if (operation === undefined) return [];
        const takesKey = (operation.parameters ?? []).some(({ name, $ref }) =>
          /Idempotency-?Key$/.test(name ?? $ref ?? ''),
        );
        const entry = {
          method: method.toUpperCase(),
          path,
          ...(takesKey ? { takesIdempotencyKey: true } : {}),
        };
        return [[operation.operationId, entry]];
      }),
    ),
  );
  expect(operations).toEqual(wanted);
});
