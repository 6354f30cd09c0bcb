import { readDocument } from '../document.ts';
import { isRecord } from '../opaque.ts';

/** A request that an API document gives as an example: of a body, of a query parameter, or of nothing but the path. */
export interface ExampleRequest {
  readonly operationId: string;
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  /** With its parameters in braces. */
  readonly pathTemplate: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: object | undefined;
  /** What it is an example of, for the test's name. */
  readonly label: string;
}

/** Places in a list or feed that only an earlier answer can give: their examples belong to no server. */
const givenOut = new Set(['pageToken', 'cursor']);

/** Every example request of a document, and a plain one of each operation that has no example. */
export function exampleRequests(source: unknown): ExampleRequest[] {
  const document = readDocument(source);
  const resolve = (value: unknown) => resolveIn(document.source, value);
  return document.operations.flatMap(({ operationId, method, path, definition }) => {
    const item = isRecord(document.source['paths']) ? document.source['paths'][path] : undefined;
    const shared = isRecord(item) ? item['parameters'] : undefined;
    const request = { operationId, method: readMethod(method), pathTemplate: path };
    const bodies = bodyExamples(resolve, definition['requestBody']);
    const queries = [...asList(shared), ...asList(definition['parameters'])].flatMap((parameter) =>
      queryExamples(resolve, resolve(parameter)),
    );
    const plain = { ...request, query: {}, body: undefined, label: operationId };
    return [
      ...(bodies.length === 0 ? [plain] : []),
      ...bodies.map((body, index) => ({
        ...request,
        query: {},
        body,
        label: `${operationId}, body ${index + 1} of ${bodies.length}`,
      })),
      ...queries.map(([name, value]) => ({
        ...request,
        query: { [name]: value },
        body: bodies[0],
        label: `${operationId} with ${name}=${value}`,
      })),
    ];
  });
}

type Resolve = (value: unknown) => unknown;

function bodyExamples(resolve: Resolve, requestBody: unknown): object[] {
  const body = resolve(requestBody);
  const content = isRecord(body) && isRecord(body['content']) ? Object.values(body['content']) : [];
  return content.filter(isRecord).flatMap((media) => {
    const own = examplesOf(media);
    return (own.length > 0 ? own : examplesOf(resolve(media['schema']))).filter(isRecord);
  });
}

function queryExamples(resolve: Resolve, parameter: unknown): [name: string, value: string][] {
  if (!isRecord(parameter) || parameter['in'] !== 'query') return [];
  const name = String(parameter['name']);
  if (givenOut.has(name)) return [];
  const schema = resolve(parameter['schema']);
  const items = isRecord(schema) ? resolve(schema['items']) : undefined;
  const given = [...examplesOf(parameter), ...examplesOf(schema), ...examplesOf(items)];
  return given
    .filter((value) => ['string', 'number', 'boolean'].includes(typeof value))
    .map((value) => [name, String(value)]);
}

function examplesOf(holder: unknown): unknown[] {
  if (!isRecord(holder)) return [];
  return [...(holder['example'] === undefined ? [] : [holder['example']]), ...asList(holder['examples'])];
}

function resolveIn(source: Readonly<Record<string, unknown>>, value: unknown): unknown {
  if (!isRecord(value) || typeof value['$ref'] !== 'string') return value;
  const found = value['$ref']
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), source);
  if (found === undefined) throw new Error(`the document has no ${value['$ref']}`);
  return resolveIn(source, found);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function readMethod(text: string): ExampleRequest['method'] {
  const method = text.toLowerCase();
  if (
    method === 'get' ||
    method === 'put' ||
    method === 'post' ||
    method === 'delete' ||
    method === 'patch'
  ) {
    return method;
  }
  throw new Error(`no method of an operation: ${text}`);
}
