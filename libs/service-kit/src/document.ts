import { isRecord } from './opaque.ts';

/** One alternative of an operation's `security`: a scheme and the role or scope that it demands. */
export interface SecurityAlternative {
  readonly scheme: string;
  readonly needs: readonly string[];
}

/** One operation of an OpenAPI document, with what serving and checking it takes. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly security: readonly SecurityAlternative[];
  /** Media types that the request body may have; empty when the operation takes none. */
  readonly requestMediaTypes: readonly string[];
  readonly isBodyRequired: boolean;
  /** Names of the query parameters that are whole numbers. */
  readonly integerParameters: readonly string[];
  readonly problemCodes: readonly string[];
  /** Which segments of the path are which parameters; undefined where one is only a part of a segment. */
  readonly parameterSegments: readonly { readonly name: string; readonly index: number }[] | undefined;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** A bundled OpenAPI document, read once: its operations and a way to find them by request. */
export interface ApiDocument {
  readonly source: Readonly<Record<string, unknown>>;
  readonly title: string;
  readonly version: string;
  readonly operations: readonly Operation[];
  match(method: string, path: string): RouteMatch;
}

/** Whether the document says that this operation's answer of this status carries the header. */
export function documentsHeader(operation: Operation, status: number, header: string): boolean {
  const { responses } = operation.definition;
  const response = isRecord(responses) ? responses[String(status)] : undefined;
  return isRecord(response) && isRecord(response['headers']) && header in response['headers'];
}

/** Whether the document says that this operation's answer of this status may be of the media type. */
export function documentsMediaType(operation: Operation, status: number, mediaType: string): boolean {
  const { responses } = operation.definition;
  const response = isRecord(responses) ? responses[String(status)] : undefined;
  return isRecord(response) && isRecord(response['content']) && mediaType in response['content'];
}

/** The parameters in the path of an operation's request, decoded; undefined where a parameter is only a part of a segment. */
export function readPathParameters(operation: Operation, path: string): Record<string, string> | undefined {
  const { parameterSegments } = operation;
  if (!parameterSegments) return undefined;
  const segments = path.split('/');
  const parameters: Record<string, string> = {};
  for (const { name, index } of parameterSegments)
    parameters[name] = decodeURIComponent(segments[index] ?? '');
  return parameters;
}

/** What a method and a path lead to. */
export type RouteMatch =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown-path' };

interface Route {
  readonly pattern: RegExp;
  readonly specificity: string;
  readonly byMethod: Map<string, Operation>;
}

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * Reads a bundled OpenAPI 3.1 document (a parsed JSON object).
 * Throws when an operation has no `operationId`, or two have the same.
 */
export function readDocument(document: unknown): ApiDocument {
  if (!isRecord(document) || !isRecord(document['paths']))
    throw new Error('not an OpenAPI document: no paths');
  const info = isRecord(document['info']) ? document['info'] : {};
  const routes: Route[] = [];
  const operations: Operation[] = [];
  const seen = new Set<string>();
  for (const [path, item] of Object.entries(document['paths'])) {
    if (!isRecord(item)) continue;
    const byMethod = new Map<string, Operation>();
    for (const method of methods) {
      const definition = item[method];
      if (!isRecord(definition)) continue;
      const operation = readOperation(document, path, method, definition, item['parameters']);
      if (seen.has(operation.operationId))
        throw new Error(`operationId ${operation.operationId} is used twice`);
      seen.add(operation.operationId);
      byMethod.set(operation.method, operation);
      operations.push(operation);
    }
    routes.push({ pattern: pathPattern(path), specificity: path.replaceAll(/\{[^}]*\}/g, '~'), byMethod });
  }
  // '~' sorts behind every letter and digit: a literal segment wins over a parameter.
  routes.sort((a, b) => (a.specificity < b.specificity ? -1 : 1));
  return {
    source: document,
    title: typeof info['title'] === 'string' ? info['title'] : 'API',
    version: typeof info['version'] === 'string' ? info['version'] : '0',
    operations,
    match: (method, path) => matchRoute(routes, method, path),
  };
}

function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch {
  const route = routes.find((candidate) => candidate.pattern.test(path));
  if (!route) return { kind: 'unknown-path' };
  const operation = route.byMethod.get(method.toUpperCase());
  return operation
    ? { kind: 'operation', operation }
    : { kind: 'wrong-method', allowed: [...route.byMethod.keys()] };
}

function readOperation(
  document: Record<string, unknown>,
  path: string,
  method: string,
  definition: Record<string, unknown>,
  sharedParameters: unknown,
): Operation {
  const operationId = definition['operationId'];
  if (typeof operationId !== 'string') throw new Error(`${method} ${path} has no operationId`);
  const body = resolveReference(document, definition['requestBody']);
  const content = isRecord(body) && isRecord(body['content']) ? Object.keys(body['content']) : [];
  const codes = definition['x-problem-codes'];
  return {
    operationId,
    method: method.toUpperCase(),
    path,
    security: readSecurity(definition['security'] ?? document['security']),
    isBodyRequired: isRecord(body) && body['required'] === true,
    integerParameters: [sharedParameters, definition['parameters']].flatMap((parameters) =>
      readIntegerParameters(document, parameters),
    ),
    requestMediaTypes: content.map((type) => type.toLowerCase()),
    parameterSegments: findParameters(path),
    problemCodes: Array.isArray(codes) ? codes.filter((code) => typeof code === 'string') : [],
    definition,
  };
}

function findParameters(path: string): { name: string; index: number }[] | undefined {
  const found: { name: string; index: number }[] = [];
  for (const [index, segment] of path.split('/').entries()) {
    const name = /^\{([^{}]+)\}$/.exec(segment)?.[1];
    if (name !== undefined) found.push({ name, index });
    else if (segment.includes('{')) return undefined;
  }
  return found;
}

function readIntegerParameters(document: Record<string, unknown>, parameters: unknown): string[] {
  if (!Array.isArray(parameters)) return [];
  return parameters.flatMap((entry) => {
    const parameter = resolveReference(document, entry);
    if (!isRecord(parameter) || parameter['in'] !== 'query') return [];
    const { name } = parameter;
    const schema = resolveReference(document, parameter['schema']);
    return typeof name === 'string' && isRecord(schema) && schema['type'] === 'integer' ? [name] : [];
  });
}

function readSecurity(security: unknown): SecurityAlternative[] {
  if (!Array.isArray(security)) return [];
  return security.filter(isRecord).flatMap((alternative) =>
    Object.entries(alternative).map(([scheme, needs]) => ({
      scheme,
      needs: Array.isArray(needs) ? needs.filter((need) => typeof need === 'string') : [],
    })),
  );
}

/** Follows local `$ref`s (`#/components/…`) until something that is no reference. */
export function resolveReference(document: Readonly<Record<string, unknown>>, value: unknown): unknown {
  let current = value;
  for (let hops = 0; isRecord(current) && typeof current['$ref'] === 'string'; hops++) {
    if (hops > 20) throw new Error(`reference loop at ${current['$ref']}`);
    current = lookUp(document, current['$ref']);
  }
  return current;
}

function lookUp(document: Readonly<Record<string, unknown>>, reference: string): unknown {
  if (!reference.startsWith('#/')) throw new Error(`only local references are served, not ${reference}`);
  let current: unknown = document;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isRecord(current) || !(key in current)) throw new Error(`nothing at ${reference}`);
    current = current[key];
  }
  return current;
}

function pathPattern(path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]*\}/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
