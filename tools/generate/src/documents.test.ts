import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { isObject, operationsOf, type Json, type JsonObject } from './standard-problems.ts';
import { apis, bundlePath, root } from './targets.ts';

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

const at = (value: Json | undefined, ...keys: string[]): Json | undefined =>
  keys.reduce<Json | undefined>((found, key) => (isObject(found) ? found[key] : undefined), value);

/** Every object of a document with its JSON pointer, but for examples, which are data. */
function* objectsOf(value: Json, pointer = ''): Generator<[string, JsonObject]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* objectsOf(item, `${pointer}/${index}`);
  } else if (isObject(value)) {
    yield [pointer, value];
    for (const [key, item] of Object.entries(value)) {
      if (key !== 'example' && key !== 'examples') yield* objectsOf(item, `${pointer}/${escaped(key)}`);
    }
  }
}

/** What a schema of each type must have, unless it enumerates its values. */
const bounds: Readonly<Record<string, readonly string[]>> = {
  string: ['maxLength'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  array: ['maxItems'],
};

/** Schemas that have no bounds: lists, strings and numbers all have some (docs/contributing.md). */
function boundless(document: JsonObject): string[] {
  return [...objectsOf(document)].flatMap(([pointer, schema]) => {
    if (schema['enum'] !== undefined) return [];
    const types = [schema['type']].flat().filter((type) => typeof type === 'string');
    const wanted = types.flatMap((type) => bounds[type] ?? []);
    return wanted.filter((bound) => schema[bound] === undefined).map((bound) => `${pointer} has no ${bound}`);
  });
}

interface Place {
  readonly pointer: string;
  readonly schema: string;
  readonly examples: readonly Json[];
}

/** Where a document is to have an example: each schema, and each request body, by itself or by its schema. */
function placesForExamples(document: JsonObject): Place[] {
  const examplesOf = (holder: Json | undefined): Json[] => {
    const [one, many] = [at(holder, 'example'), at(holder, 'examples')];
    return [...(one === undefined ? [] : [one]), ...(Array.isArray(many) ? many : [])];
  };
  const schemas = at(document, 'components', 'schemas') ?? {};
  const ofSchemas = Object.entries(isObject(schemas) ? schemas : {}).map(([name, schema]) => {
    const pointer = `/components/schemas/${name}`;
    return { pointer, schema: pointer, examples: examplesOf(schema) };
  });
  const ofBodies = [...operationsOf(document)].flatMap(({ path, method, operation }) => {
    const contents = at(operation, 'requestBody', 'content');
    return Object.entries(isObject(contents) ? contents : {}).map(([type, content]) => {
      const pointer = `/paths/${escaped(path)}/${method}/requestBody/content/${escaped(type)}`;
      const reference = at(content, 'schema', '$ref');
      const named = typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
      const own = examplesOf(content);
      return {
        pointer,
        schema: `${pointer}/schema`,
        examples: own.length > 0 || named === undefined ? own : examplesOf(at(schemas, named)),
      };
    });
  });
  return [...ofSchemas, ...ofBodies];
}

/** Examples that are missing, or are not what they are examples of. */
function exampleFaults(document: JsonObject): string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const id = 'https://generate.test/openapi.json';
  ajv.addSchema({ ...document, $id: id });
  return placesForExamples(document).flatMap(({ pointer, schema, examples }) => {
    if (examples.length === 0) return [`${pointer} has no example`];
    const validate = ajv.compile({ $ref: `${id}#${encodeURI(schema)}` });
    return examples.flatMap((example) =>
      validate(example) ? [] : [`${pointer}: an example is wrong: ${ajv.errorsText(validate.errors)}`],
    );
  });
}

describe.each(apis)('the document of %s', (api) => {
  const document = JSON.parse(readFileSync(join(root, bundlePath(api)), 'utf8')) as JsonObject;

  it('bounds every list, string and number', () => {
    expect(boundless(document)).toEqual([]);
  });

  it('has an example that holds for each schema and each request body', () => {
    expect(exampleFaults(document)).toEqual([]);
  });
});

it('what breaks the rules is found', () => {
  const properties = {
    name: { type: ['string', 'null'] },
    size: { type: 'integer', minimum: 0 },
    tags: { type: 'array', items: { type: 'string', enum: ['a'] } },
  };
  const document: JsonObject = {
    paths: {
      '/things': {
        post: { requestBody: { content: { 'application/json': { schema: { type: 'object' } } } } },
        put: {
          requestBody: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' }, example: 1 } },
          },
        },
      },
    },
    components: { schemas: { Thing: { type: 'object', properties, examples: [{ size: 1 }, { size: -1 }] } } },
  };
  const thing = '/components/schemas/Thing';
  expect(boundless(document)).toEqual([
    `${thing}/properties/name has no maxLength`,
    `${thing}/properties/size has no maximum`,
    `${thing}/properties/tags has no maxItems`,
  ]);
  const body = 'requestBody/content/application~1json';
  expect(exampleFaults(document)).toEqual([
    `${thing}: an example is wrong: data/size must be >= 0`,
    `/paths/~1things/put/${body}: an example is wrong: data must be object`,
    `/paths/~1things/post/${body} has no example`,
  ]);
});
