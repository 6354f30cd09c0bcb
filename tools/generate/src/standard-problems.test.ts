import { describe, expect, it } from 'vitest';
import { problemCodesOf, withProblems, type JsonObject, type ProblemCodeTable } from './standard-problems.ts';

const table: ProblemCodeTable = {
  'invalid-request': { status: 400, standard: 'always', title: 'Wrong input' },
  'invalid-page-token': { status: 400, standard: 'page-token', title: 'Wrong page token' },
  unauthenticated: { status: 401, standard: 'secured', title: 'Token needed' },
  'route-not-found': { status: 404, standard: 'routing', title: 'Nothing here' },
  'thing-not-found': { status: 404, title: 'No such thing' },
  'never-used': { status: 409, title: 'Never used' },
  'payload-too-large': { status: 413, standard: 'body', title: 'Too large' },
  'internal-error': { status: 500, standard: 'always', title: 'Broken' },
};

const problemSchemas: JsonObject = {
  Problem: { type: 'object', properties: { code: { $ref: '#/ProblemCode' } } },
  ProblemCode: { type: 'string' },
};

const document = (operation: JsonObject): JsonObject => ({
  openapi: '3.1.0',
  security: [{ userToken: [] }],
  paths: {
    '/things': {
      get: { operationId: 'listThings', responses: { '200': { description: 'Things.' } }, ...operation },
    },
  },
  components: { parameters: { PageToken: { name: 'pageToken', in: 'query' } } },
});

const listThings = (result: JsonObject): JsonObject => {
  const paths = result['paths'] as Record<string, Record<string, JsonObject>>;
  return paths['/things']?.['get'] ?? {};
};

describe('withProblems', () => {
  it('gives an operation the codes of its traits and those that it lists, in the order of the table', () => {
    const operation = listThings(
      withProblems(
        document({
          parameters: [{ $ref: '#/components/parameters/PageToken' }],
          'x-problem-codes': ['thing-not-found'],
        }),
        table,
        problemSchemas,
      ),
    );
    expect(operation['x-problem-codes']).toEqual([
      'invalid-request',
      'invalid-page-token',
      'unauthenticated',
      'thing-not-found',
      'internal-error',
    ]);
    expect(Object.keys(operation['responses'] as JsonObject)).toEqual(['200', '400', '401', '404', '500']);
  });

  it('leaves out what cannot happen: no body, no token', () => {
    const operation = listThings(withProblems(document({ security: [] }), table, problemSchemas));
    expect(operation['x-problem-codes']).toEqual(['invalid-request', 'internal-error']);
  });

  it('refuses a code that the table does not have, and a problem response written by hand', () => {
    expect(() =>
      withProblems(document({ 'x-problem-codes': ['unheard-of'] }), table, problemSchemas),
    ).toThrow('listThings: problem code unheard-of is not in problem-codes.yaml');
    expect(() =>
      withProblems(document({ responses: { '500': { description: 'Mine.' } } }), table, problemSchemas),
    ).toThrow('listThings: response 500 is written by hand');
  });

  it('refuses a trait that no operation can have', () => {
    const misspelt = {
      ...table,
      'invalid-request': { status: 400, standard: 'input', title: 'Wrong input' },
    };
    expect(() => withProblems(document({}), misspelt, problemSchemas)).toThrow(
      'invalid-request: there is no trait input',
    );
  });

  it('lists in ProblemCode what the API can give and what answers unknown paths, and nothing else', () => {
    const result = withProblems(document({ 'x-problem-codes': ['thing-not-found'] }), table, problemSchemas);
    expect(problemCodesOf(result, table).map(([code]) => code)).toEqual([
      'invalid-request',
      'unauthenticated',
      'route-not-found',
      'thing-not-found',
      'internal-error',
    ]);
    const schemas = (result['components'] as JsonObject)['schemas'] as JsonObject;
    expect(schemas['ProblemCode']).toMatchObject({ examples: ['invalid-request'] });
    expect(schemas['Problem']).toEqual({
      type: 'object',
      properties: { code: { $ref: '#/components/schemas/ProblemCode' } },
    });
  });
});
