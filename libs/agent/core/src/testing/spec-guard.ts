import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = Record<string, unknown>;

/** Holds requests and answers against a bundled OpenAPI document, so that a fake can't promise what the document does not. */
export interface SpecGuard {
  /** The operation of a request with its path parameters; throws when the document has none. */
  match(
    method: string,
    path: string,
  ): { operationId: string; parameters: Record<string, string>; pointer: string };
  /** Throws when the body is none that the operation takes. */
  checkRequest(pointer: string, body: unknown): void;
  /** Throws when the document does not say so. */
  checkAnswer(pointer: string, status: number, body: unknown): void;
}

export function specGuard(file: URL): SpecGuard {
  const document = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, Json> };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'https://guard.test/openapi.json' });

  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'put', 'post', 'delete', 'patch'].includes(method))
      .map(([method, definition]) => ({
        method: method.toUpperCase(),
        pattern: new RegExp(`^${path.replaceAll(/\{([^}]+)\}/g, '(?<$1>[^/]+)')}$`),
        operationId: (definition as { operationId: string }).operationId,
        pointer: `/paths/${escape(path)}/${method}`,
      })),
  );

  const compiled = new Map<string, ValidateFunction>();
  const holds = (pointer: string, value: unknown, what: string) => {
    const validate =
      compiled.get(pointer) ?? ajv.compile({ $ref: `https://guard.test/openapi.json#${pointer}` });
    compiled.set(pointer, validate);
    if (!validate(value))
      throw new Error(`${what} departs from the document: ${ajv.errorsText(validate.errors)}`);
  };

  /** Where the schema is, through one `$ref` on the way; undefined when the document says that there is no body. */
  const schemaOf = (pointer: string): string | undefined => {
    const found = lookUp(document, pointer);
    if (found === undefined) throw new Error(`the document has nothing at ${pointer}`);
    const target = '$ref' in found ? String(found['$ref']).slice(1) : pointer;
    const content = lookUp(document, target)?.['content'] as Json | undefined;
    const [mediaType] = Object.keys(content ?? {});
    return mediaType === undefined ? undefined : `${target}/content/${escape(mediaType)}/schema`;
  };

  return {
    match(method, path) {
      for (const operation of operations) {
        const found = operation.method === method ? operation.pattern.exec(path) : null;
        if (found) return { ...operation, parameters: { ...found.groups } };
      }
      throw new Error(`${method} ${path} is no operation of the document`);
    },
    checkRequest(pointer, body) {
      if (body === undefined) return;
      const schema = schemaOf(`${pointer}/requestBody`);
      if (schema === undefined) throw new Error(`${pointer} takes no body`);
      holds(schema, body, 'the request');
    },
    checkAnswer(pointer, status, body) {
      const schema = schemaOf(`${pointer}/responses/${status}`);
      if (schema === undefined && body !== undefined)
        throw new Error(`${pointer} has no body with status ${status}`);
      if (schema !== undefined) holds(schema, body, 'the answer');
    },
  };
}

function lookUp(document: unknown, pointer: string): Json | undefined {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, part) => (value as Json | undefined)?.[part], document) as Json | undefined;
}

function escape(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
