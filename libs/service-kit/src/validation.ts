import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { middleware } from 'express-openapi-validator';
import { readPathParameters, type ApiDocument, type Operation } from './document.ts';
import { isRecord } from './opaque.ts';

type ValidatorOptions = Parameters<typeof middleware>[0];

/** Holds requests (and responses, where asked) against the document. */
export interface DocumentValidator {
  /** Validates a request of an operation that was found before. */
  handler(operationOf: (request: Request) => Operation | undefined): RequestHandler;
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
    handler: (operationOf) => validateQuickly(handlers, operationOf),
    load: (app) => runFirst(handlers[0], app),
  };
}

/** What the validator has found out about a request's operation, and where its handlers go on from there. */
interface Route {
  readonly openapi: Readonly<Record<string, unknown>>;
  readonly handlers: readonly RequestHandler[];
}

/**
 * The validator finds out which operation a request is by trying all paths of the document, each compiled anew: that would be the
 * greater part of its work. We know the operation. So what it finds out is learned from the first request of each, and the next
 * ones begin behind that step.
 */
function validateQuickly(
  handlers: readonly RequestHandler[],
  operationOf: (request: Request) => Operation | undefined,
): RequestHandler {
  const routes = new WeakMap<Operation, Route>();
  return (request, response, next) => {
    const operation = operationOf(request);
    const route = operation && routes.get(operation);
    const pathParams = operation && readPathParameters(operation, request.path);
    if (route && pathParams) {
      Object.assign(request, { openapi: { ...route.openapi, pathParams }, params: pathParams });
      runAll(route.handlers, request, response, next);
      return;
    }
    runAll(handlers, request, response, next, (done) => {
      const openapi: unknown = 'openapi' in request ? request.openapi : undefined;
      if (!operation || !isRecord(openapi) || routes.has(operation)) return;
      const { pathParams: _ofThisRequest, ...learned } = openapi;
      routes.set(operation, { openapi: learned, handlers: handlers.slice(done) });
    });
  };
}

/** Runs handlers one after the other; `onDone` hears how many have been through. */
function runAll(
  handlers: readonly RequestHandler[],
  request: Request,
  response: Response,
  next: NextFunction,
  onDone?: (count: number) => void,
): void {
  const run = (index: number): void => {
    const handler = handlers[index];
    if (!handler) {
      next();
      return;
    }
    void handler(request, response, (error?: unknown) => {
      if (error !== undefined) {
        next(error);
        return;
      }
      onDone?.(index + 1);
      run(index + 1);
    });
  };
  run(0);
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
