import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { resolveReference, type ApiDocument, type Operation } from '../document.ts';
import { isRecord } from '../opaque.ts';

/** What came back, as far as it is checked. */
export interface ObservedResponse {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Says what is wrong with a response, or nothing; knows which operation it answers. */
export interface ResponseChecker {
  check(observed: ObservedResponse): { operationId: string | undefined; mistakes: string[] };
}

/** Problems about the address itself, which belong to no operation. */
const addressProblems = new Set(['route-not-found', 'method-not-allowed', 'invalid-request']);

/** Checks responses against the document: status, media type, body, required headers, problem code. */
export function responseChecker(document: ApiDocument): ResponseChecker {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  // Interop: the package's default export is its namespace under some module resolutions.
  const install: unknown = 'default' in addFormats ? addFormats.default : addFormats;
  if (typeof install === 'function') install(ajv);
  // Components are found by references from the root of the document.
  ajv.addSchema({ ...document.source, $id: 'https://document.test/openapi.json' });
  const validators = new Map<unknown, ValidateFunction>();
  const validate = (pointer: string, value: unknown): string[] => {
    const validator =
      validators.get(pointer) ?? ajv.compile({ $ref: `https://document.test/openapi.json#${pointer}` });
    validators.set(pointer, validator);
    if (validator(value)) return [];
    return (validator.errors ?? []).map(
      (error) => `body${error.instancePath} ${error.message ?? 'is wrong'} ${JSON.stringify(error.params)}`,
    );
  };
  return {
    check(observed) {
      const match = document.match(observed.method, observed.path.split('?')[0] ?? '');
      if (match.kind !== 'operation')
        return { operationId: undefined, mistakes: checkUnmatched(observed, match.kind) };
      const { operation } = match;
      return {
        operationId: operation.operationId,
        mistakes: checkMatched(document, operation, observed, validate),
      };
    },
  };
}

function checkUnmatched(observed: ObservedResponse, kind: 'wrong-method' | 'unknown-path'): string[] {
  if (observed.status < 400) return [];
  const code = problemCode(observed.text);
  if (observed.contentType !== 'application/problem+json')
    return [`${kind} answered with ${observed.contentType ?? 'no media type'}`];
  return code !== undefined && (addressProblems.has(code) || observed.status === 503)
    ? []
    : [`${kind} answered with problem ${code ?? 'none'}`];
}

function checkMatched(
  document: ApiDocument,
  operation: Operation,
  observed: ObservedResponse,
  validate: (pointer: string, value: unknown) => string[],
): string[] {
  const responses = operation.definition['responses'];
  const status = String(observed.status);
  if (!isRecord(responses) || !(status in responses)) return [`status ${status} is not documented`];
  const response = resolveReference(document.source, responses[status]);
  if (!isRecord(response)) return [`the document's response ${status} is no object`];
  const mistakes = checkHeaders(document, response, observed);
  const content = isRecord(response['content']) ? response['content'] : {};
  const mediaTypes = Object.keys(content);
  if (mediaTypes.length === 0)
    return observed.text === '' ? mistakes : [...mistakes, `status ${status} has no body in the document`];
  const { contentType } = observed;
  if (contentType === undefined || !mediaTypes.includes(contentType)) {
    return [...mistakes, `media type ${contentType ?? 'missing'} is not ${mediaTypes.join(' or ')}`];
  }
  if (!contentType.endsWith('json')) return mistakes;
  const body: unknown = JSON.parse(observed.text);
  const reference = isRecord(responses[status]) ? responses[status]['$ref'] : undefined;
  const base = typeof reference === 'string' ? reference.slice(1) : operationPointer(operation, status);
  mistakes.push(...validate(`${base}/content/${escape(contentType)}/schema`, body));
  if (contentType === 'application/problem+json') mistakes.push(...checkProblem(operation, observed));
  return mistakes;
}

function checkProblem(operation: Operation, observed: ObservedResponse): string[] {
  const code = problemCode(observed.text);
  if (code === undefined) return ['the problem has no code'];
  return operation.problemCodes.includes(code)
    ? []
    : [`problem ${code} is not in x-problem-codes of ${operation.operationId}`];
}

function checkHeaders(
  document: ApiDocument,
  response: Record<string, unknown>,
  observed: ObservedResponse,
): string[] {
  if (!isRecord(response['headers'])) return [];
  return Object.entries(response['headers']).flatMap(([name, value]) => {
    const header = resolveReference(document.source, value);
    const isRequired = isRecord(header) && header['required'] === true;
    return isRequired && observed.headers[name.toLowerCase()] === undefined
      ? [`header ${name} is missing`]
      : [];
  });
}

function problemCode(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) && typeof body['code'] === 'string' ? body['code'] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function operationPointer(operation: Operation, status: string): string {
  return `/paths/${escape(operation.path)}/${operation.method.toLowerCase()}/responses/${status}`;
}

/** A key inside a JSON pointer inside a URI fragment. */
function escape(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
