import type { RequestHandler, Express } from 'express';
import { middleware } from 'express-openapi-validator';
import type { ApiDocument } from './document.ts';

type ValidatorOptions = Parameters<typeof middleware>[0];

/** Holds requests (and responses, where asked) against the document. */
export interface DocumentValidator {
  readonly handlers: readonly RequestHandler[];
  /** Settles when the document has been loaded: until then requests queue. */
  load(app: Express): Promise<void>;
}

/** Dates stay the strings that stores hand out; the validator's own serialisers expect `Date`. */
const plainDates = ['date', 'date-time'].map((format) => ({
  format,
  serialize: (value: unknown) => String(value),
}));

/** UUIDs come in either letter case: from here on there is one spelling. The format alone would let `urn:uuid:…` pass. */
const lowerCaseUuids = { format: 'uuid', deserialize: lowerCaseUuid };

function lowerCaseUuid(text: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new Error('must be a UUID of 32 hexadecimal digits in five groups');
}

/** Builds the validator on a private copy of the document, which it rewrites while loading. */
export function createValidator(
  document: ApiDocument,
  options: { validateResponses: boolean },
): DocumentValidator {
  // The checked boundary to the validator's own document type; it validates the content itself.
  const apiSpec = { ...structuredClone(document.source), servers: [{ url: '/' }] } as unknown as Exclude<
    ValidatorOptions['apiSpec'],
    string
  >;
  const handlers = middleware({
    apiSpec,
    validateApiSpec: false,
    validateRequests: { allErrors: true, coerceTypes: false, allowUnknownQueryParameters: false },
    validateResponses: options.validateResponses ? { allErrors: true, coerceTypes: false } : false,
    validateSecurity: false,
    fileUploader: false,
    serDes: [...plainDates, lowerCaseUuids],
  });
  return {
    handlers,
    load: (app) => runFirst(handlers[0], app),
  };
}

/** The validator's first middleware waits for the document and reports its mistakes, and looks at nothing but `app`. */
function runFirst(first: RequestHandler | undefined, app: Express): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!first) throw new Error('the validator has no middleware');
    const request = { app } as unknown as Parameters<RequestHandler>[0];
    const response = {} as unknown as Parameters<RequestHandler>[1];
    void first(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else
        reject(error instanceof Error ? error : new Error('the document cannot be loaded', { cause: error }));
    });
  });
}
