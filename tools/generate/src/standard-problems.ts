/**
 * Gives every operation of a bundled document the problems that it can have by its nature, and turns the codes that an
 * operation lists in `x-problem-codes` into responses. Pure: documents in, document out.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface ProblemCodeEntry {
  readonly status: number;
  readonly title: string;
  readonly standard?: string;
}
export type ProblemCodeTable = Readonly<Record<string, ProblemCodeEntry>>;

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every operation of a document with the parameters of its path. */
export function* operationsOf(
  document: JsonObject,
): Generator<{ path: string; method: string; operation: JsonObject; pathItem: JsonObject }> {
  const paths = document['paths'];
  if (!isObject(paths)) return;
  for (const [path, pathItem] of Object.entries(paths)) {
    if (!isObject(pathItem)) continue;
    for (const method of methods) {
      const operation = pathItem[method];
      if (isObject(operation)) yield { path, method, operation, pathItem };
    }
  }
}

/** Follows a local reference (`#/…`), once. */
function dereference(document: JsonObject, value: Json): Json {
  if (!isObject(value) || typeof value['$ref'] !== 'string') return value;
  let found: Json | undefined = document;
  for (const part of value['$ref'].replace(/^#\//, '').split('/')) {
    found = isObject(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  if (found === undefined) throw new Error(`reference ${value['$ref']} leads nowhere`);
  return found;
}

/** The parameters that bring problems with them, and the trait of an operation that takes one. */
const traitOfParameter: Readonly<Record<string, string>> = {
  pageToken: 'page-token',
  cursor: 'cursor',
  'If-Match': 'if-match',
  'Idempotency-Key': 'idempotency-key',
};

const allTraits = ['always', 'secured', 'body', 'routing', ...Object.values(traitOfParameter)];

/** The traits of an operation that decide which standard problems it can have. */
function traitsOf(document: JsonObject, pathItem: JsonObject, operation: JsonObject): Set<string> {
  const traits = new Set(['always']);
  const security = operation['security'] ?? document['security'];
  if (Array.isArray(security) && security.length > 0) traits.add('secured');
  if (operation['requestBody'] !== undefined) traits.add('body');
  const parameters = [pathItem['parameters'], operation['parameters']].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  for (const reference of parameters) {
    const parameter = dereference(document, reference);
    if (!isObject(parameter) || typeof parameter['name'] !== 'string') continue;
    const trait = traitOfParameter[parameter['name']];
    if (trait !== undefined) traits.add(trait);
  }
  return traits;
}

function problemResponse(status: number, codes: readonly string[], table: ProblemCodeTable): JsonObject {
  const list = codes.map((code) => `- \`${code}\`: ${table[code]?.title ?? ''}.`).join('\n');
  const headers: Record<number, JsonObject> = {
    401: {
      'WWW-Authenticate': {
        description: 'How to authenticate.',
        required: true,
        schema: { type: 'string', maxLength: 500 },
      },
    },
    503: {
      'Retry-After': {
        description: 'Seconds after which to try again.',
        required: true,
        schema: { type: 'integer', minimum: 0, maximum: 3600 },
      },
    },
  };
  return {
    description: `A problem.\n\n${list}`,
    ...(headers[status] ? { headers: headers[status] } : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    'x-problem-codes': [...codes],
  };
}

/**
 * The document with all problem responses, the schemas of problems, and `ProblemCode` holding exactly the codes that
 * this API can give.
 */
export function withProblems(
  bundled: JsonObject,
  table: ProblemCodeTable,
  problemSchemas: JsonObject,
): JsonObject {
  const document = structuredClone(bundled);
  const used = new Set<string>();
  for (const [code, { standard }] of Object.entries(table)) {
    if (standard !== undefined && !allTraits.includes(standard))
      throw new Error(`${code}: there is no trait ${standard}`);
  }
  const routing = Object.entries(table).filter(([, entry]) => entry.standard === 'routing');
  for (const [code] of routing) used.add(code);

  for (const { pathItem, operation } of operationsOf(document)) {
    const id =
      typeof operation['operationId'] === 'string' ? operation['operationId'] : 'an operation without id';
    const own = Array.isArray(operation['x-problem-codes']) ? operation['x-problem-codes'].map(String) : [];
    for (const code of own) {
      if (table[code] === undefined)
        throw new Error(`${id}: problem code ${code} is not in problem-codes.yaml`);
    }
    const traits = traitsOf(document, pathItem, operation);
    const standard = Object.entries(table)
      .filter(([, entry]) => entry.standard !== undefined && traits.has(entry.standard))
      .map(([code]) => code);
    const codes = Object.keys(table).filter((code) => own.includes(code) || standard.includes(code));
    operation['x-problem-codes'] = codes;
    const responses = isObject(operation['responses']) ? operation['responses'] : {};
    for (const status of new Set(codes.map((code) => table[code]?.status ?? 500))) {
      if (responses[String(status)] !== undefined)
        throw new Error(`${id}: response ${status} is written by hand`);
      responses[String(status)] = problemResponse(
        status,
        codes.filter((code) => table[code]?.status === status),
        table,
      );
    }
    operation['responses'] = Object.fromEntries(
      Object.entries(responses).sort(([a], [b]) => Number(a) - Number(b)),
    );
    for (const code of codes) used.add(code);
  }

  const components = isObject(document['components']) ? document['components'] : {};
  const schemas = isObject(components['schemas']) ? components['schemas'] : {};
  const usedCodes = Object.keys(table).filter((code) => used.has(code));
  document['components'] = {
    ...components,
    schemas: {
      ...schemas,
      ...relocated(problemSchemas),
      ProblemCode: {
        type: 'string',
        description: usedCodes
          .map((code) => `- \`${code}\` (${table[code]?.status}): ${table[code]?.title}.`)
          .join('\n'),
        enum: usedCodes,
        examples: usedCodes.slice(0, 1),
      },
    },
  };
  return document;
}

/** References between the problem schemas, as they stand in their own file, pointed at the bundled document. */
function relocated(schemas: JsonObject): JsonObject {
  const text = JSON.stringify(schemas).replaceAll('"$ref":"#/', '"$ref":"#/components/schemas/');
  return JSON.parse(text) as JsonObject;
}

/** The codes that a bundled document can give, with status and title. */
export function problemCodesOf(document: JsonObject, table: ProblemCodeTable): [string, ProblemCodeEntry][] {
  const components = isObject(document['components']) ? document['components'] : {};
  const schemas = isObject(components['schemas']) ? components['schemas'] : {};
  const schema = isObject(schemas['ProblemCode']) ? schemas['ProblemCode'] : {};
  const codes = Array.isArray(schema['enum']) ? schema['enum'].map(String) : [];
  return codes.flatMap((code): [string, ProblemCodeEntry][] => {
    const entry = table[code];
    return entry ? [[code, entry]] : [];
  });
}
